namespace Events.Platform.Features.Mail;

/// <summary>Log of mail, event ids 1400 to 1499. No addresses, no contents.</summary>
internal static partial class MailLog
{
    [LoggerMessage(1400, LogLevel.Warning, "mail {Id} ({Template}) was not taken at attempt {Attempt} and is tried again: {Reason}")]
    public static partial void PutOff(ILogger logger, Guid id, string template, int attempt, string reason);

    [LoggerMessage(1401, LogLevel.Error, "mail {Id} ({Template}) cannot be delivered: {Reason}")]
    public static partial void Failed(ILogger logger, Guid id, string template, string reason);
}
