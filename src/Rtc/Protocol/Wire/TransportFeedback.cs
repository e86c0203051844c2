using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>What the receiver says about one packet.</summary>
/// <param name="Sequence">Transport-wide sequence number.</param>
/// <param name="Received">It arrived.</param>
/// <param name="DeltaMicroseconds">Time since the arrival before it in this message; for the first, since the reference time. 0 when lost.</param>
public readonly record struct TransportFeedbackStatus(SequenceNumber Sequence, bool Received, int DeltaMicroseconds);

/// <summary>
/// Transport-wide feedback: which packets arrived when (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). Chunks and deltas are checked
/// on reading, so <c>foreach</c> yields exactly <see cref="StatusCount"/> entries.
/// </summary>
public readonly ref struct TransportFeedback
{
    /// <summary>Sender ssrc 4 + media ssrc 4 + base 2 + count 2 + reference time 3 + feedback count 1.</summary>
    internal const int FixedLength = 16;

    /// <summary>Unit of the reference time.</summary>
    public const int ReferenceTimeUnitMicroseconds = 64_000;

    /// <summary>Unit of a receive delta.</summary>
    public const int DeltaUnitMicroseconds = 250;

    private readonly ReadOnlySpan<byte> _body;
    private readonly int _deltasOffset;

    private TransportFeedback(ReadOnlySpan<byte> body, int deltasOffset)
    {
        _body = body;
        _deltasOffset = deltasOffset;
    }

    public uint SenderSsrc => BinaryPrimitives.ReadUInt32BigEndian(_body);

    public uint MediaSsrc => BinaryPrimitives.ReadUInt32BigEndian(_body[4..]);

    public SequenceNumber BaseSequence => new(BinaryPrimitives.ReadUInt16BigEndian(_body[8..]));

    public int StatusCount => BinaryPrimitives.ReadUInt16BigEndian(_body[10..]);

    /// <summary>24 bits signed, in units of <see cref="ReferenceTimeUnitMicroseconds"/>, on a clock of the receiver's choice; wraps.</summary>
    public int ReferenceTime => BinaryPrimitives.ReadInt32BigEndian(_body[12..]) >> 8;

    /// <summary>Counts feedback messages, to notice lost ones.</summary>
    public byte FeedbackCount => _body[15];

    public static bool TryRead(RtcpPacket packet, out TransportFeedback feedback)
    {
        feedback = default;
        var body = packet.Body;
        if (packet.Type != RtcpType.TransportFeedback || packet.Format != RtcpFeedbackFormat.TransportWideCc
            || body.Length < FixedLength)
        {
            return false;
        }

        int statuses = BinaryPrimitives.ReadUInt16BigEndian(body[10..]);
        var offset = FixedLength;
        var deltaLength = 0;
        for (var seen = 0; seen < statuses; offset += 2)
        {
            if (offset + 2 > body.Length)
            {
                return false;
            }

            var chunk = new StatusChunk(BinaryPrimitives.ReadUInt16BigEndian(body[offset..]));
            var used = Math.Min(chunk.Count, statuses - seen);
            if (used == 0)
            {
                return false; // a run of no packets would let a few bytes keep us busy for nothing
            }

            if (chunk.IsRun)
            {
                var symbol = chunk.SymbolAt(0);
                if (symbol == StatusChunk.Reserved)
                {
                    return false;
                }

                deltaLength += symbol * used;
            }
            else
            {
                for (var i = 0; i < used; i++)
                {
                    var symbol = chunk.SymbolAt(i);
                    if (symbol == StatusChunk.Reserved)
                    {
                        return false;
                    }

                    deltaLength += symbol;
                }
            }

            seen += used;
        }

        if (deltaLength > body.Length - offset)
        {
            return false;
        }

        feedback = new(body, offset);
        return true;
    }

    public Enumerator GetEnumerator() => new(_body, _deltasOffset);

    /// <summary>Walks the statuses in sequence order.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _body;
        private int _chunkOffset;
        private int _deltaOffset;
        private int _left;
        private ushort _sequence;
        private StatusChunk _chunk;
        private int _chunkIndex;

        internal Enumerator(ReadOnlySpan<byte> body, int deltasOffset)
        {
            _body = body;
            _chunkOffset = FixedLength;
            _deltaOffset = deltasOffset;
            _sequence = BinaryPrimitives.ReadUInt16BigEndian(body[8..]);
            _left = BinaryPrimitives.ReadUInt16BigEndian(body[10..]);
        }

        public TransportFeedbackStatus Current { get; private set; }

        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            if (_chunkIndex == _chunk.Count)
            {
                _chunk = new(BinaryPrimitives.ReadUInt16BigEndian(_body[_chunkOffset..]));
                _chunkOffset += 2;
                _chunkIndex = 0;
            }

            var symbol = _chunk.SymbolAt(_chunkIndex++);
            var delta = symbol switch
            {
                StatusChunk.SmallDelta => _body[_deltaOffset],
                StatusChunk.LargeDelta => BinaryPrimitives.ReadInt16BigEndian(_body[_deltaOffset..]),
                _ => 0,
            };
            _deltaOffset += symbol; // a symbol's value is also its delta's length
            Current = new(new(_sequence), symbol != StatusChunk.NotReceived, delta * DeltaUnitMicroseconds);
            _sequence++;
            _left--;
            return true;
        }
    }
}

/// <summary>
/// 16 bits of packet statuses (draft-holmer §3.1.3, §3.1.4): a run of one symbol, 14 one-bit symbols, or 7 two-bit symbols.
/// The default value is an exhausted run.
/// </summary>
internal readonly struct StatusChunk(ushort bits)
{
    public const int NotReceived = 0;
    public const int SmallDelta = 1;
    public const int LargeDelta = 2;
    public const int Reserved = 3;

    public const int MaxRun = 0x1FFF;
    public const int OneBitSymbols = 14;
    public const int TwoBitSymbols = 7;

    private const int VectorBit = 0x8000;
    private const int TwoBitVectorBit = 0x4000;

    public ushort Bits => bits;

    public bool IsRun => (bits & VectorBit) == 0;

    public int Count => IsRun ? bits & MaxRun : (bits & TwoBitVectorBit) == 0 ? OneBitSymbols : TwoBitSymbols;

    public static StatusChunk Run(int symbol, int length) => new((ushort)((symbol << 13) | length));

    /// <summary>Up to 14 symbols of which none is above <see cref="SmallDelta"/>; missing ones read as not received.</summary>
    public static StatusChunk OneBitVector(ReadOnlySpan<byte> symbols)
    {
        var value = VectorBit;
        for (var i = 0; i < symbols.Length; i++)
        {
            value |= symbols[i] << (OneBitSymbols - 1 - i);
        }

        return new((ushort)value);
    }

    /// <summary>Up to 7 symbols.</summary>
    public static StatusChunk TwoBitVector(ReadOnlySpan<byte> symbols)
    {
        var value = VectorBit | TwoBitVectorBit;
        for (var i = 0; i < symbols.Length; i++)
        {
            value |= symbols[i] << (2 * (TwoBitSymbols - 1 - i));
        }

        return new((ushort)value);
    }

    public int SymbolAt(int index) => IsRun ? (bits >> 13) & 3
        : (bits & TwoBitVectorBit) == 0 ? (bits >> (OneBitSymbols - 1 - index)) & 1
        : (bits >> (2 * (TwoBitSymbols - 1 - index))) & 3;
}
