using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// A worker's transports, and when each wants its tick. The times lie side by side, so that a round over hundreds of viewers, a hundred times a second,
/// reads eight with each line of cache and nothing of those whose time has not come.
/// </summary>
internal sealed class TransportTimers
{
    private MediaTransport[] _transports = new MediaTransport[16];
    private MonotonicTime[] _due = new MonotonicTime[16];

    public int Count { get; private set; }

    public ReadOnlySpan<MediaTransport> Transports => _transports.AsSpan(0, Count);

    /// <summary>When the transport at a place is due. Ticks may add and remove transports: ask for <see cref="Count"/> again after each.</summary>
    public ref MonotonicTime this[int place] => ref _due.AsSpan(0, Count)[place];

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
