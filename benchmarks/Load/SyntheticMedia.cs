using System.Buffers.Binary;
using Events.Rtc.Client.Media;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;

namespace Events.Benchmarks.Load;

/// <summary>
/// RTP payloads that look like VP8 and Opus to a forwarder, and carry a send time, a counter and bytes that follow from the counter, so
/// that a viewer can measure the delay and verify every byte.
/// </summary>
internal static class SyntheticMedia
{
    /// <summary>Send time 8 + counter 4.</summary>
    public const int StampLength = 12;

    private const int PatternStarts = 1_024;

    // RFC 6386 §9.1: frame tag 3; a keyframe adds start code 3 and two 16-bit dimensions.
    private const int InterHeader = 3;
    private const int KeyHeader = 10;

    private static readonly byte[] Pattern = MakePattern();

    public static int WriteVideo(Span<byte> payload, int pictureId, bool first, bool keyframe, int bodyLength, uint counter, MonotonicTime now)
    {
        payload[0] = (byte)(first ? 0x90 : 0x80);
        payload[1] = 0x80;
        payload[2] = (byte)(0x80 | (pictureId >> 8));
        payload[3] = (byte)pictureId;
        var length = Vp8Packetizer.DescriptorLength;
        if (first && keyframe)
        {
            ReadOnlySpan<byte> header = [0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x00, 0x05, 0xD0, 0x02]; // 1280x720
            header.CopyTo(payload[length..]);
            length += KeyHeader;
        }
        else if (first)
        {
            ReadOnlySpan<byte> header = [0x11, 0, 0];
            header.CopyTo(payload[length..]);
            length += InterHeader;
        }

        return length + WriteStamped(payload[length..], bodyLength, counter, now);
    }

    public static int WriteAudio(Span<byte> payload, int bodyLength, uint counter, MonotonicTime now)
    {
        payload[0] = 0xF8; // RFC 6716 §3.1: CELT full band, 20 ms, mono, one frame
        return 1 + WriteStamped(payload[1..], bodyLength, counter, now);
    }

    /// <summary>Reads the stamp; false when a byte is not what was sent.</summary>
    public static bool TryVerify(Codec codec, ReadOnlySpan<byte> payload, out MonotonicTime sentAt)
    {
        sentAt = default;
        var offset = 1;
        if (codec == Codec.Vp8)
        {
            if (!Vp8Descriptor.TryRead(payload, out var descriptor))
            {
                return false;
            }

            offset = descriptor.Length + (descriptor.IsStartOfFrame ? descriptor.IsKeyframe ? KeyHeader : InterHeader : 0);
        }

        if (payload.Length < offset + StampLength)
        {
            return false;
        }

        var body = payload[offset..];
        sentAt = new(BinaryPrimitives.ReadInt64LittleEndian(body));
        var counter = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        var fill = body[StampLength..];
        return fill.Length <= Pattern.Length - PatternStarts && fill.SequenceEqual(Pattern.AsSpan((int)(counter % PatternStarts), fill.Length));
    }

    private static int WriteStamped(Span<byte> destination, int length, uint counter, MonotonicTime now)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, now.Nanoseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], counter);
        Pattern.AsSpan((int)(counter % PatternStarts), length - StampLength).CopyTo(destination[StampLength..]);
        return length;
    }

    private static byte[] MakePattern()
    {
        var pattern = new byte[4_096];
        new Random(1).NextBytes(pattern);
        return pattern;
    }
}
