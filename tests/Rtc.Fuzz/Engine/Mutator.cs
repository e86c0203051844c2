using System.Buffers.Binary;

namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>Makes hostile bytes out of good ones, the same ones for the same seed.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> words, int maxLength)
{
    /// <summary>Mutations of one input: one shows where a parser is weak, several lead it deeper.</summary>
    private const int MaxStacked = 6;

    /// <summary>Bounds, signs, powers of two and what lies beside them, where lengths and counts overflow.</summary>
    private static readonly uint[] Interesting =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 192, 200, 206, 223, 254, 255, 256, 512, 1_000, 1_024, 1_200, 1_500,
        4_096, 0x7FFE, 0x7FFF, 0x8000, 0xBEDE, 0xFFFE, 0xFFFF, 0x1_0000, 0xFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF,
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next input, from one or two of a pool.</summary>
    public byte[] Next(IReadOnlyList<byte[]> pool)
    {
        var bytes = new List<byte>(pool[_random.Next(pool.Count)]);
        if (_random.Next(50) == 0)
        {
            return Noise(_random.Next(0, Math.Min(maxLength, 256)));
        }

        for (var left = _random.Next(1, MaxStacked + 1); left > 0; left--)
        {
            Mutate(bytes, pool);
        }

        if (bytes.Count > maxLength)
        {
            bytes.RemoveRange(maxLength, bytes.Count - maxLength);
        }

        return [.. bytes];
    }

    /// <summary>True once in so many calls.</summary>
    public bool OneIn(int count) => _random.Next(count) == 0;

    /// <summary>An index below the count.</summary>
    public int Pick(int count) => _random.Next(count);

    private void Mutate(List<byte> bytes, IReadOnlyList<byte[]> pool)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(Noise(_random.Next(1, 16)));
            return;
        }

        var at = _random.Next(bytes.Count);
        switch (_random.Next(12))
        {
            case 0 or 1:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 2:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 3:
                WriteInteger(bytes, at, Interesting[_random.Next(Interesting.Length)], 1 << _random.Next(3));
                break;
            case 4:
                SmashLength(bytes, at);
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                bytes.RemoveRange(at, Math.Min(_random.Next(1, 32), bytes.Count - at));
                break;
            case 7:
                var length = Math.Min(_random.Next(1, 64), bytes.Count - at);
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 8:
                Splice(bytes, at, pool[_random.Next(pool.Count)]);
                break;
            case 9:
                bytes.InsertRange(at, Noise(_random.Next(1, 16)));
                break;
            case 10 when words.Count > 0:
                Put(bytes, at, words[_random.Next(words.Count)]);
                break;
            default:
                WriteInteger(bytes, at, Read(bytes, at) + (uint)_random.Next(-4, 5), 1 << _random.Next(3));
                break;
        }
    }

    /// <summary>Writes what a length field here could say: the bytes behind it, a little more, a little less.</summary>
    private void SmashLength(List<byte> bytes, int at)
    {
        var width = 1 << _random.Next(3);
        var left = bytes.Count - at - width;
        var unit = _random.Next(3) == 0 ? 4 : 1; // RTCP counts words.
        WriteInteger(bytes, at, (uint)((left / unit) + _random.Next(-3, 4)), width);
    }

    private void WriteInteger(List<byte> bytes, int at, uint value, int width)
    {
        Span<byte> text = stackalloc byte[4];
        if (_random.Next(4) == 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(text, value);
            text = text[..width];
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(text, value);
            text = text[(4 - width)..];
        }

        for (var i = 0; i < width && at + i < bytes.Count; i++)
        {
            bytes[at + i] = text[i];
        }
    }

    /// <summary>The head of this and the tail of another.</summary>
    private void Splice(List<byte> bytes, int at, byte[] other)
    {
        bytes.RemoveRange(at, bytes.Count - at);
        bytes.AddRange(other.AsSpan(Math.Min(other.Length, _random.Next(4) == 0 ? _random.Next(other.Length + 1) : at)));
    }

    /// <summary>Inserts a word, or writes over what stands there.</summary>
    private void Put(List<byte> bytes, int at, byte[] word)
    {
        if (_random.Next(2) == 0)
        {
            bytes.RemoveRange(at, Math.Min(word.Length, bytes.Count - at));
        }

        bytes.InsertRange(at, word);
    }

    private byte[] Noise(int length)
    {
        var noise = new byte[length];
        _random.NextBytes(noise);
        return noise;
    }

    private static uint Read(List<byte> bytes, int at) =>
        at + 1 < bytes.Count ? (uint)((bytes[at] << 8) | bytes[at + 1]) : bytes[at];
}
