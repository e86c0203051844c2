using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Transport;

/// <summary>Datagrams for which a worker's socket had no room: read of the kernel once a second, counted and warned of.</summary>
internal sealed class SocketDrops(UdpSocket socket, WorkerCounters counters, RtcLog log)
{
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    /// <summary>A worker that has too much to do would else say so every second.</summary>
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);

    private MonotonicTime _nextRead;
    private MonotonicTime _nextWarning;
    private uint _last;

    /// <summary>Up to now.</summary>
    public long Read()
    {
        var read = socket.ReceiveDrops;
        counters.ReceiveDrops += read - _last; // It wraps.
        _last = read;
        return counters.ReceiveDrops;
    }

    public void Advance(MonotonicTime now)
    {
        if (now < _nextRead)
        {
            return;
        }

        _nextRead = now + ReadInterval;
        var before = counters.ReceiveDrops;
        if (Read() > before && now >= _nextWarning)
        {
            _nextWarning = now + WarningInterval;
            log.DatagramsDropped(socket.Port, counters.ReceiveDrops, socket.BufferBytes);
        }
    }
}
