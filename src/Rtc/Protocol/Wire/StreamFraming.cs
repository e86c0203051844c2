using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>What the head of a stream holds.</summary>
public enum StreamFrame
{
    /// <summary>One whole datagram.</summary>
    Complete,

    /// <summary>The beginning of one: more bytes are needed.</summary>
    Incomplete,

    /// <summary>A length beyond what any datagram here has: the stream is lost.</summary>
    TooLong,
}

/// <summary>Datagrams in a byte stream (RFC 4571 §2, as RFC 6544 §3 uses it): 16 bits of length in network order before each.</summary>
public static class StreamFraming
{
    public const int HeaderBytes = 2;

    /// <summary>Takes the first datagram off the stream.</summary>
    /// <param name="stream">Received bytes; what follows the datagram when one was taken, else unchanged.</param>
    /// <param name="maxLength">The longest datagram that is accepted, bytes.</param>
    /// <param name="datagram">It, without its header; it may be empty.</param>
    public static StreamFrame Take(ref Span<byte> stream, int maxLength, out Span<byte> datagram)
    {
        datagram = default;
        if (stream.Length < HeaderBytes)
        {
            return StreamFrame.Incomplete;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(stream);
        if (length > maxLength)
        {
            return StreamFrame.TooLong;
        }

        if (stream.Length < HeaderBytes + length)
        {
            return StreamFrame.Incomplete;
        }

        datagram = stream.Slice(HeaderBytes, length);
        stream = stream[(HeaderBytes + length)..];
        return StreamFrame.Complete;
    }

    /// <summary>Writes the header of a datagram.</summary>
    public static void WriteHeader(Span<byte> destination, int length) => BinaryPrimitives.WriteUInt16BigEndian(destination, checked((ushort)length));
}
