using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.External;
using Events.Platform.Features.Organisations;
using Npgsql;

namespace Events.Platform.Features.Events;

/// <summary>
/// Who changes events: an account, by its role in the event, or the organisation's token at the external API, which its
/// scope has let in. The use cases are the same for both.
/// </summary>
/// <param name="UserId">The account; null: a token.</param>
/// <param name="Caller">The token; null: an account.</param>
/// <param name="Once">The key under which the write may come again; null: none was sent.</param>
internal sealed record EventManager(Guid? UserId, ApiCaller? Caller, IdempotentRequest? Once)
{
    /// <summary>Where the caller finds what it made.</summary>
    public string Api => Caller is null ? "/api/v1" : "/external/v1";

    public static ValueTask<EventManager?> BindAsync(HttpContext context)
    {
        var (caller, once) = (context.Features.Get<ApiCaller>(), context.Features.Get<IdempotentRequest>());
        return ValueTask.FromResult(caller is not null ? new EventManager(null, caller, once) : SignedIn.From(context.User) is { } account ? new EventManager(account.UserId, null, once) : null);
    }

    public async Task<bool> ManagesAsync(NpgsqlConnection connection, Guid organiserId) =>
        Caller is not null ? Caller.OrganiserId == organiserId : Permissions.ManagesEvents(await Permissions.RoleAsync(connection, UserId, organiserId));

    /// <summary>The event, if it is this manager's; a stranger does not learn that a draft exists.</summary>
    public async Task<Outcome<EventRow>> FindAsync(NpgsqlConnection connection, Guid eventId, EventAction action = EventAction.EditEvent)
    {
        if (UserId is { } user)
        {
            return await EventGuard.ManagedAsync(connection, new SignedIn(user), eventId, action);
        }

        return await EventQueries.FindAsync(connection, eventId.ToString()) is { } row && row.OrganiserId == Caller!.OrganiserId ? row : EventsApi.NotFound;
    }

    /// <summary>A write in one transaction, once under its key. Who did it stands in the organisation's audit log.</summary>
    /// <param name="database">Where.</param>
    /// <param name="action">"event.changed": the audit log's word.</param>
    /// <param name="eventId">Which is there when the work is done.</param>
    /// <param name="work">See <see cref="Idempotency.OnceAsync"/>.</param>
    /// <param name="cancel">Rolls back.</param>
    public Task<Outcome<T>> WriteAsync<T>(Database database, string action, Guid eventId, Func<NpgsqlTransaction, Task<Outcome<T>>> work, CancellationToken cancel)
        where T : class => database.OnceAsync<T>(
            Once,
            async transaction =>
            {
                var outcome = await work(transaction);
                if (outcome.Error is null)
                {
                    await AuditAsync(transaction, action, eventId);
                }

                return outcome;
            },
            cancel);

    private async Task AuditAsync(NpgsqlTransaction transaction, string action, Guid eventId)
    {
        var organiser = Caller?.OrganiserId ?? await transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>("select organiser_id from platform.events where id = @eventId", new { eventId }, transaction);
        await AuditLog.AppendAsync(transaction, new AuditEntry(Caller is null ? AuditActor.User(UserId!.Value) : AuditActor.ApiToken(Caller.TokenId), action, organiser, eventId));
    }
}
