using System.Text.Json;
using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Mail;

/// <summary>The way into the mail queue: in the transaction of the mail's cause, so that both are kept or neither.</summary>
public static class MailOutbox
{
    private const int MaxAttachments = 10;
    private const int MaxAttachmentBytes = 2 * 1024 * 1024;

    /// <summary>Characters in one value of a mail.</summary>
    public const int MaxValue = 4_000;

    /// <summary>Enqueues a mail; it is sent at least once after the commit, always with the same Message-ID.</summary>
    /// <returns>The mail's id, or null when its <see cref="MailMessage.OnceKey"/> is known already, or its recipient was erased.</returns>
    /// <exception cref="ArgumentException">The address, the template, a missing placeholder, an address in a value, or an attachment is wrong: a mistake of the calling code.</exception>
    public static async Task<Guid?> EnqueueAsync(NpgsqlTransaction transaction, MailMessage mail)
    {
        Check(mail);
        if (ErasedPerson.IsAddress(mail.To))
        {
            return null;
        }

        var id = Guid.CreateVersion7();
        var connection = transaction.Connection!;
        var kept = await connection.ExecuteAsync(
            """
            insert into platform.mails (id, once_key, to_address, template, model, urgency, expires_at)
            values (@id, @OnceKey, @To, @Template, @Model::jsonb, @Urgency, @ExpiresAt) on conflict (once_key) do nothing
            """,
            new { id, mail.OnceKey, mail.To, mail.Template, Model = JsonSerializer.Serialize(mail.Model), Urgency = (short)mail.Urgency, mail.ExpiresAt },
            transaction);
        if (kept == 0)
        {
            return null;
        }

        for (var position = 0; position < mail.Attachments.Count; position++)
        {
            var a = mail.Attachments[position];
            await connection.ExecuteAsync(
                """
                insert into platform.mail_attachments (mail_id, position, file_name, content_type, content_id, content)
                values (@id, @position, @FileName, @ContentType, @ContentId, @Content)
                """,
                new { id, position, a.FileName, a.ContentType, a.ContentId, a.Content },
                transaction);
        }

        return id;
    }

    private static void Check(MailMessage mail)
    {
        if (!MailAddresses.IsValid(mail.To))
        {
            throw new ArgumentException("The recipient is no e-mail address.", nameof(mail));
        }

        if (MailTemplate.Find(mail.Template) is not { } template)
        {
            throw new ArgumentException($"There is no mail template '{mail.Template}'.", nameof(mail));
        }

        if (template.Placeholders.FirstOrDefault(p => !mail.Model.ContainsKey(p)) is { } missing)
        {
            throw new ArgumentException($"The template '{mail.Template}' needs a value for '{missing}'.", nameof(mail));
        }

        foreach (var (key, value) in mail.Model)
        {
            if (value.Length > MaxValue || value.Contains('\0'))
            {
                throw new ArgumentException($"The value of '{key}' is too long or no text.", nameof(mail));
            }

            if (key.EndsWith("Url", StringComparison.Ordinal) && value.Length > 0 && !(Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            {
                throw new ArgumentException($"'{key}' must be an absolute http or https address.", nameof(mail));
            }
        }

        if (mail.Attachments.Count > MaxAttachments || mail.Attachments.Any(a => a.Content.Length > MaxAttachmentBytes || !IsHeaderSafe(a.FileName) || !IsHeaderSafe(a.ContentType) || !IsHeaderSafe(a.ContentId ?? "x")))
        {
            throw new ArgumentException($"A mail has at most {MaxAttachments} attachments of 2 MB, their names and types in plain ASCII.", nameof(mail));
        }
    }

    private static bool IsHeaderSafe(string text) => text.Length is > 0 and <= 200 && text.All(c => c is >= ' ' and < (char)127 and not '"' and not '<' and not '>' and not '\\');
}
