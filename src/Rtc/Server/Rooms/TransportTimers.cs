using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// A worker's transports, when each wants its tick, and the rounds in which they get it. The times lie side by side, so that a round over hundreds of viewers
/// reads eight with each line of cache and nothing of those whose time has not come.
/// </summary>
internal sealed class TransportTimers
{
    /// <summary>From one round to the next: what becomes due meanwhile is done together.</summary>
    public static readonly TimeSpan RoundInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>What cannot wait so long (retransmission requests, handshakes, probes, what is paced) is due after this, in a round between.</summary>
    public static readonly TimeSpan BusyInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>What waits for the other side.</summary>
    public static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(100);

    private MediaTransport[] _transports = new MediaTransport[16];
    private MonotonicTime[] _due = new MonotonicTime[16];
    private MonotonicTime _between;

    public int Count { get; private set; }

    public MonotonicTime NextRound { get; private set; }

    public ReadOnlySpan<MediaTransport> Transports => _transports.AsSpan(0, Count);

    /// <summary>When the transport at a place is due. Ticks may add and remove transports: ask for <see cref="Count"/> again after each.</summary>
    public MonotonicTime this[int place]
    {
        get => _due.AsSpan(0, Count)[place];
        set
        {
            _due.AsSpan(0, Count)[place] = value;
            Hurry(value);
        }
    }

    /// <summary>The last round up to that moment: what is due in a round needs none between.</summary>
    public static MonotonicTime RoundAt(MonotonicTime time) => time.Down(RoundInterval);

    /// <summary>A round begins now.</summary>
    public void BeginRound(MonotonicTime now)
    {
        NextRound = RoundAt(now) + RoundInterval;
        _between = now.Down(BusyInterval) + BusyInterval;
    }

    /// <summary>Something is due then: if it cannot wait for the next round, there is one between.</summary>
    public void Hurry(MonotonicTime due)
    {
        if (due <= _between)
        {
            NextRound = MonotonicTime.Min(NextRound, _between);
        }
    }

    /// <summary>At the end; <see cref="MediaTransport.Place"/> says where that is, also after others have gone.</summary>
    public void Add(MediaTransport transport, MonotonicTime due)
    {
        if (Count == _transports.Length)
        {
            Array.Resize(ref _transports, Count * 2);
            Array.Resize(ref _due, Count * 2);
        }

        transport.Place = Count;
        _transports[Count] = transport;
        _due[Count++] = due;
        Hurry(due);
    }

    /// <summary>The last one takes its place.</summary>
    public void Remove(MediaTransport transport)
    {
        var place = transport.Place;
        transport.Place = -1;
        Count--;
        if (place < Count)
        {
            _transports[place] = _transports[Count];
            _due[place] = _due[Count];
            _transports[place].Place = place;
        }

        _transports[Count] = null!; // It must not be kept from the collector.
    }
}
