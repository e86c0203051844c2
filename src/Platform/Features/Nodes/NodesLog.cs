namespace Events.Platform.Features.Nodes;

/// <summary>Log of node events, event ids 1300 to 1399.</summary>
internal static partial class NodesLog
{
    [LoggerMessage(1300, LogLevel.Error, "event {Seq} ({Type}) of node {Node} cannot be applied and is left out: {Reason}")]
    public static partial void EventRefused(ILogger logger, string node, long seq, string type, string reason);

    [LoggerMessage(1301, LogLevel.Debug, "the media node does not answer: {Reason}")]
    public static partial void MediaAway(ILogger logger, string reason);
}
