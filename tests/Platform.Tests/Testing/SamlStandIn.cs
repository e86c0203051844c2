using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;

namespace Events.Tests.Platform.Testing;

/// <param name="Extra">XML at the assertion's end, before the signature is made.</param>
internal sealed record SamlClaims(string Acs, string Audience, string InResponseTo, string Email)
{
    public DateTimeOffset Now { get; init; } = DateTimeOffset.UtcNow;

    public string Subject { get; init; } = "subject-1";

    public string Format { get; init; } = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

    public string AssertionId { get; init; } = "_a" + Guid.NewGuid().ToString("N");

    public string? Issuer { get; init; }

    public string? Destination { get; init; }

    public string? Recipient { get; init; }

    public string Status { get; init; } = "urn:oasis:names:tc:SAML:2.0:status:Success";

    public TimeSpan Life { get; init; } = TimeSpan.FromMinutes(5);

    public string ConditionsExtra { get; init; } = "";

    public string Authn { get; init; } = "<saml:AuthnStatement AuthnInstant=\"2026-01-01T00:00:00Z\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:x</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>";
}

/// <summary>A SAML identity provider that says what the test wants said, rightly signed or not. What a real one says is tested against pysaml2.</summary>
internal sealed class SamlStandIn : IDisposable
{
    public const string EntityId = "https://idp.example/metadata";

    private const string Time = "yyyy-MM-ddTHH:mm:ssZ";

    public SamlStandIn(int bits = 2_048) => (Key, Certificate) = NewCertificate(bits);

    public RSA Key { get; }

    public X509Certificate2 Certificate { get; }

    public byte[] Der => Certificate.RawData;

    public static (RSA Key, X509Certificate2 Certificate) NewCertificate(int bits = 2_048)
    {
        var key = RSA.Create(bits);
        var request = new CertificateRequest("CN=idp.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return (key, request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1)));
    }

    public string Metadata(params X509Certificate2[] more) =>
        $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{EntityId}">
          <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
            {string.Concat(more.Prepend(Certificate).Select(c => $"<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{Convert.ToBase64String(c.RawData)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"))}
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/>
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso?tenant=1"/>
          </md:IDPSSODescriptor>
        </md:EntityDescriptor>
        """;

    /// <summary>A response, not signed yet.</summary>
    public static XmlDocument Response(SamlClaims claims)
    {
        var (now, end) = (claims.Now.UtcDateTime.ToString(Time), (claims.Now + claims.Life).UtcDateTime.ToString(Time));
        var issuer = SecurityElement.Escape(claims.Issuer ?? EntityId);
        return Parse(
            $"""
            <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{Guid.NewGuid():N}" Version="2.0" IssueInstant="{now}" Destination="{claims.Destination ?? claims.Acs}" InResponseTo="{claims.InResponseTo}"><saml:Issuer>{issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="{claims.Status}"/></samlp:Status><saml:Assertion ID="{claims.AssertionId}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID Format="{claims.Format}">{SecurityElement.Escape(claims.Subject)}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="{claims.Recipient ?? claims.Acs}" NotOnOrAfter="{end}" InResponseTo="{claims.InResponseTo}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{now}" NotOnOrAfter="{end}"><saml:AudienceRestriction><saml:Audience>{claims.Audience}</saml:Audience></saml:AudienceRestriction>{claims.ConditionsExtra}</saml:Conditions>{claims.Authn}<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>{SecurityElement.Escape(claims.Email)}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="displayName"><saml:AttributeValue>Sam Person</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>
            """);
    }

    public static XmlDocument Parse(string xml)
    {
        var document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(xml);
        return document;
    }

    public static XmlElement Assertion(XmlDocument response) => (XmlElement)response.GetElementsByTagName("Assertion", "urn:oasis:names:tc:SAML:2.0:assertion")[0]!;

    /// <summary>Signs an element of a response in the form of SAML, or in another that the test asks for.</summary>
    public void Sign(XmlElement element, string? method = null, string? digest = null, string? canonicalisation = null, Action<SignedXml>? change = null, AsymmetricAlgorithm? key = null)
    {
        var signed = new ById(element.OwnerDocument) { SigningKey = key ?? Key };
        signed.SignedInfo!.CanonicalizationMethod = canonicalisation ?? SignedXml.XmlDsigExcC14NTransformUrl;
        signed.SignedInfo.SignatureMethod = method ?? SignedXml.XmlDsigRSASHA256Url;
        var reference = new Reference("#" + element.GetAttribute("ID")) { DigestMethod = digest ?? SignedXml.XmlDsigSHA256Url };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        change?.Invoke(signed);
        signed.ComputeSignature();
        var issuer = element.ChildNodes.OfType<XmlElement>().First(e => e.LocalName == "Issuer");
        element.InsertAfter(element.OwnerDocument.ImportNode(signed.GetXml(), deep: true), issuer);
    }

    /// <summary>A response whose assertion is signed.</summary>
    public XmlDocument Signed(SamlClaims claims)
    {
        var response = Response(claims);
        Sign(Assertion(response));
        return response;
    }

    public static byte[] Bytes(XmlDocument document) => Encoding.UTF8.GetBytes(document.OuterXml);

    public void Dispose()
    {
        Key.Dispose();
        Certificate.Dispose();
    }

    private sealed class ById(XmlDocument document) : SignedXml(document)
    {
        public override XmlElement? GetIdElement(XmlDocument? document, string idValue) => (XmlElement?)document!.SelectSingleNode($"//*[@ID='{idValue}']");
    }
}
