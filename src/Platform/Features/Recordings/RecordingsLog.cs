namespace Events.Platform.Features.Recordings;

/// <summary>Log of recordings, event ids 1200 to 1299.</summary>
internal static partial class RecordingsLog
{
    [LoggerMessage(1201, LogLevel.Error, "recording {Id} failed: {Code}")]
    public static partial void Failed(ILogger logger, Guid id, string code);

    [LoggerMessage(1202, LogLevel.Information, "recording {Id} is {Status}")]
    public static partial void Moved(ILogger logger, Guid id, string status);
}
