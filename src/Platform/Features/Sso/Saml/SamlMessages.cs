using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using Events.Platform.Composition;

namespace Events.Platform.Features.Sso.Saml;

/// <summary>What we say: the request, and our own metadata.</summary>
internal static class SamlMessages
{
    private static readonly XNamespace Samlp = SamlNames.Protocol;
    private static readonly XNamespace Saml = SamlNames.Assertion;
    private static readonly XNamespace Md = SamlNames.Metadata;

    /// <summary>
    /// The provider's address with an unsigned AuthnRequest (core §3.4.1) by HTTP-Redirect (bindings §3.4.4.1). The format of the
    /// name is left to the provider; a transient one is refused when it comes back.
    /// </summary>
    public static string RequestAddress(SsoConnection connection, SsoAddresses ours, SignInState state, DateTimeOffset now)
    {
        var request = new XElement(
            Samlp + "AuthnRequest",
            new XAttribute(XNamespace.Xmlns + "samlp", Samlp),
            new XAttribute(XNamespace.Xmlns + "saml", Saml),
            new XAttribute("ID", state.RequestId),
            new XAttribute("Version", "2.0"),
            new XAttribute("IssueInstant", now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)),
            new XAttribute("Destination", connection.SsoUrl!),
            new XAttribute("ProtocolBinding", SamlNames.PostBinding),
            new XAttribute("AssertionConsumerServiceURL", ours.Acs),
            new XElement(Saml + "Issuer", ours.Metadata),
            new XElement(Samlp + "NameIDPolicy", new XAttribute("AllowCreate", "true")));
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(Encoding.UTF8.GetBytes(request.ToString(SaveOptions.DisableFormatting)));
        }

        var separator = connection.SsoUrl!.Contains('?') ? '&' : '?';
        return $"{connection.SsoUrl}{separator}SAMLRequest={Uri.EscapeDataString(Convert.ToBase64String(packed.ToArray()))}&RelayState={Uri.EscapeDataString(state.State)}";
    }

    /// <summary>Our metadata, for the provider to import (metadata §2.4.4).</summary>
    public static string Metadata(SsoAddresses ours) => new XElement(
        Md + "EntityDescriptor",
        new XAttribute(XNamespace.Xmlns + "md", Md),
        new XAttribute("entityID", ours.Metadata),
        new XElement(
            Md + "SPSSODescriptor",
            new XAttribute("AuthnRequestsSigned", "false"),
            new XAttribute("WantAssertionsSigned", "true"),
            new XAttribute("protocolSupportEnumeration", SamlNames.Protocol),
            new XElement(
                Md + "AssertionConsumerService",
                new XAttribute("Binding", SamlNames.PostBinding),
                new XAttribute("Location", ours.Acs),
                new XAttribute("index", "0"),
                new XAttribute("isDefault", "true")))).ToString();
}
