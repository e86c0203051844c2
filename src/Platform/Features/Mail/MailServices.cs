using Events.Platform.Data.Work;
using Events.Platform.Roles;

namespace Events.Platform.Features.Mail;

/// <summary>Mail: the queue's sender and where it sends to.</summary>
internal static class MailServices
{
    public static void AddMail(this IServiceCollection services, NodeOptions options)
    {
        services.AddSingleton<IMailTransport>(options.Smtp is { } server ? new SmtpTransport(server) : new MailFolder(options.MailDirectory));
        services.AddRowWorker<MailSender>();
    }
}
