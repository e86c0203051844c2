using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Mail;

/// <summary>Mails to the person, and mails still on their way to others that name the address. What others have received is theirs.</summary>
internal sealed class MailPersonalData(IMailTransport transport) : IPersonalData
{
    public string Name => "mails";

    public ErasureTurn Turn => ErasureTurn.Last;

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]>
    {
        ["platform.mails"] = ["to_address", "model", "once_key", "last_error"],
        ["platform.mail_attachments"] = ["content", "content_id", "content_type", "file_name"],
    };

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("mails", "select id, to_address, template, state, attempts, last_error, created_at, settled_at from platform.mails where lower(to_address) = lower(@Email)"));

    public async Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel)
    {
        await transaction.Connection!.ExecuteAsync(
            """
            delete from platform.mails where lower(to_address) = lower(@Email);
            update platform.mails m set model = (select jsonb_object_agg(key, case when strpos(lower(value), lower(@Email)) > 0 then @Erased else value end) from jsonb_each_text(m.model))
            where m.model is not null and strpos(lower(m.model::text), lower(@Email)) > 0
            """,
            new { subject.Email, Erased = ErasedPerson.Name });
        await transport.ForgetAsync(subject.Email, cancel);
    }
}
