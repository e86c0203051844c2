namespace Events.Platform.Data;

/// <summary>Log of the database layer, event ids 1000 to 1099.</summary>
internal static partial class DataLog
{
    [LoggerMessage(1000, LogLevel.Information, "migration {Name} applied")]
    public static partial void MigrationApplied(ILogger logger, string name);
}
