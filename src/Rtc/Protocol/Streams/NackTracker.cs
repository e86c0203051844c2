using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Streams;

/// <summary>Which packets of a received stream are missing, and when to ask for each again (RFC 4585 §6.2.1).</summary>
public sealed class NackTracker
{
    /// <summary>More missing packets than this is not loss but an outage: a keyframe is the way back.</summary>
    public const int MaxMissing = 256;

    /// <summary>Asked this often in all; with the retry interval it covers the second that the publisher's cache holds.</summary>
    private const int MaxTries = 10;

    /// <summary>Reordering within this time costs no request.</summary>
    private static readonly TimeSpan ReorderTolerance = TimeSpan.FromMilliseconds(10);

    /// <summary>One round trip of a far publisher; libwebrtc's sender ignores requests repeated within one RTT anyway.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    private readonly Missing[] _missing = new Missing[MaxMissing];
    private int _count;
    private long _highest = -1;

    /// <summary>Missing packets that are still asked for.</summary>
    public int Count => _count;

    /// <summary>Packets that arrived after they had been missing.</summary>
    public long Recovered { get; private set; }

    /// <summary>Packets that never came.</summary>
    public long GivenUp { get; private set; }

    /// <summary>Notes an arrival. False when so much is missing that only a keyframe helps.</summary>
    public bool Receive(long extendedSequence, MonotonicTime now)
    {
        if (_highest < 0 || extendedSequence == _highest + 1)
        {
            _highest = Math.Max(_highest, extendedSequence);
            return true;
        }

        if (extendedSequence <= _highest)
        {
            Remove(extendedSequence);
            return true;
        }

        var gap = extendedSequence - _highest - 1;
        var fits = gap <= MaxMissing - _count;
        if (!fits)
        {
            GivenUp += _count + gap;
            _count = 0;
        }
        else
        {
            for (var sequence = _highest + 1; sequence < extendedSequence; sequence++)
            {
                _missing[_count++] = new Missing { Sequence = sequence, NextAt = now + ReorderTolerance };
            }
        }

        _highest = extendedSequence;
        return fits;
    }

    /// <summary>Writes the sequence numbers to ask for now, oldest first; returns how many.</summary>
    public int Collect(MonotonicTime now, Span<ushort> destination)
    {
        var written = 0;
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            var missing = _missing[i];
            if (missing.NextAt <= now && written < destination.Length)
            {
                if (missing.Tries == MaxTries)
                {
                    GivenUp++;
                    continue;
                }

                destination[written++] = (ushort)missing.Sequence;
                missing.Tries++;
                missing.NextAt = now + RetryInterval;
            }

            _missing[kept++] = missing;
        }

        _count = kept;
        return written;
    }

    /// <summary>Starts over: the stream's source changed.</summary>
    public void Reset()
    {
        _count = 0;
        _highest = -1;
    }

    private void Remove(long sequence)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_missing[i].Sequence == sequence)
            {
                if (_missing[i].Tries > 0)
                {
                    Recovered++;
                }

                _missing.AsSpan(i + 1, _count - i - 1).CopyTo(_missing.AsSpan(i));
                _count--;
                return;
            }
        }
    }

    private struct Missing
    {
        public long Sequence;
        public MonotonicTime NextAt;
        public int Tries;
    }
}
