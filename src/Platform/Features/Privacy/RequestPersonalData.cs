using Dapper;
using Events.Platform.Data.Timers;
using Npgsql;

namespace Events.Platform.Features.Privacy;

/// <summary>The requests themselves, and archives that are still kept for download.</summary>
internal sealed class RequestPersonalData : IPersonalData
{
    public string Name => "privacy";

    public ErasureTurn Turn => ErasureTurn.Last;

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.privacy_requests"] = ["email"] };

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name, connection, subject, ("requests", "select id, kind, state, confirmed_at, due_at, settled_at, refusal_code from platform.privacy_requests where lower(email) = lower(@Email) or user_id = @UserId"));

    public async Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel)
    {
        // The erasure's own row loses its address when it is settled.
        var others = await transaction.Connection!.QueryAsync<Guid>(
            """
            update platform.privacy_requests set state = case when state in ('queued', 'working') then 'cancelled' else state end, settled_at = coalesce(settled_at, now())
            where kind = 'access' and (lower(email) = lower(@Email) or user_id = @UserId) returning id
            """,
            subject);
        foreach (var id in others)
        {
            await TimerTable.CancelAsync(transaction, PrivacyWorker.TimerKind, id.ToString());
            await TimerTable.CancelAsync(transaction, ExportUpkeep.TimerKind, id.ToString());
            await ExportUpkeep.ForgetAsync(transaction, id);
        }
    }
}
