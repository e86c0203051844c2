namespace Events.Platform.Features.Tickets;

/// <summary>Log of tickets, event ids 1500 to 1549.</summary>
internal static partial class TicketsLog
{
    [LoggerMessage(1500, LogLevel.Warning, "tickets' upkeep failed, and runs again in a second: {Reason}")]
    public static partial void UpkeepFailed(ILogger logger, string reason);
}
