namespace Events.Platform.Roles;

/// <summary>Log of the roles, event ids 1100 to 1199.</summary>
internal static partial class RolesLog
{
    [LoggerMessage(1100, LogLevel.Information, "speaker {Name}: {Status}")]
    public static partial void Speaker(ILogger logger, string name, string status);

    [LoggerMessage(1101, LogLevel.Warning, "The call at the start did not work out; the first guests may wait a little longer")]
    public static partial void RehearsalFailed(ILogger logger, Exception exception);
}
