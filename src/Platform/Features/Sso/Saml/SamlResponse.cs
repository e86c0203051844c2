using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml;
using Events.Platform.Composition;
using Events.Platform.Features.Mail;

namespace Events.Platform.Features.Sso.Saml;

/// <param name="Acs">Where the response arrived.</param>
/// <param name="Audience">Our entity id.</param>
internal sealed record SamlExpectation(string Issuer, string Acs, string Audience, IReadOnlyList<byte[]> Certificates);

/// <param name="InResponseTo">The request's id, to be found in the browser that asked.</param>
/// <param name="AssertionHash">SHA-256 of the assertion's id, for the replay cache.</param>
/// <param name="ExpiresAt">From then on the assertion is refused by its own words.</param>
internal sealed record SamlVerdict(VouchedPerson Person, string InResponseTo, byte[] AssertionHash, DateTimeOffset ExpiresAt);

/// <summary>Verifies a response of the Web Browser SSO profile (SAML 2.0 profiles §4.1.4.3) and reads who it speaks of, from signed octets only.</summary>
internal static class SamlResponse
{
    /// <summary>Of the XML. Responses have 5 to 20 KB; long lists of groups make them longer.</summary>
    public const int MaxBytes = 192 * 1024;

    private const int MaxSubject = 1_024;

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <summary>No assertion is remembered, and so none accepted, for longer.</summary>
    private static readonly TimeSpan MaxLife = TimeSpan.FromHours(1);

    private static readonly string[] KnownConditions = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];

    private static readonly string[] EmailNames =
    [
        "email", "mail", "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    ];

    private static readonly string[] DisplayNames =
    [
        "displayname", "urn:oid:2.16.840.1.113730.3.1.241", "http://schemas.microsoft.com/identity/claims/displayname", "cn", "urn:oid:2.5.4.3", "name",
    ];

    private static readonly ApiError Malformed = Refused("saml_malformed", "The response is not one plain SAML 2.0 response with one assertion.");
    private static readonly ApiError Encrypted = Refused("saml_encrypted", "The assertion is encrypted, which we do not read. Switch that off at the provider.");
    private static readonly ApiError SignatureInvalid = Refused("saml_signature_invalid", "The response is not signed with a certificate of your company's identity provider, or not in a way that we take.");
    private static readonly ApiError NotSuccessful = Refused("sso_denied", "Your company's identity provider did not sign you in.");
    private static readonly ApiError WrongIssuer = Refused("sso_issuer_mismatch", "The answer came from another identity provider than the one that was asked.");
    private static readonly ApiError WrongAddress = Refused("saml_recipient_invalid", "The response was made for another address than ours.");
    private static readonly ApiError WrongAudience = Refused("saml_audience_invalid", "The response was made for another audience.");
    private static readonly ApiError NotNow = Refused("saml_expired", "The response is not valid at this time; begin again.");
    private static readonly ApiError Unsolicited = Refused("saml_unsolicited", "The response answers no request of ours. Begin at our sign-in page.");
    private static readonly ApiError NoSubject = Refused("saml_subject_missing", "The response names nobody.");
    private static readonly ApiError TransientSubject = Refused("saml_subject_transient", "The provider gives people a new name each time. Choose a persistent name format there.");

    public static Outcome<SamlVerdict> Verify(byte[] bytes, SamlExpectation expected, DateTimeOffset now)
    {
        if (SamlXml.Read(bytes, MaxBytes) is not { DocumentElement: { LocalName: "Response", NamespaceURI: SamlNames.Protocol } response } document)
        {
            return Malformed;
        }

        if (ShapeRefusal(document, response) is { } misshapen)
        {
            return misshapen;
        }

        // The envelope first, since it says why there is no assertion; nothing that lets anyone in is read from it.
        if (SamlXml.Only(response, "Status", SamlNames.Protocol) is not { } status || SamlXml.Only(status, "StatusCode", SamlNames.Protocol) is not { } code
            || SamlXml.Attribute(code, "Value") != SamlNames.Success)
        {
            return NotSuccessful;
        }

        if (SamlXml.Only(response, "Assertion", SamlNames.Assertion) is not { } claimed)
        {
            return Malformed;
        }

        if (Signed(response, claimed, expected.Certificates) is not { } assertion)
        {
            return SignatureInvalid;
        }

        return EnvelopeRefusal(response, expected) is { } refused ? refused : Read(assertion, expected, SamlXml.Attribute(response, "InResponseTo"), now);
    }

    /// <summary>
    /// Wrapping attacks need a second assertion, a second response, a signature in an odd place or an id that stands twice. A response
    /// of the profile has none of these, so such a document is refused before any signature is looked at.
    /// </summary>
    private static ApiError? ShapeRefusal(XmlDocument document, XmlElement response)
    {
        if (SamlXml.All(document, "EncryptedAssertion", SamlNames.Assertion).Any())
        {
            return Encrypted;
        }

        var assertions = SamlXml.All(document, "Assertion", SamlNames.Assertion).Take(2).ToList();
        var isPlain = SamlXml.Attribute(response, "Version") == "2.0"
            && assertions.Count <= 1 && assertions.All(a => ReferenceEquals(a.ParentNode, response))
            && SamlXml.All(document, "Response", SamlNames.Protocol).Take(2).Count() == 1
            && SamlXml.All(document, "Signature", SamlNames.Signature).All(s => ReferenceEquals(s.ParentNode, response) || (assertions.Count == 1 && ReferenceEquals(s.ParentNode, assertions[0])))
            && !SamlXml.All(document, "Object", SamlNames.Signature).Any()
            && IdsAreUnique(document);
        return isPlain ? null : Malformed;
    }

    private static bool IdsAreUnique(XmlDocument document)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return document.GetElementsByTagName("*").OfType<XmlElement>()
            .SelectMany(e => e.Attributes.OfType<XmlAttribute>().Where(a => a.LocalName.Equals("id", StringComparison.OrdinalIgnoreCase)))
            .All(a => seen.Add(a.Value));
    }

    /// <summary>The assertion from octets that a pinned key signed: its own, else those of the response around it. Every signature that is there must hold.</summary>
    private static XmlElement? Signed(XmlElement response, XmlElement claimed, IReadOnlyList<byte[]> certificates)
    {
        var outer = SamlXml.Children(response, "Signature", SamlNames.Signature).Any() ? SignedElement.Verify(response, certificates) : null;
        if (outer is null && SamlXml.Children(response, "Signature", SamlNames.Signature).Any())
        {
            return null;
        }

        if (SamlXml.Children(claimed, "Signature", SamlNames.Signature).Any())
        {
            return SignedElement.Verify(claimed, certificates)?.DocumentElement;
        }

        return outer?.DocumentElement is { } root ? SamlXml.Only(root, "Assertion", SamlNames.Assertion) : null;
    }

    private static ApiError? EnvelopeRefusal(XmlElement response, SamlExpectation expected)
    {
        var issuer = SamlXml.Only(response, "Issuer", SamlNames.Assertion);
        if (issuer is not null && issuer.InnerText != expected.Issuer)
        {
            return WrongIssuer;
        }

        // Bindings §3.5.5.2: a signed message must say where it goes.
        var destination = SamlXml.Attribute(response, "Destination");
        var isSigned = SamlXml.Children(response, "Signature", SamlNames.Signature).Any();
        return destination is null ? (isSigned ? WrongAddress : null) : destination != expected.Acs ? WrongAddress : null;
    }

    private static Outcome<SamlVerdict> Read(XmlElement assertion, SamlExpectation expected, string? envelopeInResponseTo, DateTimeOffset now)
    {
        if (assertion is not { LocalName: "Assertion", NamespaceURI: SamlNames.Assertion } || SamlXml.Attribute(assertion, "Version") != "2.0" || SamlXml.Attribute(assertion, "ID") is not { Length: > 0 and <= 256 } id)
        {
            return Malformed;
        }

        if (SamlXml.Only(assertion, "Issuer", SamlNames.Assertion)?.InnerText != expected.Issuer)
        {
            return WrongIssuer;
        }

        if (ConditionsRefusal(assertion, expected, now) is { } refused)
        {
            return refused;
        }

        if (SamlXml.Only(assertion, "Subject", SamlNames.Assertion) is not { } subject)
        {
            return NoSubject;
        }

        var (confirmed, why) = Confirmation(subject, expected, now);
        if (confirmed is null)
        {
            return why!;
        }

        var inResponseTo = SamlXml.Attribute(confirmed, "InResponseTo");
        if (inResponseTo is not { Length: > 0 and <= 256 } || (envelopeInResponseTo is not null && envelopeInResponseTo != inResponseTo))
        {
            return Unsolicited;
        }

        if (SessionRefusal(assertion, now) is { } over)
        {
            return over;
        }

        var person = Person(assertion, subject);
        return person.Error is not null ? person.Error
            : new SamlVerdict(person.Value!, inResponseTo, SHA256.HashData(Encoding.UTF8.GetBytes(id)), SamlXml.Time(SamlXml.Attribute(confirmed, "NotOnOrAfter"))!.Value + Skew);
    }

    private static ApiError? ConditionsRefusal(XmlElement assertion, SamlExpectation expected, DateTimeOffset now)
    {
        if (SamlXml.Time(SamlXml.Attribute(assertion, "IssueInstant")) is not { } issued || issued > now + Skew || issued < now - MaxLife)
        {
            return NotNow;
        }

        if (SamlXml.Only(assertion, "Conditions", SamlNames.Assertion) is not { } conditions)
        {
            return WrongAudience;
        }

        if (!Holds(conditions, now))
        {
            return NotNow;
        }

        // Core §2.5.1.1: a condition that is not understood makes the assertion's validity unknown.
        if (SamlXml.Children(conditions).Any(c => c.NamespaceURI != SamlNames.Assertion || !KnownConditions.Contains(c.LocalName)))
        {
            return Malformed;
        }

        // Core §2.5.1.4: each restriction must have us; one at least there must be (profiles §4.1.4.2).
        var restrictions = SamlXml.Children(conditions, "AudienceRestriction", SamlNames.Assertion).ToList();
        return restrictions.Count > 0 && restrictions.All(r => SamlXml.Children(r, "Audience", SamlNames.Assertion).Any(a => a.InnerText == expected.Audience)) ? null : WrongAudience;
    }

    /// <summary>NotBefore and NotOnOrAfter, whichever is there; one that is no time holds never.</summary>
    private static bool Holds(XmlElement element, DateTimeOffset now)
    {
        var (from, until) = (SamlXml.Attribute(element, "NotBefore"), SamlXml.Attribute(element, "NotOnOrAfter"));
        return (from is null || (SamlXml.Time(from) is { } begin && now >= begin - Skew)) && (until is null || (SamlXml.Time(until) is { } end && now < end + Skew));
    }

    /// <summary>The bearer confirmation that holds here and now (profiles §4.1.4.2).</summary>
    private static (XmlElement? Data, ApiError? Error) Confirmation(XmlElement subject, SamlExpectation expected, DateTimeOffset now)
    {
        ApiError? error = null;
        foreach (var confirmation in SamlXml.Children(subject, "SubjectConfirmation", SamlNames.Assertion).Where(c => SamlXml.Attribute(c, "Method") == SamlNames.Bearer))
        {
            if (SamlXml.Only(confirmation, "SubjectConfirmationData", SamlNames.Assertion) is not { } data || SamlXml.Attribute(data, "Recipient") != expected.Acs)
            {
                error ??= WrongAddress;
            }
            else if (SamlXml.Attribute(data, "NotBefore") is not null || SamlXml.Time(SamlXml.Attribute(data, "NotOnOrAfter")) is not { } until || until > now + MaxLife || !Holds(data, now))
            {
                error ??= NotNow;
            }
            else
            {
                return (data, null);
            }
        }

        return (null, error ?? NoSubject);
    }

    private static ApiError? SessionRefusal(XmlElement assertion, DateTimeOffset now)
    {
        var statements = SamlXml.Children(assertion, "AuthnStatement", SamlNames.Assertion).ToList();
        return statements.Count == 0 ? NoSubject
            : statements.Any(s => SamlXml.Attribute(s, "SessionNotOnOrAfter") is { } end && !(SamlXml.Time(end) > now - Skew)) ? NotNow
            : null;
    }

    private static Outcome<VouchedPerson> Person(XmlElement assertion, XmlElement subject)
    {
        if (SamlXml.Only(subject, "NameID", SamlNames.Assertion) is not { } name || name.InnerText.Trim() is not { Length: > 0 and <= MaxSubject } value || SamlXml.Children(name).Any())
        {
            return NoSubject;
        }

        var format = SamlXml.Attribute(name, "Format") ?? "";
        if (format == SamlNames.Transient)
        {
            return TransientSubject;
        }

        // Core §2.2.2: the qualifiers are part of the name. As a hash, since it travels on in an address.
        var key = JsonSerializer.SerializeToUtf8Bytes(new[] { format, SamlXml.Attribute(name, "NameQualifier") ?? "", SamlXml.Attribute(name, "SPNameQualifier") ?? "", value });
        var attributes = SamlXml.Children(assertion, "AttributeStatement", SamlNames.Assertion).SelectMany(s => SamlXml.Children(s, "Attribute", SamlNames.Assertion)).ToList();
        var email = Value(attributes, EmailNames, MailAddresses.MaxLength) ?? (format == SamlNames.EmailAddress ? value : null);
        return new VouchedPerson(Convert.ToBase64String(SHA256.HashData(key)), email, true, Value(attributes, DisplayNames, 200));
    }

    private static string? Value(List<XmlElement> attributes, string[] names, int most) =>
        names.SelectMany(n => attributes.Where(a => string.Equals(SamlXml.Attribute(a, "Name"), n, StringComparison.OrdinalIgnoreCase)))
            .SelectMany(a => SamlXml.Children(a, "AttributeValue", SamlNames.Assertion)).Select(v => v.InnerText.Trim()).FirstOrDefault(v => v.Length > 0 && v.Length <= most);

    private static ApiError Refused(string code, string detail) => ApiError.Forbidden(code, detail);
}
