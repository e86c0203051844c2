using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>SDES: of all items only CNAME is of use here (RFC 3550 §6.5).</summary>
public readonly ref struct Sdes
{
    internal const byte CnameItem = 1;

    private readonly ReadOnlySpan<byte> _body;
    private readonly int _chunkCount;

    private Sdes(ReadOnlySpan<byte> body, int chunkCount)
    {
        _body = body;
        _chunkCount = chunkCount;
    }

    public static bool TryRead(RtcpPacket packet, out Sdes sdes)
    {
        var valid = packet.Type == RtcpType.SourceDescription;
        sdes = valid ? new(packet.Body, packet.Count) : default;
        return valid;
    }

    /// <summary>The CNAME of a source as UTF-8; false when the packet does not give it, or ends early.</summary>
    public bool TryGetCname(uint ssrc, out ReadOnlySpan<byte> cname)
    {
        cname = default;
        var rest = _body;
        for (var chunk = 0; chunk < _chunkCount && rest.Length >= 4; chunk++)
        {
            var wanted = BinaryPrimitives.ReadUInt32BigEndian(rest) == ssrc;
            var offset = 4;
            while (offset < rest.Length && rest[offset] != 0)
            {
                if (offset + 2 > rest.Length || offset + 2 + rest[offset + 1] > rest.Length)
                {
                    return false;
                }

                if (wanted && rest[offset] == CnameItem)
                {
                    cname = rest.Slice(offset + 2, rest[offset + 1]);
                    return true;
                }

                offset += 2 + rest[offset + 1];
            }

            // At least one null octet ends the list, and fills up to the next word.
            rest = rest[Math.Min(rest.Length, (offset & ~3) + 4)..];
        }

        return false;
    }
}
