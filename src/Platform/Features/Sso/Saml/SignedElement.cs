using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;

namespace Events.Platform.Features.Sso.Saml;

/// <summary>
/// Verifies an enveloped XML signature and returns what it covers, and nothing else. The signature must be a child of the element that it
/// signs; the element's canonical octets are held against the signed digest and then parsed again on their own, so whoever reads the
/// result cannot see a node that was not signed, wherever a wrapped copy stands. Keys are those that are pinned; what the message says about keys is not
/// looked at.
/// </summary>
internal static class SignedElement
{
    private static readonly Dictionary<string, HashAlgorithmName> Digests = new()
    {
        [SignedXml.XmlDsigSHA256Url] = HashAlgorithmName.SHA256,
        [SignedXml.XmlDsigSHA384Url] = HashAlgorithmName.SHA384,
        [SignedXml.XmlDsigSHA512Url] = HashAlgorithmName.SHA512,
    };

    private static readonly string[] Signatures = [SignedXml.XmlDsigRSASHA256Url, SignedXml.XmlDsigRSASHA384Url, SignedXml.XmlDsigRSASHA512Url];

    /// <param name="element">The element that is said to be signed.</param>
    /// <param name="certificates">DER, pinned.</param>
    /// <returns>The covered element as a document of its own, or null.</returns>
    public static XmlDocument? Verify(XmlElement element, IReadOnlyList<byte[]> certificates)
    {
        try
        {
            return SamlXml.Only(element, "Signature", SamlNames.Signature) is { } signature && SamlXml.Attribute(element, "ID") is { Length: > 0 } id
                && IsPlain(signature, id, out var reference) && HoldsFor(element, signature, certificates)
                ? Covered(element, signature, reference) : null;
        }
        catch (Exception e) when (e is CryptographicException or XmlException or FormatException or ArgumentException)
        {
            // Malformed base64, a transform that does not apply, a key that does not fit.
            return null;
        }
    }

    /// <summary>The one form that is taken: exclusive canonicalisation, one reference to the parent, enveloped, SHA-256 or better, no objects.</summary>
    private static bool IsPlain(XmlElement signature, string id, out XmlElement reference)
    {
        reference = signature;
        if (SamlXml.Only(signature, "SignedInfo", SamlNames.Signature) is not { } info || SamlXml.Only(signature, "SignatureValue", SamlNames.Signature) is null
            || SamlXml.Children(signature).Any(c => c.LocalName is not ("SignedInfo" or "SignatureValue" or "KeyInfo") || c.NamespaceURI != SamlNames.Signature)
            || SamlXml.Children(signature, "KeyInfo", SamlNames.Signature).Take(2).Count() > 1
            || SamlXml.Children(info).Count() != 3
            || Algorithm(info, "CanonicalizationMethod") != SignedXml.XmlDsigExcC14NTransformUrl || !Signatures.Contains(Algorithm(info, "SignatureMethod"))
            || SamlXml.Only(info, "Reference", SamlNames.Signature) is not { } only || SamlXml.Attribute(only, "URI") != "#" + id
            || SamlXml.Children(only).Count() != 3
            || !Digests.ContainsKey(Algorithm(only, "DigestMethod") ?? "") || SamlXml.Only(only, "DigestValue", SamlNames.Signature) is null
            || SamlXml.Only(only, "Transforms", SamlNames.Signature) is not { } transforms)
        {
            return false;
        }

        reference = only;
        var steps = SamlXml.Children(transforms).ToList();
        return steps.Count == 2 && steps.All(s => s.LocalName == "Transform" && s.NamespaceURI == SamlNames.Signature)
            && SamlXml.Attribute(steps[0], "Algorithm") == SignedXml.XmlDsigEnvelopedSignatureTransformUrl && SamlXml.Attribute(steps[1], "Algorithm") == SignedXml.XmlDsigExcC14NTransformUrl;
    }

    private static bool HoldsFor(XmlElement element, XmlElement signature, IReadOnlyList<byte[]> certificates)
    {
        foreach (var der in certificates)
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            using var key = certificate.GetRSAPublicKey();
            if (key is null)
            {
                continue;
            }

            var signed = new ParentOnly(element);
            signed.LoadXml(signature);
            if (signed.CheckSignature(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The octets whose digest was signed, parsed anew.</summary>
    private static XmlDocument? Covered(XmlElement element, XmlElement signature, XmlElement reference)
    {
        var alone = SamlXml.Empty();
        var copy = (XmlElement)alone.AppendChild(alone.ImportNode(element, deep: true))!;
        CarryNamespaces(element, copy);
        copy.RemoveChild(copy.ChildNodes[IndexOf(element, signature)]!);

        var last = SamlXml.Children(SamlXml.Only(reference, "Transforms", SamlNames.Signature)!).Last();
        var prefixes = SamlXml.Children(last, "InclusiveNamespaces", SignedXml.XmlDsigExcC14NTransformUrl).FirstOrDefault()?.GetAttribute("PrefixList");
        var canonical = new XmlDsigExcC14NTransform(prefixes ?? "");
        canonical.LoadInput(alone);
        using var octets = new MemoryStream();
        ((Stream)canonical.GetOutput(typeof(Stream))).CopyTo(octets);

        var digest = CryptographicOperations.HashData(Digests[Algorithm(reference, "DigestMethod")!], octets.ToArray());
        var told = Convert.FromBase64String(SamlXml.Only(reference, "DigestValue", SamlNames.Signature)!.InnerText);
        return CryptographicOperations.FixedTimeEquals(digest, told) ? SamlXml.Read(octets.ToArray(), SamlResponse.MaxBytes) : null;
    }

    /// <summary>Prefixes that are bound further up, for content that uses them.</summary>
    private static void CarryNamespaces(XmlElement element, XmlElement copy)
    {
        for (var at = element.ParentNode as XmlElement; at is not null; at = at.ParentNode as XmlElement)
        {
            foreach (XmlAttribute attribute in at.Attributes)
            {
                if (attribute.NamespaceURI == "http://www.w3.org/2000/xmlns/" && !copy.HasAttribute(attribute.Name))
                {
                    copy.SetAttributeNode((XmlAttribute)copy.OwnerDocument.ImportNode(attribute, deep: true));
                }
            }
        }
    }

    private static int IndexOf(XmlElement element, XmlElement child)
    {
        for (var i = 0; i < element.ChildNodes.Count; i++)
        {
            if (ReferenceEquals(element.ChildNodes[i], child))
            {
                return i;
            }
        }

        throw new ArgumentException("The signature is no child of the element.", nameof(child));
    }

    private static string? Algorithm(XmlElement parent, string name) =>
        SamlXml.Only(parent, name, SamlNames.Signature) is { } method ? SamlXml.Attribute(method, "Algorithm") : null;

    /// <summary>Resolves a reference to the signature's own parent and to no other node of the document.</summary>
    private sealed class ParentOnly : SignedXml
    {
        private readonly XmlElement _parent;

        public ParentOnly(XmlElement parent)
            : base(parent) => _parent = parent;

        public override XmlElement? GetIdElement(XmlDocument? document, string idValue) => SamlXml.Attribute(_parent, "ID") == idValue ? _parent : null;
    }
}
