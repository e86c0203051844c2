namespace Events.Platform.Data;

/// <summary>Log of the platform's foundation, event ids 1000 to 1099.</summary>
internal static partial class DataLog
{
    [LoggerMessage(1000, LogLevel.Information, "migration {Name} applied")]
    public static partial void MigrationApplied(ILogger logger, string name);

    [LoggerMessage(1001, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string method, string path);

    [LoggerMessage(1002, LogLevel.Error, "timer {Kind} {Key} failed at attempt {Attempt}; {Then}")]
    public static partial void TimerFailed(ILogger logger, Exception exception, string kind, string key, int attempt, string then);

    [LoggerMessage(1003, LogLevel.Warning, "what is due waits for the database: {Reason}")]
    public static partial void WorkWaits(ILogger logger, string reason);

    [LoggerMessage(1004, LogLevel.Error, "work that was due broke ({What}); it is tried again")]
    public static partial void WorkFailed(ILogger logger, Exception exception, string what);
}
