using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Links;
using Npgsql;

namespace Events.Platform.Features.Privacy;

/// <param name="State">"queued", "working", "done", "refused" or "cancelled" (an erasure came in between).</param>
/// <param name="DueAt">By when it must be done.</param>
/// <param name="Code">Why it was refused.</param>
public sealed record PrivacyRequest(Guid Id, string Kind, string State, DateTimeOffset ConfirmedAt, DateTimeOffset DueAt, DateTimeOffset? SettledAt, string? Code);

/// <summary>The queue of confirmed requests. Nothing is kept of one that nobody has confirmed but its link.</summary>
internal sealed class PrivacyRequests(IEnumerable<IPersonalData> parts, TimeProvider clock)
{
    public const string Access = "access";
    public const string Erasure = "erasure";
    public const string Columns = "r.id, r.kind, r.state, r.confirmed_at, r.due_at, r.settled_at, r.refusal_code as code";

    /// <summary>Regulation (EU) 2016/679, Art. 12(3): one month, the shortest of which but one has 30 days.</summary>
    public static readonly TimeSpan Due = TimeSpan.FromDays(30);

    /// <summary>In the order in which they are erased.</summary>
    public IReadOnlyList<IPersonalData> Parts { get; } = [.. parts.OrderBy(p => p.Turn).ThenBy(p => p.Name, StringComparer.Ordinal)];

    /// <summary>Why an erasure cannot be; null for a link of any other purpose.</summary>
    public async Task<ApiError?> RefusalAsync(NpgsqlTransaction transaction, MagicLink link) =>
        link.Purpose == MagicLinks.PrivacyErasure ? await RefusalAsync(transaction, new PersonalSubject(link.Email, await UserIdAsync(transaction, link.Email))) : null;

    public async Task<ApiError?> RefusalAsync(NpgsqlTransaction transaction, PersonalSubject subject)
    {
        foreach (var part in Parts)
        {
            if (await part.RefusalAsync(subject, transaction) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    /// <summary>The consumed link's effect. Confirmed twice while one is open, it is one.</summary>
    public async Task<PrivacyRequest> ConfirmAsync(NpgsqlTransaction transaction, MagicLink link)
    {
        var connection = transaction.Connection!;
        var (id, now) = (Guid.CreateVersion7(), clock.GetUtcNow());
        var subject = new PersonalSubject(link.Email, await UserIdAsync(transaction, link.Email));
        var kind = link.Purpose == MagicLinks.PrivacyErasure ? Erasure : Access;
        var added = await connection.ExecuteAsync(
            """
            insert into platform.privacy_requests (id, kind, state, email, user_id, confirmed_at, due_at) values (@id, @kind, 'queued', @Email, @UserId, @now, @DueAt)
            on conflict (lower(email), kind) where state in ('queued', 'working') do nothing
            """,
            new { id, kind, subject.Email, subject.UserId, now, DueAt = now + Due });
        if (added == 1)
        {
            foreach (var part in Parts)
            {
                await connection.ExecuteAsync(
                    "insert into platform.privacy_request_organisers (request_id, organiser_id) select @id, o from unnest(@Organisers) as o on conflict do nothing",
                    new { id, Organisers = (await part.OrganisersAsync(subject, connection)).ToArray() });
            }

            await AuditAsync(transaction, id, subject.UserId, $"privacy.{kind}_requested");
            await TimerTable.SetAsync(transaction, PrivacyWorker.TimerKind, id.ToString(), now);
        }

        return await connection.QuerySingleAsync<PrivacyRequest>(
            $"select {Columns} from platform.privacy_requests r where lower(r.email) = lower(@Email) and r.kind = @kind and r.state in ('queued', 'working')", new { subject.Email, kind });
    }

    /// <summary>For the operator, and for every organisation that holds something of the person. Ids only.</summary>
    public static async Task AuditAsync(NpgsqlTransaction transaction, Guid requestId, Guid? userId, string action)
    {
        var organisers = await transaction.Connection!.QueryAsync<Guid>("select organiser_id from platform.privacy_request_organisers where request_id = @requestId", new { requestId });
        var actor = userId is { } id ? AuditActor.User(id) : AuditActor.System;
        foreach (var organiserId in organisers.Select(o => (Guid?)o).DefaultIfEmpty(null))
        {
            await AuditLog.AppendAsync(transaction, new AuditEntry(actor, action, organiserId, SubjectType: "privacy_request", SubjectId: requestId));
        }
    }

    private static Task<Guid?> UserIdAsync(NpgsqlTransaction transaction, string email) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>("select id from platform.users where lower(email) = lower(@email)", new { email }, transaction);
}
