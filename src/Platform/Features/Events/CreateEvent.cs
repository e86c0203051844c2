using System.Globalization;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Events;

/// <param name="State">"building", "draft" or "live"; live when left out.</param>
/// <param name="BusinessType">See <see cref="BusinessTypes"/>; other when left out.</param>
public sealed record NewEvent(string? Name, string? Slug, string? Description, string? TimeZone, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, string? State, string? BusinessType = null);

/// <summary>An organisation's admin or event admin makes an event.</summary>
internal static class CreateEvent
{
    private const int MaxSlug = 80;

    public static async Task<Results<Created<EventDetails>, ProblemHttpResult>> HandleAsync(Guid id, NewEvent request, EventManager manager, Database database, PublicListing listing, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        var zone = checks.Text("timeZone", request.TimeZone, 64, "time_zone");
        var description = request.Description?.Trim() ?? "";
        var state = request.State ?? "live";
        checks.Require(description.Length <= 10_000 && FieldChecks.IsWellFormed(description), "description_invalid", "'description' has at most 10,000 characters of text.");
        checks.Require(EventTimes.IsZone(zone), "time_zone_unknown", "'timeZone' must be an IANA zone like Europe/Zurich.");
        checks.Require(request is { StartsAt: { } from, EndsAt: { } to } && EventTimes.AreInBounds(from, to), "times_invalid", "'startsAt' and 'endsAt' are needed, in this order, less than 400 days apart.");
        checks.Require(request.Slug is null || IsSlug(request.Slug), "slug_invalid", "'slug' takes lower-case letters, digits and single hyphens, at most 80.");
        var businessType = request.BusinessType ?? "other";
        checks.Require(state is "building" or "draft" or "live", "state_invalid", "'state' is building, draft or live.");
        checks.Require(BusinessTypes.Contains(businessType), "business_type_invalid", BusinessTypes.Detail);
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        var eventId = Guid.CreateVersion7();
        var slug = request.Slug ?? SlugOf(name, eventId);
        try
        {
            var outcome = await manager.WriteAsync<EventDetails>(
                database,
                "event.created",
                eventId,
                async transaction =>
                {
                    var connection = transaction.Connection!;
                    if (!await manager.ManagesAsync(connection, id))
                    {
                        return ApiError.Forbidden("not_event_admin", "Only admins and event admins of the organisation may make events.");
                    }

                    await connection.ExecuteAsync(
                        """
                        insert into platform.events (id, organiser_id, slug, name, description, time_zone, state, starts_at, ends_at, created_by, business_type)
                        values (@eventId, @id, @slug, @name, @description, @zone, @state, @StartsAt, @EndsAt, @UserId, @businessType)
                        """,
                        new { eventId, id, slug, name, description, zone, state, StartsAt = request.StartsAt!.Value, EndsAt = request.EndsAt!.Value, manager.UserId, businessType },
                        transaction);
                    await Outbox.AppendAsync(transaction, "event", eventId, "event.created", new { eventId, organiserId = id });
                    var row = await EventQueries.FindAsync(connection, eventId.ToString());
                    await EventReminders.ScheduleAsync(transaction, row!);
                    return row!.ToDetails([]);
                },
                cancel);
            listing.Forget();
            return outcome.ToCreated(e => $"{manager.Api}/events/{e.Id}");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return ApiError.Conflict("slug_taken", "Another event has this 'slug'; choose another.").ToResult();
        }
    }

    internal static bool IsSlug(string text) =>
        text.Length is > 0 and <= MaxSlug && text[0] != '-' && text[^1] != '-' && !text.Contains("--", StringComparison.Ordinal)
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && !Guid.TryParse(text, out _);

    /// <summary>A readable slug of the name; the end of the id keeps equal names apart.</summary>
    private static string SlugOf(string name, Guid id)
    {
        var slug = new StringBuilder();
        foreach (var c in name.Normalize(NormalizationForm.FormD).Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark))
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                slug.Append(char.ToLowerInvariant(c));
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }

        var readable = slug.ToString()[..Math.Min(slug.Length, 60)].Trim('-');
        var suffix = id.ToString("N")[^8..];
        return readable.Length > 0 ? $"{readable}-{suffix}" : $"event-{suffix}";
    }
}
