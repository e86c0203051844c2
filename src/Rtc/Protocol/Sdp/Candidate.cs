using System.Globalization;
using System.Net;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>An ICE candidate line (RFC 8839 §5.1).</summary>
public sealed record Candidate
{
    /// <summary>Type preference of host candidates (RFC 8445 §5.1.2.2).</summary>
    private const uint HostPreference = 126;

    /// <summary>RFC 6544 §4.2: a lower type preference puts TCP behind UDP of the same kind.</summary>
    private const uint TcpHostPreference = 90;

    /// <summary>RFC 6544 §4.2: the direction preference of a passive host candidate, above 13 bits of other preference.</summary>
    private const ushort PassivePreference = 4 << 13;

    public required string Foundation { get; init; }

    /// <summary>1 is RTP, and the only one when rtcp-mux is used.</summary>
    public int Component { get; init; } = 1;

    /// <summary>"udp" or "tcp", lower case.</summary>
    public string Protocol { get; init; } = "udp";

    public required uint Priority { get; init; }

    /// <summary>IPv4, IPv6 or a name: browsers hide local addresses behind "….local".</summary>
    public required string Address { get; init; }

    public required int Port { get; init; }

    /// <summary>"host", "srflx", "prflx" or "relay".</summary>
    public string Type { get; init; } = "host";

    public string? RelatedAddress { get; init; }
    public int? RelatedPort { get; init; }

    /// <summary>RFC 6544 §4.5: "active", "passive" or "so"; null for UDP.</summary>
    public string? TcpType { get; init; }

    /// <summary>The ufrag that browsers append to trickled candidates.</summary>
    public string? Ufrag { get; init; }

    /// <summary>A host candidate of ours.</summary>
    /// <param name="address">What the other side sends to.</param>
    /// <param name="tcp">True for a passive ICE-TCP listener (RFC 6544).</param>
    /// <param name="localPreference">0–65535, higher is preferred among our addresses.</param>
    public static Candidate Host(TransportAddress address, bool tcp = false, ushort localPreference = ushort.MaxValue)
    {
        var endPoint = address.ToIPEndPoint();
        var preference = tcp ? (ushort)(PassivePreference | (localPreference & 0x1FFF)) : localPreference;
        // RFC 8445 §5.1.2.1: 2^24 × type preference + 2^8 × local preference + (256 − component), component 1.
        var priority = ((tcp ? TcpHostPreference : HostPreference) << 24) + ((uint)preference << 8) + 255;
        // RFC 8445 §5.1.1.3: one foundation per type, base address and transport protocol.
        var foundation = ((uint)HashOf(endPoint.Address.ToString() + (tcp ? "/tcp" : "/udp"))).ToString(CultureInfo.InvariantCulture);
        return new()
        {
            Foundation = foundation,
            Protocol = tcp ? "tcp" : "udp",
            Priority = priority,
            Address = endPoint.Address.ToString(),
            Port = endPoint.Port,
            TcpType = tcp ? "passive" : null,
        };
    }

    /// <summary>The address to send to; false while it is a name.</summary>
    public bool TryGetAddress(out TransportAddress address)
    {
        address = default;
        if (!IPAddress.TryParse(Address, out var parsed))
        {
            return false;
        }

        address = TransportAddress.From(new(parsed, Port));
        return true;
    }

    /// <summary>Reads "candidate:…" or what follows the colon; false for what no reader can use (RFC 8839 §5.1 asks to ignore it).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Candidate? candidate)
    {
        candidate = null;
        text = text.Trim();
        if (text.StartsWith("a=", StringComparison.Ordinal))
        {
            text = text[2..];
        }

        if (text.StartsWith("candidate:", StringComparison.OrdinalIgnoreCase))
        {
            text = text[10..];
        }

        // A line end inside would let one candidate, said as JSON, write lines of its own into a description (RFC 8839 §5.1: VCHAR only).
        if (text.ContainsAnyInRange('\0', '\x1F'))
        {
            return false;
        }

        var words = new SdpWords(text);
        if (text.Length > SdpLimits.MaxLineLength
            || !words.TryNext(out var foundation) || foundation.Length > 32
            || !words.TryNextInt(1, 256, out var component)
            || !words.TryNext(out var protocol)
            || !words.TryNextUInt(out var priority)
            || !words.TryNext(out var address) || address.Length > 253
            || !words.TryNextInt(0, 65535, out var port)
            || !words.TryNext(out var typ) || !typ.Equals("typ", StringComparison.OrdinalIgnoreCase)
            || !words.TryNext(out var type))
        {
            return false;
        }

        var isTcp = protocol.Equals("tcp", StringComparison.OrdinalIgnoreCase);
        if ((!isTcp && !protocol.Equals("udp", StringComparison.OrdinalIgnoreCase))
            || type is not ("host" or "srflx" or "prflx" or "relay"))
        {
            return false;
        }

        string? relatedAddress = null, tcpType = null, ufrag = null;
        int? relatedPort = null;
        // RFC 8839 §5.1: extensions come as pairs of name and value; unknown ones are skipped.
        while (words.TryNext(out var name) && words.TryNext(out var value))
        {
            switch (name)
            {
                case "raddr":
                    relatedAddress = value.ToString();
                    break;
                case "rport" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed <= 65535:
                    relatedPort = parsed;
                    break;
                case "tcptype":
                    tcpType = value.ToString();
                    break;
                case "ufrag":
                    ufrag = value.ToString();
                    break;
            }
        }

        candidate = new()
        {
            Foundation = foundation.ToString(),
            Component = component,
            Protocol = isTcp ? "tcp" : "udp",
            Priority = priority,
            Address = address.ToString(),
            Port = port,
            Type = type.ToString(),
            RelatedAddress = relatedAddress,
            RelatedPort = relatedPort,
            TcpType = tcpType,
            Ufrag = ufrag,
        };
        return true;
    }

    /// <summary>"candidate:…" as in an a= line and as in RTCIceCandidate.candidate.</summary>
    public override string ToString()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"candidate:{Foundation} {Component} {Protocol} {Priority} {Address} {Port} typ {Type}");
        text += RelatedAddress is null ? "" : " raddr " + RelatedAddress;
        text += RelatedPort is null ? "" : string.Create(CultureInfo.InvariantCulture, $" rport {RelatedPort}");
        text += TcpType is null ? "" : " tcptype " + TcpType;
        text += Ufrag is null ? "" : " ufrag " + Ufrag;
        return text;
    }

    /// <summary>FNV-1a: string.GetHashCode differs from process to process, and a description must not.</summary>
    private static int HashOf(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return (int)hash;
    }
}
