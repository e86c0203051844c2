namespace Events.Rtc;

/// <param name="PacketsForwarded">RTP packets sent to subscribers.</param>
/// <param name="AllocatedBytes">By the worker threads, since their start.</param>
/// <param name="Faults">Broken invariants; each cost one participant.</param>
/// <param name="RelayDropped">Messages that slow relay receivers lost.</param>
/// <param name="Routes">User fragments and addresses by which transports are found, now.</param>
public readonly record struct RtcMeasurement(long PacketsForwarded, long AllocatedBytes, long Faults, long RelayDropped, long Routes)
{
    /// <summary>Datagrams for which a socket's receive buffer had no room.</summary>
    public long ReceiveDrops { get; init; }

    /// <summary>Sends that datagrams travelled in: a segmented one counts once.</summary>
    public long Messages { get; init; }

    /// <summary>Packets that only probed a viewer's path.</summary>
    public long PaddingSent { get; init; }

    /// <summary>What the paths of all viewers carry together, as far as their clients report it; bits per second.</summary>
    public long EstimatedBitrate { get; init; }

    /// <summary>ICE-TCP connections, now.</summary>
    public long TcpConnections { get; init; }

    /// <summary>Connections beyond a limit; without an authentic check in time; closed for what they sent, or because they took nothing.</summary>
    public long TcpRefused { get; init; }

    public long TcpUnauthenticated { get; init; }

    public long TcpMalformed { get; init; }

    public long TcpStalled { get; init; }

    /// <summary>Datagrams that slow or closed connections lost.</summary>
    public long TcpDropped { get; init; }

    /// <summary>Rooms that have viewers on another worker than their own, each such worker of each room.</summary>
    public int Branches { get; init; }

    public static RtcMeasurement operator +(RtcMeasurement a, RtcMeasurement b) => new(
        a.PacketsForwarded + b.PacketsForwarded, a.AllocatedBytes + b.AllocatedBytes, a.Faults + b.Faults, a.RelayDropped + b.RelayDropped, a.Routes + b.Routes)
    {
        ReceiveDrops = a.ReceiveDrops + b.ReceiveDrops,
        Messages = a.Messages + b.Messages,
        PaddingSent = a.PaddingSent + b.PaddingSent,
        EstimatedBitrate = a.EstimatedBitrate + b.EstimatedBitrate,
        TcpConnections = a.TcpConnections + b.TcpConnections,
        TcpRefused = a.TcpRefused + b.TcpRefused,
        TcpUnauthenticated = a.TcpUnauthenticated + b.TcpUnauthenticated,
        TcpMalformed = a.TcpMalformed + b.TcpMalformed,
        TcpStalled = a.TcpStalled + b.TcpStalled,
        TcpDropped = a.TcpDropped + b.TcpDropped,
        Branches = a.Branches + b.Branches,
    };
}
