using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Events;

/// <summary>Events: the public listing, one event, and making them.</summary>
internal static class EventsApi
{
    public static readonly ApiError NotFound = ApiError.NotFound("event_not_found", "There is no such event, or it is not public.");

    private const int MaxPage = 100;

    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/events", ListAsync).Produces<EventPage>().ReadableByAnySite();
        routes.MapGet("/api/v1/events/{idOrSlug}", GetAsync).ReadableByAnySite();
        routes.MapGet("/api/v1/organisations/{id:guid}/events", OrganisationEvents.ListAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/organisations/{id:guid}/events", CreateEvent.HandleAsync).RequireAuthorization(AccountCookie.Scheme).TakesIdempotencyKey();
        routes.MapPatch("/api/v1/events/{id:guid}", ChangeEvent.HandleAsync).RequireAuthorization(AccountCookie.Scheme).TakesIdempotencyKey();
        routes.MapPost("/api/v1/events/{id:guid}/state", ChangeEvent.MoveAsync).RequireAuthorization(AccountCookie.Scheme).TakesIdempotencyKey();
        routes.MapPost("/api/v1/events/{id:guid}/sessions", CreateSession.HandleAsync).RequireAuthorization(AccountCookie.Scheme).TakesIdempotencyKey();
        routes.MapPut("/api/v1/events/{id:guid}/sessions/{sessionId:guid}", ChangeSession.HandleAsync).RequireAuthorization(AccountCookie.Scheme).TakesIdempotencyKey();
        routes.MapDelete("/api/v1/events/{id:guid}/sessions/{sessionId:guid}", ChangeSession.RemoveAsync).RequireAuthorization(AccountCookie.Scheme);
    }

    /// <summary>
    /// Public events, latest start first; <c>after</c> is the last id of the page before. Filtered by business type, by words that
    /// all must occur, and by a span of time that the event touches.
    /// </summary>
    private static async Task<IResult> ListAsync(
        PublicListing listing, HttpContext context, string? after = null, int limit = 50, string? type = null, string? text = null, DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        if (type is not null && !BusinessTypes.Contains(type))
        {
            return ApiError.BadRequest("business_type_invalid", BusinessTypes.Detail).ToResult();
        }

        if (text is not null && (text.Length > 200 || !FieldChecks.IsWellFormed(text)))
        {
            return ApiError.BadRequest("text_invalid", "'text' has at most 200 characters.").ToResult();
        }

        Guid? cursor = null;
        if (after is not null)
        {
            if (!Guid.TryParse(after, out var id))
            {
                return ApiError.BadRequest("cursor_invalid", "'after' must be the 'next' of the page before.").ToResult();
            }

            cursor = id;
        }

        // Revalidated at every use, so that a browser's copy is never older than ours.
        var page = await listing.GetAsync(new ListingQuery(cursor, Math.Clamp(limit, 1, MaxPage), type, text, from, until)).WaitAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.ETag = page.ETag;
        return context.Request.Headers.IfNoneMatch == page.ETag
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(page.Json, "application/json; charset=utf-8");
    }

    private static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> GetAsync(string idOrSlug, Database database, HttpContext context, CancellationToken cancel)
    {
        if (idOrSlug.Length > 80 || !FieldChecks.IsWellFormed(idOrSlug))
        {
            return NotFound.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        if (await EventQueries.FindAsync(connection, idOrSlug) is not { } row)
        {
            return NotFound.ToResult();
        }

        if (!row.IsPublic && !await EventGuard.SeesAsync(connection, SignedIn.From((await context.AuthenticateAsync(AccountCookie.Scheme)).Principal), row))
        {
            return NotFound.ToResult();
        }

        context.Response.Headers.ETag = IfMatch.TagOf(row.Revision);
        return TypedResults.Ok(row.ToDetails(await EventQueries.SessionsAsync(connection, row.Id)));
    }
}
