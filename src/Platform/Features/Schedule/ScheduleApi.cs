using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Schedule;

/// <summary>An event's schedule, speakers and areas, in whatever zone the reader lives, and as calendar files.</summary>
internal static class ScheduleApi
{
    public static void MapSchedule(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/events/{id:guid}/schedule", GetAsync).ReadableByAnySite();
        routes.MapGet("/api/v1/events/{id:guid}/calendar.ics", CalendarAsync).ReadableByAnySite();
        routes.MapGet("/api/v1/events/{id:guid}/schedule/{itemId:guid}/calendar.ics", CalendarAsync).ReadableByAnySite();
        routes.MapGet("/api/v1/events/{id:guid}/sessions/{sessionId:guid}/calendar.ics", CalendarAsync).ReadableByAnySite();
        var organisers = routes.MapGroup("").RequireAuthorization(AccountCookie.Scheme);
        organisers.MapPost("/api/v1/events/{id:guid}/areas", ScheduleSetup.AddAreaAsync).TakesIdempotencyKey();
        organisers.MapPost("/api/v1/events/{id:guid}/speakers", ScheduleSetup.AddSpeakerAsync).TakesIdempotencyKey();
        organisers.MapPut("/api/v1/events/{id:guid}/areas/{partId:guid}", ScheduleSetup.ChangeAreaAsync).TakesIdempotencyKey();
        organisers.MapPut("/api/v1/events/{id:guid}/speakers/{partId:guid}", ScheduleSetup.ChangeSpeakerAsync).TakesIdempotencyKey();
        organisers.MapDelete("/api/v1/events/{id:guid}/areas/{partId:guid}", ScheduleSetup.RemoveAreaAsync);
        organisers.MapDelete("/api/v1/events/{id:guid}/speakers/{partId:guid}", ScheduleSetup.RemoveSpeakerAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/schedule", ScheduleSetup.AddItemAsync).TakesIdempotencyKey();
        organisers.MapPut("/api/v1/events/{id:guid}/schedule/{itemId:guid}", ScheduleSetup.ChangeItemAsync).TakesIdempotencyKey();
        organisers.MapDelete("/api/v1/events/{id:guid}/schedule/{itemId:guid}", ScheduleSetup.RemoveItemAsync);
    }

    private static async Task<Results<Ok<ScheduleDetails>, ProblemHttpResult>> GetAsync(Guid id, Database database, HttpContext context, CancellationToken cancel, string? zone = null)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await VisibleAsync(connection, id, context) is not { } row)
        {
            return EventsApi.NotFound.ToResult();
        }

        if (zone is { Length: > 64 } || !TimeZoneInfo.TryFindSystemTimeZoneById(zone ?? row.TimeZone, out var shown))
        {
            return ApiError.BadRequest("time_zone_unknown", "'zone' must be an IANA zone like Europe/Zurich.").ToResult();
        }

        var speakers = await connection.QueryAsync<SpeakerDetails>("select id, name, headline, bio, version from platform.speakers where event_id = @id order by name, id", new { id });
        var areas = await connection.QueryAsync<AreaDetails>("select id, name, kind, version from platform.areas where event_id = @id order by id", new { id });
        var items = await ScheduleQueries.ItemsAsync(connection, id, null);
        return TypedResults.Ok(new ScheduleDetails(shown.Id, [.. items.Select(i => i.ToDetails(shown))], speakers.AsList(), areas.AsList()));
    }

    /// <summary>The event (its schedule, or itself while it has none), one item, or one session.</summary>
    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> CalendarAsync(Guid id, Database database, HttpContext context, CancellationToken cancel, Guid? itemId = null, Guid? sessionId = null)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await VisibleAsync(connection, id, context) is not { } row)
        {
            return EventsApi.NotFound.ToResult();
        }

        var entries = await ScheduleQueries.EntriesAsync(connection, row, itemId, sessionId);
        if (entries.Count == 0)
        {
            return ApiError.NotFound("schedule_item_not_found", "The event has no such item with a time.").ToResult();
        }

        context.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Text(EventCalendar.Write(entries, TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone)), EventCalendar.TypeOf(CalendarMethod.Publish));
    }

    private static async Task<EventRow?> VisibleAsync(NpgsqlConnection connection, Guid id, HttpContext context)
    {
        var row = await EventQueries.FindAsync(connection, id.ToString());
        return row is null || row.IsPublic || await EventGuard.SeesAsync(connection, SignedIn.From((await context.AuthenticateAsync(AccountCookie.Scheme)).Principal), row) ? row : null;
    }
}
