using Events.Platform.Roles;

namespace Events.Platform.Features.Mail;

/// <summary>Where mails go.</summary>
public interface IMailTransport
{
    /// <summary>Hands a mail over for good.</summary>
    /// <exception cref="MailRefusedException">The other side said no, for now or for ever.</exception>
    /// <exception cref="IOException">It did not answer; try again.</exception>
    Task SendAsync(OutgoingMail mail, CancellationToken cancel);

    /// <summary>Deletes what still lies here for an address. What was handed to a server lies here no more.</summary>
    Task ForgetAsync(string address, CancellationToken cancel) => Task.CompletedTask;
}

/// <summary>The mail server refused.</summary>
/// <param name="message">What it said, without addresses of ours.</param>
/// <param name="isPermanent">RFC 5321 §4.2.1: 5yz, trying again is of no use.</param>
public sealed class MailRefusedException(string message, bool isPermanent) : Exception(message)
{
    public bool IsPermanent { get; } = isPermanent;
}

/// <summary>Mail into a folder, one <c>.eml</c> each: for development, and for installations whose mail another program takes away.</summary>
internal sealed class MailFolder(string directory) : IMailTransport
{
    public Task SendAsync(OutgoingMail mail, CancellationToken cancel)
    {
        // The same name at every attempt: a second delivery replaces the first.
        PrivateFile.Write(Path.Combine(directory, $"{mail.Id:N}.eml"), MimeWriter.Write(mail));
        return Task.CompletedTask;
    }

    public async Task ForgetAsync(string address, CancellationToken cancel)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(directory, "*.eml"))
        {
            var isTheirs = false;
            await foreach (var line in File.ReadLinesAsync(path, cancel))
            {
                isTheirs |= line.Equals($"To: {address}", StringComparison.OrdinalIgnoreCase);
                if (isTheirs || line.Length == 0)
                {
                    break;
                }
            }

            if (isTheirs)
            {
                File.Delete(path);
            }
        }
    }
}
