namespace Events.Rtc.Protocol.Codecs;

/// <summary>Reads big-endian bits; past the end it gives zeros and says so.</summary>
public ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;

    public readonly bool Overrun => _position > _bytes.Length * 8;

    public bool Flag() => Bits(1) != 0;

    public uint Bits(int count)
    {
        uint value = 0;
        for (var i = 0; i < count; i++)
        {
            var index = _position >> 3;
            var bit = index < _bytes.Length ? (_bytes[index] >> (7 - (_position & 7))) & 1 : 0;
            value = (value << 1) | (uint)bit;
            _position++;
        }

        return value;
    }

    /// <summary>ue(v), Exp-Golomb (ITU-T H.264 §9.1). AV1's uvlc() is the same code.</summary>
    public uint ExpGolomb()
    {
        var zeros = 0;
        while (!Flag())
        {
            if (++zeros > 31 || Overrun)
            {
                _position = (_bytes.Length * 8) + 1;
                return 0;
            }
        }

        return (1u << zeros) - 1 + Bits(zeros);
    }

    /// <summary>se(v) (ITU-T H.264 §9.1.1).</summary>
    public int SignedExpGolomb()
    {
        var code = ExpGolomb();
        return (code & 1) != 0 ? (int)((code + 1) / 2) : -(int)(code / 2);
    }
}
