using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Events.Platform.Features.External;

/// <param name="Items">In the order of their ids: by the time they were made.</param>
/// <param name="Next">Goes into <c>after</c> for the next page; null: this was the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>What has an id to go on from.</summary>
public interface IPaged
{
    Guid Id { get; }
}

/// <param name="After">The <c>next</c> of the page before.</param>
/// <param name="Limit">Items on the page, 1 to 200; 50 when left out.</param>
internal sealed record PageQuery([FromQuery(Name = "after")] string? After, [FromQuery(Name = "limit")] int? Limit)
{
    public const int Most = 200;
    public const int Usual = 50;

    public static readonly ApiError CursorInvalid = ApiError.BadRequest("cursor_invalid", "'after' must be the 'next' of the page before.");

    /// <summary>One more than is shown tells whether there is a next page.</summary>
    public int Take => Size + 1;

    public int Size => Math.Clamp(Limit ?? Usual, 1, Most);

    public bool TryCursor(out Guid? cursor)
    {
        cursor = Guid.TryParse(After, out var id) ? id : null;
        return After is null || cursor is not null;
    }

    public Page<T> Of<T>(IReadOnlyList<T> rows)
        where T : IPaged => new([.. rows.Take(Size)], rows.Count > Size ? rows[Size - 1].Id.ToString() : null);
}

/// <summary>Lists by cursor. A page goes on where the one before ended, whatever was made or deleted in between.</summary>
internal static class ExternalPages
{
    /// <summary>A page of what belongs to an event of the caller's organisation.</summary>
    /// <param name="eventId">Of whatever organisation: a foreign one is not found.</param>
    /// <param name="query">Where to go on.</param>
    /// <param name="caller">Whose events.</param>
    /// <param name="database">Where.</param>
    /// <param name="sql">Takes <c>@eventId</c>, <c>@after</c> (null: from the start) and <c>@Take</c>.</param>
    /// <param name="audited">The audit log's word for reading personal data, in the transaction of the read; null: it holds none.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<Results<Ok<Page<T>>, ProblemHttpResult>> OfEventAsync<T>(Guid eventId, PageQuery query, ApiCaller caller, Database database, string sql, string? audited, CancellationToken cancel)
        where T : class, IPaged
    {
        if (!query.TryCursor(out var after))
        {
            return PageQuery.CursorInvalid.ToResult();
        }

        return (await database.TryInTransactionAsync<Page<T>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (!await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.events where id = @eventId and organiser_id = @OrganiserId)", new { eventId, caller.OrganiserId }))
                {
                    return EventsApi.NotFound;
                }

                var page = query.Of((await connection.QueryAsync<T>(sql, new { eventId, after, query.Take })).AsList());
                if (audited is not null)
                {
                    await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.ApiToken(caller.TokenId), audited, caller.OrganiserId, eventId, Detail: new { page.Items.Count }));
                }

                return page;
            },
            cancel)).ToOk();
    }
}
