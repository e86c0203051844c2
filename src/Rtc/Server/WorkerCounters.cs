namespace Events.Rtc;

/// <summary>Plain counters of one worker: written by its thread, read by the metrics at leisure.</summary>
internal sealed class WorkerCounters
{
    public long PacketsReceived;
    public long BytesReceived;
    public long PacketsForwarded;
    public long BytesForwarded;
    public long Retransmissions;
    public long PaddingSent;

    /// <summary>Waited for a viewer's path.</summary>
    public long PacketsPaced;

    /// <summary>Could not wait: their viewer's queue or the worker's memory for such was full.</summary>
    public long PacerDropped;

    /// <summary>Of all viewers whose clients report, bits per second, now.</summary>
    public long EstimatedBitrate;
    public long NacksReceived;
    public long NacksSent;

    /// <summary>Asked for beyond the viewer's share, or while it was on its way.</summary>
    public long NacksIgnored;
    public long KeyframeRequests;
    public long UnknownSources;
    public long UnknownAddresses;

    /// <summary>Datagrams for which the socket's receive buffer had no room; read of the kernel once a second.</summary>
    public long ReceiveDrops;
    public long RelayDropped;

    /// <summary>Packets of sound that were lost on the way here, and given to those without RED out of later ones.</summary>
    public long AudioRecovered;

    /// <summary>Packets of sound with redundancy from publishers.</summary>
    public long RedReceived;

    /// <summary>Packets whose RED is none.</summary>
    public long RedMalformed;

    /// <summary>ICE-TCP: connections accepted, and why others were not or did not stay.</summary>
    public long TcpAccepted;
    public long TcpRefused;
    public long TcpUnauthenticated;
    public long TcpMalformed;
    public long TcpStalled;

    /// <summary>Datagrams that the kernel took, and those that a slow reader or a closed connection lost.</summary>
    public long TcpSent;
    public long TcpDropped;

    /// <summary>Messages of data channels: from clients, of them refused (rights, rate, form), and to clients.</summary>
    public long DataReceived;
    public long DataRefused;
    public long DataSent;
    public long Faults;

    /// <summary>How viewers fare.</summary>
    public readonly Stats.ViewerSamples Viewers = new();
}
