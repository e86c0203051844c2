using Microsoft.Extensions.Logging;

namespace Events.Rtc;

/// <summary>The SFU's log messages. Event ids 1000–1099.</summary>
public sealed partial class RtcLog(ILogger<RtcLog> logger)
{
    private readonly ILogger _logger = logger;

    [LoggerMessage(1000, LogLevel.Information, "Worker {Index} serves UDP and TCP port {Port} with {BufferBytes} bytes of socket buffer, segmentation {Segmentation}, candidates {Candidates}")]
    public partial void WorkerStarted(int index, int port, int bufferBytes, bool segmentation, string candidates);

    [LoggerMessage(1001, LogLevel.Warning, "The kernel granted {BufferBytes} bytes of UDP buffer; rooms of hundreds will drop packets. Run as root, or: sysctl -w net.core.rmem_max=16777216 net.core.wmem_max=16777216")]
    public partial void SmallSocketBuffer(int bufferBytes);

    [LoggerMessage(1002, LogLevel.Warning, "The socket of port {Port} has had no room for {Dropped} datagrams so far; its buffer has {BufferBytes} bytes. More workers, or larger buffers (sysctl -w net.core.rmem_max=16777216), help")]
    public partial void DatagramsDropped(int port, long dropped, int bufferBytes);

    [LoggerMessage(1010, LogLevel.Debug, "Room {Room}: {Participant}'s {Transport} transport is connected")]
    public partial void TransportConnected(string room, string participant, string transport);

    [LoggerMessage(1011, LogLevel.Information, "Room {Room}: {Participant}'s {Transport} transport ended: {Reason}")]
    public partial void TransportEnded(string room, string participant, string transport, string reason);

    [LoggerMessage(1012, LogLevel.Error, "Room {Room}: {Participant} was ended by a fault")]
    public partial void TransportFault(string room, string participant, Exception exception);

    [LoggerMessage(1013, LogLevel.Error, "A worker's command failed")]
    public partial void WorkerFault(Exception exception);

    [LoggerMessage(1014, LogLevel.Information, "Room {Room}: consent of a transport of {Participant} {Change}")]
    public partial void ConsentChanged(string room, string participant, string change);

    [LoggerMessage(1015, LogLevel.Information, "Room {Room}: a data channel of {Participant} was closed: {Reason}")]
    public partial void DataClosed(string room, string participant, string reason);

    [LoggerMessage(1016, LogLevel.Debug, "Room {Room}: {Participant} closed its data channels")]
    public partial void DataLeft(string room, string participant);

    [LoggerMessage(1020, LogLevel.Information, "Relay of room {Room} connected")]
    public partial void RelayConnected(string room);

    [LoggerMessage(1021, LogLevel.Information, "Relay of room {Room} ended: {Reason}; {Dropped} messages were dropped")]
    public partial void RelayEnded(string room, string reason, long dropped);
}
