using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling;

/// <summary>What the doors log. Event ids 4000–4099 hub, 4100–4199 WHIP, WHEP and node API, 4200–4299 journal. No tokens, keys or SDP.</summary>
internal static partial class RtcSignallingLog
{
    [LoggerMessage(4000, LogLevel.Information, "Participant {ParticipantId} joined {Room} on connection {ConnectionId}")]
    public static partial void Joined(ILogger logger, string participantId, string room, string connectionId);

    [LoggerMessage(4001, LogLevel.Information, "Participant {ParticipantId} resumed {Room} on connection {ConnectionId}")]
    public static partial void Resumed(ILogger logger, string participantId, string room, string connectionId);

    [LoggerMessage(4002, LogLevel.Information, "Participant {ParticipantId} of {Room} lost its connection; it may resume")]
    public static partial void ConnectionLost(ILogger logger, string participantId, string room);

    [LoggerMessage(4003, LogLevel.Warning, "Connection {ConnectionId} is dropped: {Length} messages wait for it")]
    public static partial void QueueOverflow(ILogger logger, string connectionId, int length);

    [LoggerMessage(4004, LogLevel.Warning, "Connection {ConnectionId} is dropped: it goes on calling above its rate")]
    public static partial void CallRateAbused(ILogger logger, string connectionId);

    [LoggerMessage(4005, LogLevel.Error, "Hub method {Method} failed on connection {ConnectionId}")]
    public static partial void CallFailed(ILogger logger, string method, string connectionId, Exception exception);

    [LoggerMessage(4006, LogLevel.Error, "Leaving failed for participant {ParticipantId} of {Room}")]
    public static partial void LeaveFailed(ILogger logger, string participantId, string room, Exception exception);

    [LoggerMessage(4007, LogLevel.Information, "An origin is refused at the hub: {Origin}")]
    public static partial void OriginRefused(ILogger logger, string origin);

    [LoggerMessage(4008, LogLevel.Debug, "Sending to connection {ConnectionId} ended")]
    public static partial void SendingEnded(ILogger logger, string connectionId, Exception exception);

    [LoggerMessage(4100, LogLevel.Information, "{Protocol} session of participant {ParticipantId} in {Room} begins")]
    public static partial void SessionBegan(ILogger logger, string protocol, string participantId, string room);

    [LoggerMessage(4101, LogLevel.Information, "{Protocol} session of participant {ParticipantId} in {Room} is over")]
    public static partial void SessionEnded(ILogger logger, string protocol, string participantId, string room);

    [LoggerMessage(4102, LogLevel.Warning, "WHIP and WHEP are open without a grant: for development only")]
    public static partial void OpenMode(ILogger logger);

    [LoggerMessage(4103, LogLevel.Information, "The platform runs {Room}: {Request}")]
    public static partial void Moderated(ILogger logger, string room, string request);

    [LoggerMessage(4104, LogLevel.Critical, "The rules of {Room} hold, but cannot be written; they end with this process")]
    public static partial void RulesNotWritten(ILogger logger, string room, Exception exception);

    [LoggerMessage(4105, LogLevel.Warning, "Too many rooms have rules: the {Count} that were not touched for longest are forgotten")]
    public static partial void RulesLetGo(ILogger logger, int count);

    [LoggerMessage(4200, LogLevel.Warning, "The journal in {Directory} ended in {Bytes} bytes of an unfinished record; they are dropped")]
    public static partial void JournalTailDropped(ILogger logger, long bytes, string directory);

    [LoggerMessage(4201, LogLevel.Critical, "The journal in {Directory} is full: {Count} events are lost so far. The platform does not acknowledge")]
    public static partial void JournalFull(ILogger logger, long count, string directory);

    [LoggerMessage(4202, LogLevel.Critical, "The journal cannot be written")]
    public static partial void JournalWriteFailed(ILogger logger, Exception exception);

    [LoggerMessage(4203, LogLevel.Error, "An event {Type} of {Bytes} bytes is too large for the journal and lost")]
    public static partial void JournalEventTooLarge(ILogger logger, string type, int bytes);

    [LoggerMessage(4204, LogLevel.Error, "An event {Type} cannot be serialised and is lost")]
    public static partial void JournalEventUnserialisable(ILogger logger, string type, Exception exception);

    [LoggerMessage(4205, LogLevel.Error, "The platform has events up to {Acknowledged} of this journal, which ends at {Last}: the disk was set back")]
    public static partial void JournalSetBack(ILogger logger, long acknowledged, long last);

    [LoggerMessage(4206, LogLevel.Warning, "Events of {Node} from {Seq} on could not be delivered: {Failure}")]
    public static partial void JournalDeliveryFailed(ILogger logger, string node, long seq, string failure);
}
