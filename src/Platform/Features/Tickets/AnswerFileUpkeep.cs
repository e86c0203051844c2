using Dapper;
using Events.MediaRegistry.Assets;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Media;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Deletes a file that no order has claimed a day after its upload, or whose order was not paid a day after its hold.</summary>
internal sealed class AnswerFileUpkeep : ITimerHandler
{
    public const string TimerKind = "answer-file";

    /// <summary>Longer than anybody fills in a form.</summary>
    public static readonly TimeSpan UnclaimedFor = TimeSpan.FromDays(1);

    public string Kind => TimerKind;

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        var fileId = Guid.Parse(timer.Key);
        var file = await connection.QuerySingleOrDefaultAsync<FileRow>(
            """
            select f.asset_id, t.state, t.held_until, t.changed_at, t.changed_at > now() - @UnclaimedFor as is_fresh from platform.answer_files f left join platform.tickets t on t.id = f.ticket_id where f.id = @fileId for update of f
            """,
            new { fileId, UnclaimedFor });
        switch (file)
        {
            case null or { State: not (null or "held" or "released") }:
                // Gone, or a ticket's: it lives as long as that.
                return;

            case { State: "held" }:
                await TimerTable.SetAsync(transaction, Kind, timer.Key, (file.HeldUntil ?? timer.DueAt) + UnclaimedFor);
                return;

            case { State: "released", IsFresh: true }:
                // Money that comes late makes the ticket valid, with its answers.
                await TimerTable.SetAsync(transaction, Kind, timer.Key, file.ChangedAt!.Value + UnclaimedFor);
                return;

            default:
                await connection.ExecuteAsync("delete from platform.answer_files where id = @fileId", new { fileId });
                await BlobSweep.SoonAsync(transaction, await Deletion.DeleteAsync(transaction, file.AssetId));
                return;
        }
    }

    private sealed record FileRow(Guid AssetId, string? State, DateTimeOffset? HeldUntil, DateTimeOffset? ChangedAt, bool? IsFresh);
}
