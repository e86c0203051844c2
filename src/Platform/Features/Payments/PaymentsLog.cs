namespace Events.Platform.Features.Payments;

/// <summary>Log of payments, event ids 1450 to 1499. Ids only.</summary>
internal static partial class PaymentsLog
{
    [LoggerMessage(1450, LogLevel.Warning, "payment {PaymentId} of order {OrderId} is given back: {Reason}")]
    public static partial void GivenBack(ILogger logger, string paymentId, Guid orderId, string reason);

    [LoggerMessage(1451, LogLevel.Error, "payment {PaymentId} cannot be given back, somebody has to look at it: {Reason}")]
    public static partial void RefundFailed(ILogger logger, string paymentId, string reason);

    [LoggerMessage(1452, LogLevel.Warning, "the payment provider is asked again later: {Reason}")]
    public static partial void ProviderAway(ILogger logger, string reason);

    [LoggerMessage(1453, LogLevel.Warning, "the payment provider refused {What}: {Reason}")]
    public static partial void ProviderRefused(ILogger logger, string what, string reason);

    [LoggerMessage(1454, LogLevel.Information, "payment {PaymentId} was learnt of by asking: its notice had not come")]
    public static partial void NoticeMissed(ILogger logger, string paymentId);

    [LoggerMessage(1455, LogLevel.Error, "payment {PaymentId} names order {OrderId}, which is not in this database")]
    public static partial void OrderUnknown(ILogger logger, string paymentId, Guid orderId);

    [LoggerMessage(1457, LogLevel.Information, "account {Account}: charges enabled {ChargesEnabled}, details submitted {DetailsSubmitted}")]
    public static partial void AccountChanged(ILogger logger, string account, bool chargesEnabled, bool detailsSubmitted);

    [LoggerMessage(1458, LogLevel.Warning, "the payment provider has trouble with payment {PaymentId}, which is put off: {Reason}")]
    public static partial void PaymentPutOff(ILogger logger, string paymentId, string reason);
}
