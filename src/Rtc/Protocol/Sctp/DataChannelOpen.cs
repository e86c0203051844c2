using System.Buffers.Binary;
using System.Text;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>DATA_CHANNEL_OPEN of DCEP (RFC 8832 §5.1).</summary>
/// <param name="IsOrdered">Messages arrive in order.</param>
/// <param name="IsReliable">Every message arrives; else retransmissions or time are limited.</param>
public readonly record struct DataChannelOpen(bool IsOrdered, bool IsReliable, string Label)
{
    /// <summary>The message types (RFC 8832 §8.2.1).</summary>
    public const byte OpenType = 3;

    public const byte AckType = 2;

    private const byte UnorderedBit = 0x80;
    private const int HeaderBytes = 12;

    public static bool TryRead(ReadOnlySpan<byte> message, out DataChannelOpen open)
    {
        open = default;
        if (message.Length < HeaderBytes || message[0] != OpenType || (message[1] & ~UnorderedBit) > 2)
        {
            return false;
        }

        int label = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        int protocol = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (message.Length != HeaderBytes + label + protocol)
        {
            return false;
        }

        open = new((message[1] & UnorderedBit) == 0, (message[1] & ~UnorderedBit) == 0, Encoding.UTF8.GetString(message.Slice(HeaderBytes, label)));
        return true;
    }
}
