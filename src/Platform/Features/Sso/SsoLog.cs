namespace Events.Platform.Features.Sso;

/// <summary>Log of company sign-in, event ids 1550 to 1599. No names, no addresses, no tokens.</summary>
internal static partial class SsoLog
{
    [LoggerMessage(1550, LogLevel.Warning, "sign-in by connection {Connection} was refused: {Code} ({Detail})")]
    public static partial void Refused(ILogger logger, Guid connection, string code, string detail);

    [LoggerMessage(1551, LogLevel.Warning, "{Address} of an identity provider did not answer as it must: {Reason}")]
    public static partial void ProviderFailed(ILogger logger, string address, string reason);
}
