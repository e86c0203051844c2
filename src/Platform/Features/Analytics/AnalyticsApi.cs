using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Analytics;

public sealed record AnalyticsTokenAnswer(string Token, DateTimeOffset ExpiresAt);

public sealed record AnalyticsPing(Guid OrganiserId, DateTimeOffset ExpiresAt);

/// <param name="Entered">Who ever entered the event.</param>
/// <param name="Present">Connections in its rooms right now, as media nodes report them.</param>
public sealed record ParticipantCount(Guid EventId, int Entered, int Present);

/// <summary>The analytics domain: a JWT that opens numbers and nothing else.</summary>
internal static class AnalyticsApi
{
    private static readonly ApiError Missing = new(401, "analytics_token_missing", "Send the analytics token as 'Authorization: Bearer <token>'; POST /api/v1/organisations/{id}/analytics-token gives one.");
    private static readonly ApiError Revoked = new(401, "analytics_token_revoked", "The account behind this token may no longer read this organisation's analytics.");

    public static void MapAnalytics(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/organisations/{id:guid}/analytics-token", IssueAsync).RequireAuthorization(AccountCookie.Scheme);
        var group = routes.MapGroup("/analytics/v1").AddEndpointFilter(DoorAsync);
        group.MapGet("/ping", (HttpContext context) =>
        {
            var reader = context.Features.GetRequiredFeature<AnalyticsReader>();
            return TypedResults.Ok(new AnalyticsPing(reader.OrganiserId, reader.ExpiresAt));
        });
        group.MapGet("/events/{id:guid}/participants", CountAsync);
        group.MapFallback("/{**rest}", () => ApiError.NotFound("route_not_found", "The analytics API has no such address.").ToResult()).ExcludeFromDescription();
    }

    private static async Task<Results<Ok<AnalyticsTokenAnswer>, ProblemHttpResult>> IssueAsync(Guid id, SignedIn account, Database database, AnalyticsTokens tokens, HttpContext context, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ReadAnalytics) is { } refused)
        {
            return refused.ToResult();
        }

        context.Response.Headers.CacheControl = "no-store";
        var (token, expiresAt) = tokens.Issue(account, id);
        return TypedResults.Ok(new AnalyticsTokenAnswer(token, expiresAt));
    }

    private static async ValueTask<object?> DoorAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
        await AdmitAsync(invocation.HttpContext) is { } refused ? refused.ToResult() : await next(invocation);

    private static async Task<ApiError?> AdmitAsync(HttpContext context)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : "";
        if (token.Length == 0)
        {
            return Missing;
        }

        var (reader, code) = context.RequestServices.GetRequiredService<AnalyticsTokens>().Verify(token);
        if (reader is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return new ApiError(401, code!, "This is no analytics token that is valid now; ask for a new one.");
        }

        // A role that was taken away ends here, not when the token does.
        await using var connection = await context.RequestServices.GetRequiredService<Database>().OpenAsync(context.RequestAborted);
        if (!Permissions.Allows(await Permissions.RoleAsync(connection, reader.UserId, reader.OrganiserId), OrganisationAction.ReadAnalytics))
        {
            return Revoked;
        }

        context.Features.Set(reader);
        context.Response.Headers.CacheControl = "no-store";
        return null;
    }

    private static async Task<Results<Ok<ParticipantCount>, ProblemHttpResult>> CountAsync(Guid id, HttpContext context, Database database, CancellationToken cancel)
    {
        var reader = context.Features.GetRequiredFeature<AnalyticsReader>();
        await using var connection = await database.OpenAsync(cancel);
        if (await EventQueries.FindAsync(connection, id.ToString()) is not { } row || row.OrganiserId != reader.OrganiserId)
        {
            return EventsApi.NotFound.ToResult();
        }

        return TypedResults.Ok(await connection.QuerySingleAsync<ParticipantCount>(
            """
            select @id as event_id, (select count(*)::int from platform.event_participants where event_id = @id and not preview and taken_over_by is null) as entered,
                   (select count(*)::int from platform.room_participants p join platform.sessions s on s.room = p.room where s.event_id = @id) as present
            """,
            new { id }));
    }
}
