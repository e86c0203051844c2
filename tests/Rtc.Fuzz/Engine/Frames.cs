using System.Buffers.Binary;

namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>Several messages in one input: each behind its length in two bytes; the last may be cut short.</summary>
internal ref struct Frames(ReadOnlySpan<byte> input)
{
    private ReadOnlySpan<byte> _rest = input;

    public bool TryNext(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (_rest.Length < 2)
        {
            return false;
        }

        var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(_rest), _rest.Length - 2);
        frame = _rest.Slice(2, length);
        _rest = _rest[(2 + length)..];
        return true;
    }

    public static byte[] Join(params IEnumerable<byte[]> frames)
    {
        var joined = new List<byte>();
        foreach (var frame in frames)
        {
            joined.AddRange([(byte)(frame.Length >> 8), (byte)frame.Length, .. frame]);
        }

        return [.. joined];
    }
}
