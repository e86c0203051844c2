using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Npgsql;

namespace Events.Platform.Features.Recordings;

/// <summary>
/// Makes the mixer follow the rows: starts what should start, stops what should stop, asks now and then whether it still has what it works on, deletes working
/// files that are no longer needed. It keeps nothing in memory, so a kill of any role only makes it ask again.
/// </summary>
internal sealed class RecordingReconciler(Database database, MixerCommands mixer, ILogger<RecordingReconciler> log) : RowWorker(log)
{
    /// <summary>A command that was taken but shows no event is given again after this long: the mixer may have lost its disk.</summary>
    private const int RepeatSeconds = 5;

    /// <summary>
    /// The mixer tells what becomes of a recording, unless it has lost it, with its disk or to another machine: then nobody would hear of it any more, and it could neither be
    /// played nor deleted.
    /// </summary>
    private const int AskSeconds = 30;

    /// <summary>For so long a recording that has failed, and was not deleted, can be composed again.</summary>
    private const int KeptDays = 30;

    private static readonly string IsDue = $"""
        (r.status in ('starting', 'stopping') and (r.commanded_at is null or r.commanded_at < now() - interval '{RepeatSeconds} seconds'))
        or (r.working_files and (r.status = 'ready' or (r.status = 'failed' and (r.deleted_at is not null or r.failed_at < now() - interval '{KeptDays} days'))))
        or (r.working_files and r.status = 'composing' and r.compose_requested_at is not null)
        or (r.working_files and r.status in ('recording', 'composing') and (r.commanded_at is null or r.commanded_at < now() - interval '{AskSeconds} seconds'))
        """;

    public override string Due => $"exists (select from platform.recordings r where (r.status in ('starting', 'stopping') or r.working_files) and ({IsDue}))";

    public override string NextDue => $"""
        least(
            (select min(commanded_at) + interval '{RepeatSeconds} seconds' from platform.recordings where status in ('starting', 'stopping') and commanded_at >= now() - interval '{RepeatSeconds} seconds'),
            (select min(commanded_at) + interval '{AskSeconds} seconds' from platform.recordings where working_files and status in ('recording', 'composing') and commanded_at >= now() - interval '{AskSeconds} seconds'),
            (select min(failed_at) + interval '{KeptDays} days' from platform.recordings where working_files and status = 'failed' and failed_at >= now() - interval '{KeptDays} days'))
        """;

    protected override async Task WorkAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var due = await connection.QueryAsync<DueRow>(
            $"""
            select r.id, r.status, r.layout, r.title, s.room, r.accepted_at, r.working_files, r.compose_requested_at
            from platform.recordings r join platform.sessions s on s.id = r.session_id
            where {IsDue}
            order by r.id limit 100
            """);
        foreach (var row in due)
        {
            await TryAsync($"recording {row.Id}", () => row.Status switch
            {
                "ready" or "failed" => CleanUpAsync(connection, row, cancel),
                "composing" when row.ComposeRequestedAt is not null => ComposeAsync(connection, row, cancel),
                "recording" or "composing" => AskAsync(connection, row, cancel),
                _ => CommandAsync(connection, row, cancel),
            });
        }
    }

    private async Task CommandAsync(NpgsqlConnection connection, DueRow row, CancellationToken cancel)
    {
        // A stop may overtake a start that the mixer has never seen: it is started first, so that there is something to stop.
        if (row.Status == "starting" || row.AcceptedAt is null)
        {
            var started = await mixer.StartAsync(row.Id, row.Room, row.Layout, row.Title, cancel);
            if (started is MixerAnswer.Unknown or MixerAnswer.Refused)
            {
                await FailAsync(row.Id, "mixer_refused", "The mixer refuses this recording; its log says why.", cancel);
            }

            if (started != MixerAnswer.Taken)
            {
                return;
            }

            await connection.ExecuteAsync(
                "update platform.recordings set accepted_at = coalesce(accepted_at, now()), working_files = true, commanded_at = case when status = 'starting' then now() end where id = @Id",
                row);
        }

        if (row.Status == "stopping")
        {
            await HeardAsync(connection, row, await mixer.StopAsync(row.Id, cancel), "update platform.recordings set commanded_at = now() where id = @Id and status = 'stopping'", cancel);
        }
    }

    /// <summary>Of the wish that was read: by now it may have failed, and another have been made.</summary>
    private async Task ComposeAsync(NpgsqlConnection connection, DueRow row, CancellationToken cancel) =>
        await HeardAsync(connection, row, await mixer.ComposeAsync(row.Id, cancel), "update platform.recordings set compose_requested_at = null where id = @Id and compose_requested_at = @ComposeRequestedAt", cancel);

    private async Task AskAsync(NpgsqlConnection connection, DueRow row, CancellationToken cancel)
    {
        var answer = await mixer.AskAsync(row.Id, cancel);

        // One that is away is not asked every second: there is nothing that it should do.
        await HeardAsync(
            connection, row, answer == MixerAnswer.Unreachable ? MixerAnswer.Taken : answer, "update platform.recordings set commanded_at = now() where id = @Id and status = @Status", cancel);
    }

    /// <summary>The answer about tracks that the mixer has had: what to write down once it is taken. Any other is asked for again.</summary>
    private async Task HeardAsync(NpgsqlConnection connection, DueRow row, MixerAnswer answer, string whenTaken, CancellationToken cancel)
    {
        if (answer == MixerAnswer.Taken)
        {
            await connection.ExecuteAsync(whenTaken, row);
        }
        else if (answer == MixerAnswer.Unknown)
        {
            await FailAsync(row.Id, "recording_lost", "The mixer no longer has this recording's files.", cancel);
        }
    }

    private async Task CleanUpAsync(NpgsqlConnection connection, DueRow row, CancellationToken cancel)
    {
        if (await mixer.DeleteAsync(row.Id, cancel) is MixerAnswer.Taken or MixerAnswer.Unknown)
        {
            await connection.ExecuteAsync("update platform.recordings set working_files = false where id = @Id", row);
        }
    }

    /// <summary>The mixer has nothing of it.</summary>
    private async Task FailAsync(Guid id, string code, string detail, CancellationToken cancel)
    {
        var failed = await database.InTransactionAsync(
            async transaction =>
            {
                var changed = await transaction.Connection!.ExecuteAsync(
                    """
                    update platform.recordings set status = 'failed', failed_at = now(), failure_code = @code, failure_detail = @detail, compose_requested_at = null, working_files = false
                    where id = @id and status not in ('ready', 'failed')
                    """,
                    new { id, code, detail },
                    transaction);
                if (changed > 0)
                {
                    await Outbox.AppendAsync(transaction, "recording", id, "recording.failed", new { recordingId = id, code });
                }

                return changed > 0;
            },
            cancel);
        if (failed)
        {
            RecordingsLog.Failed(log, id, code);
        }
    }

    private sealed record DueRow(Guid Id, string Status, string Layout, string Title, string Room, DateTimeOffset? AcceptedAt, bool WorkingFiles, DateTimeOffset? ComposeRequestedAt);
}
