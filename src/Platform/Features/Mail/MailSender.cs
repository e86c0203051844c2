using System.Text.Json;
using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Mail;

/// <summary>
/// Drains the queue. Taking a mail moves its next attempt behind the lease, so a process that dies in between only delays it; what
/// was delivered and not noted is delivered again with the same Message-ID.
/// </summary>
internal sealed class MailSender(Database database, IMailTransport transport, NodeOptions options, TimeProvider clock, ILogger<MailSender> log) : RowWorker(log)
{
    /// <summary>Pauses after the first, second, … failed attempt; after the last one the mail has failed. Together a little over two days.</summary>
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2), TimeSpan.FromHours(6), TimeSpan.FromHours(16), TimeSpan.FromHours(24),
    ];

    /// <summary>Longer than the transport's patience for a whole batch would be too long: one lease covers one mail.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(3);

    /// <summary>Addresses of settled mails are forgotten after this.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private static readonly TimeSpan CleanUpEvery = TimeSpan.FromHours(1);

    /// <summary>One whose server hangs for a minute holds no link up that is good for ten. Hosted services take no more than three at once from a sender.</summary>
    private const int AtOnce = 2;

    private DateTimeOffset _cleanUpAt;

    public override string Due => "exists (select from platform.mails where state = 'waiting' and next_attempt_at <= now())";

    public override string NextDue => "(select min(next_attempt_at) from platform.mails where state = 'waiting' and next_attempt_at > now())";

    protected override TimeSpan AtLeastEvery => CleanUpEvery;

    protected override async Task WorkAsync(CancellationToken cancel)
    {
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => SendAllAsync(cancel)));
        if (clock.GetUtcNow() >= _cleanUpAt)
        {
            await CleanUpAsync(cancel);
            _cleanUpAt = clock.GetUtcNow() + CleanUpEvery;
        }
    }

    private async Task SendAllAsync(CancellationToken cancel)
    {
        while (await SendNextAsync(cancel))
        {
        }
    }

    /// <summary>Takes one mail and sends it; false when none is due.</summary>
    private async Task<bool> SendNextAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var row = await connection.QuerySingleOrDefaultAsync<MailRow>(new CommandDefinition(
            """
            update platform.mails set attempts = attempts + 1, next_attempt_at = now() + @Lease
            where id = (select id from platform.mails where state = 'waiting' and next_attempt_at <= now() order by urgency, next_attempt_at, id limit 1 for update skip locked)
            returning id, to_address, template, model::text as model, attempts, created_at, coalesce(expires_at < now(), false) as has_expired
            """,
            new { Lease },
            cancellationToken: cancel));
        if (row is null)
        {
            return false;
        }

        if (row.HasExpired)
        {
            await SettleAsync(connection, row.Id, "failed", "It had expired before it could be sent.");
            return true;
        }

        var attachments = (await connection.QueryAsync<MailAttachment>(
            "select file_name, content_type, content, content_id from platform.mail_attachments where mail_id = @Id order by position", row)).AsList();
        if (MailTemplate.Find(row.Template) is not { } template)
        {
            // Enqueued by a newer version that was rolled back.
            await PutOffAsync(connection, row, $"There is no template '{row.Template}'.", isPermanent: false);
            return true;
        }

        try
        {
            var model = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Model)!;
            await transport.SendAsync(new OutgoingMail(row.Id, options.MailFrom, row.ToAddress, row.CreatedAt, template.Render(model), attachments), cancel);
        }
        catch (MailRefusedException e)
        {
            await PutOffAsync(connection, row, e.Message, e.IsPermanent);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await PutOffAsync(connection, row, e.Message, isPermanent: false);
            return true;
        }
        catch (Exception e) when (IsOfTheRow(e))
        {
            // A mistake of ours at this mail: told whole, and no other waits for it.
            DataLog.WorkFailed(log, e, $"mail {row.Id}");
            await PutOffAsync(connection, row, e.Message, isPermanent: false);
            return true;
        }

        if (await SettleAsync(connection, row.Id, "sent", null) == 0)
        {
            // Its recipient was erased while it was on its way.
            await transport.ForgetAsync(row.ToAddress, cancel);
        }

        return true;
    }

    private async Task PutOffAsync(NpgsqlConnection connection, MailRow row, string why, bool isPermanent)
    {
        if (isPermanent || row.Attempts > Pauses.Length)
        {
            MailLog.Failed(log, row.Id, row.Template, why);
            await SettleAsync(connection, row.Id, "failed", why);
            return;
        }

        MailLog.PutOff(log, row.Id, row.Template, row.Attempts, why);
        await connection.ExecuteAsync(
            "update platform.mails set next_attempt_at = now() + @Pause, last_error = left(@why, 500) where id = @Id",
            new { row.Id, why, Pause = Pauses[row.Attempts - 1] });
    }

    /// <summary>A settled mail holds no links, names or tickets any more: they were for the recipient alone.</summary>
    private static Task<int> SettleAsync(NpgsqlConnection connection, Guid id, string state, string? why) => connection.ExecuteAsync(
        """
        with gone as (delete from platform.mail_attachments where mail_id = @id)
        update platform.mails set state = @state, model = null, last_error = left(@why, 500), settled_at = now() where id = @id
        """,
        new { id, state, why });

    private async Task CleanUpAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync("delete from platform.mails where settled_at < now() - @Retention", new { Retention });
    }

    private sealed record MailRow(Guid Id, string ToAddress, string Template, string Model, int Attempts, DateTimeOffset CreatedAt, bool HasExpired);
}
