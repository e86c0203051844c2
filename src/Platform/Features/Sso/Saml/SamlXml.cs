using System.Text;
using System.Xml;

namespace Events.Platform.Features.Sso.Saml;

/// <summary>
/// Reads XML of strangers: no document type, no entities, no comments and processing instructions (a comment inside of a name has let
/// one person pass for another), bounded in size, depth and number of nodes. Returns null for what is not taken.
/// </summary>
internal static class SamlXml
{
    private const int MaxDepth = 40; // a signed response has about 10
    private const int MaxElements = 5_000;
    private const int MaxAttributes = 100; // of one element

    /// <param name="bytes">UTF-8 or UTF-16, as XML says it.</param>
    /// <param name="maxBytes">The most that is looked at.</param>
    public static XmlDocument? Read(byte[] bytes, int maxBytes)
    {
        if (bytes.Length == 0 || bytes.Length > maxBytes)
        {
            return null;
        }

        try
        {
            using (var scout = Reader(bytes, maxBytes))
            {
                if (!IsModest(scout))
                {
                    return null;
                }
            }

            using var reader = Reader(bytes, maxBytes);
            var document = Empty();
            document.Load(reader);
            return document;
        }
        catch (Exception e) when (e is XmlException or ArgumentException or DecoderFallbackException or InvalidOperationException)
        {
            // Malformed, an unknown encoding, or a name that the DOM does not take.
            return null;
        }
    }

    public static XmlDocument Empty() => new() { PreserveWhitespace = true, XmlResolver = null };

    /// <summary>The only child element of this name, or null when there is none or more than one.</summary>
    public static XmlElement? Only(XmlElement parent, string name, string space)
    {
        XmlElement? found = null;
        foreach (var child in Children(parent, name, space))
        {
            if (found is not null)
            {
                return null;
            }

            found = child;
        }

        return found;
    }

    public static IEnumerable<XmlElement> Children(XmlElement parent, string? name = null, string? space = null) =>
        parent.ChildNodes.OfType<XmlElement>().Where(e => (name is null || e.LocalName == name) && (space is null || e.NamespaceURI == space));

    public static IEnumerable<XmlElement> All(XmlDocument document, string name, string space) => document.GetElementsByTagName(name, space).OfType<XmlElement>();

    /// <summary>An attribute without namespace; null when it is not there.</summary>
    public static string? Attribute(XmlElement element, string name) => element.GetAttributeNode(name) is { NamespaceURI.Length: 0 } attribute ? attribute.Value : null;

    /// <summary>An xs:dateTime in UTC (core §1.3.3), or null.</summary>
    public static DateTimeOffset? Time(string? text)
    {
        if (text is not { Length: > 0 and <= 40 })
        {
            return null;
        }

        try
        {
            return XmlConvert.ToDateTimeOffset(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static XmlReader Reader(byte[] bytes, int maxBytes) => XmlReader.Create(new MemoryStream(bytes, writable: false), new XmlReaderSettings
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = maxBytes,
        MaxCharactersFromEntities = 1,
        CheckCharacters = true,
        CloseInput = true,
    });

    private static bool IsModest(XmlReader reader)
    {
        var elements = 0;
        while (reader.Read())
        {
            var isRefused = reader.NodeType switch
            {
                XmlNodeType.Element => reader.Depth > MaxDepth || ++elements > MaxElements || reader.AttributeCount > MaxAttributes,
                XmlNodeType.Comment or XmlNodeType.ProcessingInstruction or XmlNodeType.DocumentType or XmlNodeType.EntityReference => true,
                _ => false,
            };
            if (isRefused)
            {
                return false;
            }
        }

        return elements > 0;
    }
}
