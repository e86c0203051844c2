using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>NAL unit types of interest (ITU-T H.264 table 7-1, RFC 6184 §5.2).</summary>
public static class H264NalType
{
    public const byte Slice = 1;
    public const byte IdrSlice = 5;
    public const byte Sei = 6;
    public const byte SequenceParameterSet = 7;
    public const byte PictureParameterSet = 8;
    public const byte AccessUnitDelimiter = 9;

    /// <summary>RFC 6184 §5.7.1.</summary>
    public const byte StapA = 24;

    /// <summary>RFC 6184 §5.8.</summary>
    public const byte FuA = 28;
}

/// <summary>
/// One H264 RTP payload in packetization mode 0 or 1: a single NAL unit, a STAP-A or a FU-A (RFC 6184 §5.4). <c>foreach</c> yields whole NAL units
/// with their header byte; of a FU-A nothing, since it holds a part only (<see cref="Fragment"/>).
/// </summary>
public readonly ref struct H264Payload
{
    private readonly ReadOnlySpan<byte> _payload;

    private H264Payload(ReadOnlySpan<byte> payload)
    {
        _payload = payload;
    }

    /// <summary>Type in the first byte: of the NAL unit, or <see cref="H264NalType.StapA"/> or <see cref="H264NalType.FuA"/>.</summary>
    public byte PacketType => (byte)(_payload[0] & 0x1F);

    public bool IsFragment => PacketType == H264NalType.FuA;

    /// <summary>FU-A: S bit.</summary>
    public bool IsFragmentStart => IsFragment && (_payload[1] & 0x80) != 0;

    /// <summary>FU-A: E bit.</summary>
    public bool IsFragmentEnd => IsFragment && (_payload[1] & 0x40) != 0;

    /// <summary>FU-A: the header byte of the NAL unit that the fragments make up.</summary>
    public byte FragmentedNalHeader => (byte)(IsFragment ? (_payload[0] & 0xE0) | (_payload[1] & 0x1F) : 0);

    /// <summary>FU-A: this part of the NAL unit's bytes behind its header.</summary>
    public ReadOnlySpan<byte> Fragment => IsFragment ? _payload[2..] : default;

    /// <summary>An IDR picture or its sequence parameter set begins in this packet.</summary>
    public bool IsKeyframe
    {
        get
        {
            if (IsFragment)
            {
                return IsFragmentStart && StartsKeyframe((byte)(_payload[1] & 0x1F));
            }

            foreach (var nal in this)
            {
                if (StartsKeyframe((byte)(nal[0] & 0x1F)))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>False for an empty payload, a form that mode 1 does not know (RFC 6184 table 3), or an aggregate whose sizes do not add up.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out H264Payload h264)
    {
        h264 = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        var valid = (payload[0] & 0x1F) switch
        {
            >= 1 and <= 23 => true,
            H264NalType.StapA => IsAggregate(payload[1..]),
            H264NalType.FuA => payload.Length >= 2,
            _ => false,
        };
        h264 = valid ? new(payload) : default;
        return valid;
    }

    public Enumerator GetEnumerator() => new(_payload);

    private static bool StartsKeyframe(byte type) => type is H264NalType.IdrSlice or H264NalType.SequenceParameterSet;

    private static bool IsAggregate(ReadOnlySpan<byte> units)
    {
        if (units.IsEmpty)
        {
            return false;
        }

        while (!units.IsEmpty)
        {
            if (units.Length < 3)
            {
                return false;
            }

            int size = BinaryPrimitives.ReadUInt16BigEndian(units);
            if (size == 0 || size > units.Length - 2)
            {
                return false;
            }

            units = units[(2 + size)..];
        }

        return true;
    }

    /// <summary>Walks whole NAL units; sizes were checked on reading.</summary>
    public ref struct Enumerator
    {
        private readonly bool _aggregate;
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> payload)
        {
            var type = payload[0] & 0x1F;
            _aggregate = type == H264NalType.StapA;
            _rest = _aggregate ? payload[1..] : type == H264NalType.FuA ? default : payload;
        }

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var start = _aggregate ? 2 : 0;
            var end = _aggregate ? 2 + BinaryPrimitives.ReadUInt16BigEndian(_rest) : _rest.Length;
            Current = _rest[start..end];
            _rest = _rest[end..];
            return true;
        }
    }
}
