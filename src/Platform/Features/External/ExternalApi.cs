using System.Threading.RateLimiting;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.External;

public sealed record ExternalParticipant(Guid Id, Guid? UserId, string Name, string Role, DateTimeOffset CreatedAt);

public sealed record ExternalParticipants(IReadOnlyList<ExternalParticipant> Items, string? Next);

/// <summary>How many calls a token may make.</summary>
internal sealed class ExternalLimits : IDisposable
{
    private const int PerMinute = 600;

    private readonly PartitionedRateLimiter<Guid> _limiter = PartitionedRateLimiter.Create<Guid, Guid>(token => RateLimitPartition.GetSlidingWindowLimiter(token, _ => new SlidingWindowRateLimiterOptions
    {
        PermitLimit = PerMinute,
        Window = TimeSpan.FromMinutes(1),
        SegmentsPerWindow = 6,
        QueueLimit = 0,
    }));

    public bool Admits(Guid tokenId)
    {
        using var lease = _limiter.AttemptAcquire(tokenId);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();
}

/// <summary>The external API domain: an organisation's systems read its events. What is not listed here no token opens.</summary>
internal static class ExternalApi
{
    private const int MaxPage = 200;

    private static readonly ApiError Missing = new(401, "api_token_missing", "Send the token as 'Authorization: Bearer evk_…'.");
    private static readonly ApiError TooMany = new(429, "too_many_requests", "This token has made 600 calls within a minute; wait.");

    public static void MapExternalApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/external/v1").AddEndpointFilter(DoorAsync);
        group.MapGet("/events", ListEventsAsync);
        group.MapGet("/events/{id:guid}", GetEventAsync);
        group.MapGet("/events/{id:guid}/participants", ListParticipantsAsync);
        group.MapFallback("/{**rest}", () => ApiError.NotFound("route_not_found", "The external API has no such address.").ToResult()).ExcludeFromDescription();
    }

    private static async ValueTask<object?> DoorAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        // Arguments are bound before filters run, so the caller is no argument: handlers take it from the request's features.
        return await AdmitAsync(invocation.HttpContext) is { } refused ? refused.ToResult() : await next(invocation);
    }

    private static async Task<ApiError?> AdmitAsync(HttpContext context)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : "";
        if (token.Length == 0)
        {
            return Missing;
        }

        var (caller, code) = await ApiTokens.VerifyAsync(context.RequestServices.GetRequiredService<Database>(), token, context.RequestAborted);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return new ApiError(401, code!, "This is no token of the external API that is valid now.");
        }

        if (!context.RequestServices.GetRequiredService<ExternalLimits>().Admits(caller.TokenId))
        {
            context.Response.Headers.RetryAfter = "10"; // one of the window's six segments
            return TooMany;
        }

        context.Features.Set(caller);
        context.Response.Headers.CacheControl = "no-store";
        return null;
    }

    private static async Task<Results<Ok<EventPage>, ProblemHttpResult>> ListEventsAsync(HttpContext context, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        var caller = context.Features.GetRequiredFeature<ApiCaller>();
        if (!caller.Has(ApiTokens.EventsRead))
        {
            return ScopeMissing(ApiTokens.EventsRead).ToResult();
        }

        limit = Math.Clamp(limit, 1, MaxPage);
        await using var connection = await database.OpenAsync(cancel);
        var rows = (await connection.QueryAsync<EventRow>(
            $"""
            select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id
            where e.organiser_id = @OrganiserId and (@after::uuid is null or e.id > @after) order by e.id limit @Take
            """,
            new { caller.OrganiserId, after, Take = limit + 1 })).AsList();
        var items = rows.Take(limit).Select(r => r.ToSummary()).ToList();
        return TypedResults.Ok(new EventPage(items, rows.Count > limit ? items[^1].Id.ToString() : null));
    }

    private static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> GetEventAsync(Guid id, HttpContext context, Database database, CancellationToken cancel)
    {
        var caller = context.Features.GetRequiredFeature<ApiCaller>();
        if (!caller.Has(ApiTokens.EventsRead))
        {
            return ScopeMissing(ApiTokens.EventsRead).ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        return await EventQueries.FindAsync(connection, id.ToString()) is { } row && row.OrganiserId == caller.OrganiserId
            ? TypedResults.Ok(row.ToDetails(await EventQueries.SessionsAsync(connection, id)))
            : EventsApi.NotFound.ToResult();
    }

    /// <summary>Names are personal data: each read stands in the audit log.</summary>
    private static Task<Results<Ok<ExternalParticipants>, ProblemHttpResult>> ListParticipantsAsync(Guid id, HttpContext context, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        var caller = context.Features.GetRequiredFeature<ApiCaller>();
        limit = Math.Clamp(limit, 1, MaxPage);
        return database.InTransactionAsync<Results<Ok<ExternalParticipants>, ProblemHttpResult>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (!caller.Has(ApiTokens.ParticipantsRead))
                {
                    return ScopeMissing(ApiTokens.ParticipantsRead).ToResult();
                }

                if (await EventQueries.FindAsync(connection, id.ToString()) is not { } row || row.OrganiserId != caller.OrganiserId)
                {
                    return EventsApi.NotFound.ToResult();
                }

                var rows = (await connection.QueryAsync<ExternalParticipant>(
                    """
                    select id, user_id, name, role, created_at from platform.event_participants
                    where event_id = @id and (@after::uuid is null or id > @after) order by id limit @Take
                    """,
                    new { id, after, Take = limit + 1 },
                    transaction)).AsList();
                var items = rows.Take(limit).ToList();
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.ApiToken(caller.TokenId), "participants.read", caller.OrganiserId, id, Detail: new { items.Count }));
                return TypedResults.Ok(new ExternalParticipants(items, rows.Count > limit ? items[^1].Id.ToString() : null));
            },
            cancel);
    }

    private static ApiError ScopeMissing(string scope) => ApiError.Forbidden("scope_missing", $"This token lacks the scope '{scope}'.");
}
