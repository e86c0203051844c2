using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;
using Events.Platform.Composition;

namespace Events.Platform.Features.Sso.Saml;

/// <summary>
/// What is taken from an identity provider's metadata (SAML 2.0 metadata §2.4): its entity id, where requests go, and the certificates to pin. Uploaded
/// by the organisation's admin, so a signature on it adds nothing and is not looked at.
/// </summary>
/// <param name="Certificates">DER, one or two.</param>
internal sealed record IdpMetadata(string EntityId, string SsoUrl, IReadOnlyList<byte[]> Certificates)
{
    public const int MaxCertificates = 2;

    private const int MaxBytes = 200 * 1024;
    private const int MinRsaBits = 2_048;

    /// <param name="xml">The document.</param>
    /// <param name="plainToo">Take http addresses too: in Development.</param>
    /// <param name="now">Held against <c>validUntil</c>.</param>
    public static Outcome<IdpMetadata> Read(string? xml, bool plainToo, DateTimeOffset now)
    {
        if (xml is null || SamlXml.Read(Encoding.UTF8.GetBytes(WithoutDeclaration(xml)), MaxBytes)?.DocumentElement is not { LocalName: "EntityDescriptor", NamespaceURI: SamlNames.Metadata } root)
        {
            return Invalid("'metadata' must be the XML of one EntityDescriptor, without comments and document type, up to 200 KB.");
        }

        if (SamlXml.Attribute(root, "validUntil") is { } until && SamlXml.Time(until) is not { } holds)
        {
            return Invalid("Its validUntil is no time.");
        }
        else if (SamlXml.Time(SamlXml.Attribute(root, "validUntil")) <= now)
        {
            return Invalid("It has expired; download it anew.");
        }

        if (SamlXml.Attribute(root, "entityID") is not { Length: > 0 and <= 1_024 } entityId)
        {
            return Invalid("It has no entityID.");
        }

        var idp = SamlXml.Children(root, "IDPSSODescriptor", SamlNames.Metadata).FirstOrDefault(d => (SamlXml.Attribute(d, "protocolSupportEnumeration") ?? "").Split(' ').Contains(SamlNames.Protocol));
        if (idp is null)
        {
            return Invalid("It describes no SAML 2.0 identity provider.");
        }

        if (SamlXml.Attribute(idp, "WantAuthnRequestsSigned") is "true" or "1")
        {
            return Invalid("The provider wants signed requests, which we do not send. Switch that off there.");
        }

        var address = SamlXml.Children(idp, "SingleSignOnService", SamlNames.Metadata).FirstOrDefault(s => SamlXml.Attribute(s, "Binding") == SamlNames.RedirectBinding) is { } service
            ? SamlXml.Attribute(service, "Location") : null;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || address!.Length > 2_048 || url.UserInfo.Length > 0 || url.Fragment.Length > 0
            || !(url.Scheme == Uri.UriSchemeHttps || (plainToo && url.Scheme == Uri.UriSchemeHttp)))
        {
            return Invalid("It has no https address for the HTTP-Redirect binding.");
        }

        return ReadCertificates(idp) is { } certificates
            ? new IdpMetadata(entityId, url.AbsoluteUri, certificates)
            : ApiError.BadRequest("saml_certificates_invalid", $"The metadata must have one or two signing certificates, RSA with at least {MinRsaBits} bits.");
    }

    private static List<byte[]>? ReadCertificates(XmlElement idp)
    {
        var found = new List<byte[]>();
        foreach (var descriptor in SamlXml.Children(idp, "KeyDescriptor", SamlNames.Metadata).Where(k => SamlXml.Attribute(k, "use") is null or "signing"))
        {
            foreach (var text in descriptor.GetElementsByTagName("X509Certificate", SamlNames.Signature).OfType<XmlElement>())
            {
                if (ReadCertificate(text.InnerText) is not { } der)
                {
                    return null;
                }

                if (!found.Any(f => f.AsSpan().SequenceEqual(der)))
                {
                    found.Add(der);
                }
            }
        }

        return found.Count is > 0 and <= MaxCertificates ? found : null;
    }

    private static byte[]? ReadCertificate(string text)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(text));
            using var key = certificate.GetRSAPublicKey();
            return key?.KeySize >= MinRsaBits ? certificate.RawData : null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The text came as JSON, in UTF-8, whatever encoding the file once had.</summary>
    private static string WithoutDeclaration(string xml)
    {
        var text = xml.TrimStart('\ufeff', ' ', '\r', '\n', '\t');
        return text.StartsWith("<?xml ", StringComparison.Ordinal) && text.IndexOf("?>", StringComparison.Ordinal) is > 0 and var end ? text[(end + 2)..] : text;
    }

    private static ApiError Invalid(string detail) => ApiError.BadRequest("saml_metadata_invalid", detail);
}
