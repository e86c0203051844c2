namespace Events.Platform.Features.Tickets;

/// <summary>Log of tickets and payments, event ids 1400 to 1449.</summary>
internal static partial class TicketsLog
{
    [LoggerMessage(1400, LogLevel.Warning, "tickets' upkeep failed, and runs again in a second: {Reason}")]
    public static partial void UpkeepFailed(ILogger logger, string reason);

    [LoggerMessage(1401, LogLevel.Warning, "payment {PaymentId} of order {OrderId} came too late or with another amount; it is given back")]
    public static partial void PaymentGivenBack(ILogger logger, string paymentId, Guid orderId);
}
