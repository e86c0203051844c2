namespace Events.Platform.Features.Media;

/// <summary>Log of the blob store's upkeep, event ids 1350 to 1399.</summary>
internal static partial class MediaLog
{
    [LoggerMessage(1350, LogLevel.Information, "{Count} blobs were put and never registered; they are deleted in {Days} days")]
    public static partial void OrphansFound(ILogger logger, int count, double days);

    [LoggerMessage(1351, LogLevel.Information, "{Count} blobs that nothing refers to are deleted")]
    public static partial void OrphansDeleted(ILogger logger, int count);

    [LoggerMessage(1352, LogLevel.Warning, "the blob store cannot be looked through: {Message}")]
    public static partial void LookFailed(ILogger logger, string message);
}
