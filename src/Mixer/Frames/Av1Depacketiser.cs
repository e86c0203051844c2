using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>
/// AV1 (RTP Payload Format for AV1) into temporal units of the low-overhead format: every OBU with its size. Each begins with a temporal delimiter, which AV1 in Matroska
/// ("Block Data") advises against: without it dav1d does not know that a picture whose upper layers were not sent is whole, and shows none until they are sent again.
/// </summary>
internal sealed class Av1Depacketiser : VideoDepacketiser
{
    private const byte TileList = 8;
    private const byte Padding = 15;
    private static readonly byte[] Delimiter = [(Av1ObuType.TemporalDelimiter << 3) | HasSizeBit, 0];

    private const byte HasSizeBit = 0x02;
    private const byte ExtensionBit = 0x04;

    private readonly FrameBuffer _obu = new();
    private bool _obuOpen;
    private bool _startsSequence;
    private bool _sawSequence;
    private Av1Sequence _sequence;

    public override ReadOnlyMemory<byte> CodecPrivate => _configuration;

    private byte[] _configuration = [];

    protected override bool StartsPicture(ReadOnlySpan<byte> payload) =>
        Av1Payload.TryRead(payload, out var av1) && !av1.StartsWithFragment;

    protected override void Begin()
    {
        _obu.Clear();
        _obuOpen = false;
        _startsSequence = false;
        _sawSequence = false;
    }

    protected override bool Append(ReadOnlySpan<byte> payload)
    {
        if (!Av1Payload.TryRead(payload, out var av1) || av1.StartsWithFragment != _obuOpen)
        {
            return false;
        }

        _startsSequence |= av1.StartsSequence;
        var first = true;
        foreach (var element in av1)
        {
            // An element ends the OBU before it, unless it continues it.
            if (!first && !FinishObu())
            {
                return false;
            }

            first = false;
            _obuOpen = true;
            if (!_obu.Append(element.Bytes))
            {
                return false;
            }
        }

        return av1.EndsWithFragment || FinishObu();
    }

    protected override bool TryFinish(out bool keyframe, out int width, out int height)
    {
        keyframe = _startsSequence && _sawSequence;
        width = _sequence.Width;
        height = _sequence.Height;
        return !_obuOpen;
    }

    private bool FinishObu()
    {
        _obuOpen = false;
        var obu = _obu.Span;
        if (obu.IsEmpty)
        {
            return true;
        }

        var header = (obu[0] & ExtensionBit) != 0 ? 2 : 1;
        var start = header;
        if (obu.Length < header || ((obu[0] & HasSizeBit) != 0 && !TrySkipLeb128(obu, ref start)))
        {
            return false;
        }

        var type = (byte)((obu[0] >> 3) & 0x0F);
        if (type is Av1ObuType.TemporalDelimiter or TileList or Padding)
        {
            _obu.Clear();
            return true;
        }

        if (Buffer.Length == 0)
        {
            Buffer.Append(Delimiter);
        }

        var written = Buffer.Length;
        var ok = Buffer.Append([(byte)(obu[0] | HasSizeBit)])
            && (header == 1 || Buffer.Append(obu[1..2]))
            && AppendLeb128(obu.Length - start)
            && Buffer.Append(obu[start..]);
        if (ok && type == Av1ObuType.SequenceHeader)
        {
            ok = TakeSequence(obu[start..], Buffer.Span[written..]);
        }

        _obu.Clear();
        return ok;
    }

    private bool TakeSequence(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> withSize)
    {
        if (!Av1Sequence.TryRead(payload, out var sequence))
        {
            return false;
        }

        _sequence = sequence;
        _sawSequence = true;
        if (_configuration.Length < 4 || !withSize.SequenceEqual(_configuration.AsSpan(4)))
        {
            _configuration = [.. sequence.ConfigurationHeader(), .. withSize];
        }

        return true;
    }

    private bool AppendLeb128(int value)
    {
        do
        {
            var more = value > 0x7F ? 0x80 : 0;
            if (!Buffer.Append([(byte)((value & 0x7F) | more)]))
            {
                return false;
            }

            value >>= 7;
        }
        while (value > 0);
        return true;
    }

    private static bool TrySkipLeb128(ReadOnlySpan<byte> bytes, ref int position)
    {
        for (var i = 0; i < 8 && position < bytes.Length; i++)
        {
            if ((bytes[position++] & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }
}
