using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Playback;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Media;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Privacy;

/// <summary>
/// Does what was confirmed. An erasure is one transaction for each part, which notes that the part is done and sets the timer for the next: a
/// platform that dies in between is followed by one that goes on where it was.
/// </summary>
internal sealed class PrivacyWorker(PrivacyRequests requests, ExportFile exports, SignedUrls urls, NodeOptions options, TimeProvider clock) : ITimerHandler
{
    public const string TimerKind = "privacy-request";

    public string Kind => TimerKind;

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        // An account that was made since the click is the person's too.
        var row = await transaction.Connection!.QuerySingleOrDefaultAsync<Row>(
            """
            update platform.privacy_requests r set user_id = u.id from platform.users u
            where r.id = @Id and r.user_id is null and r.done_parts = '{}' and r.state = 'queued' and lower(u.email) = lower(r.email);
            select id, kind, email, user_id, array_to_string(done_parts, ' ') as done from platform.privacy_requests where id = @Id and state in ('queued', 'working') for update
            """,
            new { Id = Guid.Parse(timer.Key) });
        switch (row?.Kind)
        {
            case PrivacyRequests.Access:
                await GatherAsync(transaction, row, cancel);
                break;

            case PrivacyRequests.Erasure:
                await EraseNextAsync(transaction, row, cancel);
                break;

            default:
                // Cancelled by an erasure.
                break;
        }
    }

    private async Task GatherAsync(NpgsqlTransaction transaction, Row row, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        var file = await exports.WriteAsync(requests.Parts, row.Subject, cancel);
        var assetId = await AssetStore.RegisterAsync(transaction, new NewDocument(ExportFile.OwnerType, row.Id, file));
        var until = clock.GetUtcNow() + ExportFile.KeptFor;
        await connection.ExecuteAsync("update platform.privacy_requests set asset_id = @assetId where id = @Id", new { row.Id, assetId });
        await SettleAsync(transaction, row, "done", null);
        await TimerTable.SetAsync(transaction, ExportUpkeep.TimerKind, row.Id.ToString(), until);
        await MailOutbox.EnqueueAsync(transaction, new MailMessage(row.Email, "privacy-access-ready", new Dictionary<string, string>
        {
            ["days"] = $"{ExportFile.KeptFor.TotalDays:0}",
            ["downloadUrl"] = new Uri(options.PublicUrl, urls.Sign(file.Sha256, file.FileName, until)).AbsoluteUri,
        })
        { OnceKey = $"privacy-access-ready:{row.Id}", ExpiresAt = until });
    }

    private async Task EraseNextAsync(NpgsqlTransaction transaction, Row row, CancellationToken cancel)
    {
        var connection = transaction.Connection!;

        // Asked again: what may be refused has perhaps changed since the click. From the first part on there is no way back.
        if (row.DoneParts.Length == 0 && await requests.RefusalAsync(transaction, row.Subject) is { } refused)
        {
            await MailOutbox.EnqueueAsync(transaction, new MailMessage(row.Email, "privacy-refused", new Dictionary<string, string> { ["reason"] = refused.Detail }) { OnceKey = $"privacy-refused:{row.Id}" });
            await SettleAsync(transaction, row, "refused", refused.Code);
            return;
        }

        var left = requests.Parts.Where(p => !row.DoneParts.Contains(p.Name)).ToList();
        if (left is [var part, ..])
        {
            await part.EraseAsync(row.Subject, transaction, cancel);
            await connection.ExecuteAsync("update platform.privacy_requests set state = 'working', done_parts = done_parts || @Name where id = @Id", new { row.Id, part.Name });
        }

        if (left.Count > 1)
        {
            await TimerTable.SetAsync(transaction, Kind, row.Id.ToString(), clock.GetUtcNow());
            return;
        }

        await SettleAsync(transaction, row, "done", null);
    }

    private static async Task SettleAsync(NpgsqlTransaction transaction, Row row, string state, string? code)
    {
        await transaction.Connection!.ExecuteAsync(
            """
            update platform.privacy_requests set state = @state, refusal_code = @code, settled_at = now(), email = case when asset_id is not null then email end where id = @Id
            """,
            new { row.Id, state, code });
        await PrivacyRequests.AuditAsync(transaction, row.Id, row.UserId, $"privacy.{row.Kind}_{state}");
    }

    private sealed record Row(Guid Id, string Kind, string Email, Guid? UserId, string Done)
    {
        /// <summary>Names of parts, which have no spaces.</summary>
        public string[] DoneParts { get; } = Done.Split(' ', StringSplitOptions.RemoveEmptyEntries);

        public PersonalSubject Subject => new(Email, UserId);
    }
}

/// <summary>Deletes an archive whose time is over, and forgets for whom it was.</summary>
internal sealed class ExportUpkeep : ITimerHandler
{
    public const string TimerKind = "privacy-export";

    public string Kind => TimerKind;

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel) =>
        await ForgetAsync(transaction, Guid.Parse(timer.Key));

    public static async Task ForgetAsync(NpgsqlTransaction transaction, Guid requestId)
    {
        var assetId = await transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>(
            """
            with before as (select id, asset_id from platform.privacy_requests where id = @requestId for update)
            update platform.privacy_requests r set email = null, asset_id = null from before where r.id = before.id returning before.asset_id
            """,
            new { requestId });
        if (assetId is { } asset)
        {
            await BlobSweep.SoonAsync(transaction, await Deletion.DeleteAsync(transaction, asset));
        }
    }
}
