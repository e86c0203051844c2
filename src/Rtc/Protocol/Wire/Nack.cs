using System.Buffers.Binary;
using System.Numerics;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>Generic NACK: packets to send again (RFC 4585 §6.2.1). <c>foreach</c> yields the lost sequence numbers in wire order.</summary>
public readonly ref struct Nack
{
    /// <summary>Sender ssrc 4 + media ssrc 4.</summary>
    internal const int FixedLength = 8;

    /// <summary>PID 2 + BLP 2.</summary>
    internal const int EntryLength = 4;

    private readonly ReadOnlySpan<byte> _body;

    private Nack(ReadOnlySpan<byte> body)
    {
        _body = body;
    }

    public uint SenderSsrc => BinaryPrimitives.ReadUInt32BigEndian(_body);

    public uint MediaSsrc => BinaryPrimitives.ReadUInt32BigEndian(_body[4..]);

    public static bool TryRead(RtcpPacket packet, out Nack nack)
    {
        var valid = packet.Type == RtcpType.TransportFeedback && packet.Format == RtcpFeedbackFormat.Nack
            && packet.Body.Length >= FixedLength;
        nack = valid ? new(packet.Body) : default;
        return valid;
    }

    public Enumerator GetEnumerator() => new(_body[FixedLength..]);

    /// <summary>Walks packet ids and their bitmasks.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _entries;
        private ushort _packetId;
        private ushort _mask;

        internal Enumerator(ReadOnlySpan<byte> entries)
        {
            _entries = entries;
        }

        public SequenceNumber Current { get; private set; }

        public bool MoveNext()
        {
            if (_mask != 0)
            {
                // Bit i of BLP stands for PID + i + 1.
                Current = new((ushort)(_packetId + BitOperations.TrailingZeroCount(_mask) + 1));
                _mask &= (ushort)(_mask - 1);
                return true;
            }

            if (_entries.Length < EntryLength)
            {
                return false;
            }

            _packetId = BinaryPrimitives.ReadUInt16BigEndian(_entries);
            _mask = BinaryPrimitives.ReadUInt16BigEndian(_entries[2..]);
            _entries = _entries[EntryLength..];
            Current = new(_packetId);
            return true;
        }
    }
}
