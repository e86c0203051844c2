using System.Runtime.CompilerServices;

namespace Events.Rtc.Protocol.Streams;

/// <summary>
/// Which of the last 1,024 packets of a stream have arrived. SRTP's own replay window does not see through retransmissions: RTX carries
/// a number of the sender's choice, and browsers repeat old packets on it to probe the path. A number that were forwarded twice
/// with two payloads would use a subscriber's nonce twice (RFC 3711 §9.1).
/// </summary>
public struct ArrivalWindow
{
    /// <summary>One second at 1,000 packets/s; twice what <see cref="RetransmitCache"/> holds.</summary>
    public const int Size = 1_024;

    private Words _words;
    private long _highest;
    private bool _started;

    /// <summary>Notes an arrival. False when that packet was here before, or is too old to tell.</summary>
    public bool TryAdd(long extendedSequence)
    {
        if (!_started)
        {
            _started = true;
            _highest = extendedSequence;
            _words[Word(extendedSequence)] = Bit(extendedSequence);
            return true;
        }

        if (extendedSequence > _highest)
        {
            if (extendedSequence - _highest >= Size)
            {
                _words = default;
            }
            else
            {
                for (var sequence = _highest + 1; sequence < extendedSequence; sequence++)
                {
                    _words[Word(sequence)] &= ~Bit(sequence);
                }
            }

            _highest = extendedSequence;
            _words[Word(extendedSequence)] |= Bit(extendedSequence);
            return true;
        }

        if (_highest - extendedSequence >= Size || (_words[Word(extendedSequence)] & Bit(extendedSequence)) != 0)
        {
            return false;
        }

        _words[Word(extendedSequence)] |= Bit(extendedSequence);
        return true;
    }

    private static int Word(long sequence) => (int)((ulong)sequence % Size / 64);

    private static ulong Bit(long sequence) => 1UL << (int)((ulong)sequence % 64);

    [InlineArray(Size / 64)]
    private struct Words
    {
        private ulong _first;
    }
}
