using Dapper;
using Events.Platform.Features.Events;
using Npgsql;

namespace Events.Platform.Features.Schedule;

/// <summary>Reading schedules; the published view that other features use.</summary>
internal static class ScheduleQueries
{
    public static async Task<IReadOnlyList<ItemRow>> ItemsAsync(NpgsqlConnection connection, Guid eventId, Guid? only) =>
        (await connection.QueryAsync<ItemRow>(
            """
            select i.id, i.title, i.description, i.starts_at, i.ends_at, i.session_id, i.area_id, i.revision, i.changed_at,
                   array(select s.speaker_id from platform.schedule_speakers s where s.item_id = i.id order by s.speaker_id) as speaker_ids
            from platform.schedule_items i where i.event_id = @eventId and (@only::uuid is null or i.id = @only) order by i.starts_at, i.id
            """,
            new { eventId, only })).AsList();

    /// <summary>What goes into a calendar file.</summary>
    public static async Task<IReadOnlyList<CalendarEntry>> EntriesAsync(NpgsqlConnection connection, EventRow row, Guid? itemId, Guid? sessionId)
    {
        if (sessionId is not null)
        {
            var sessions = await EventQueries.SessionsAsync(connection, row.Id, sessionId);
            return [.. sessions.Where(s => s is { StartsAt: not null, EndsAt: not null })
                .Select(s => new CalendarEntry($"session-{s.Id}@events", row.Revision + s.Version, s.Name, "", s.StartsAt!.Value, s.EndsAt!.Value, row.ChangedAt, row.Name, row.State == "cancelled"))];
        }

        var items = await ItemsAsync(connection, row.Id, itemId);
        return items.Count == 0 && itemId is null
            ? [OfEvent(row)]
            : [.. items.Select(i => new CalendarEntry($"item-{i.Id}@events", i.Revision, i.Title, i.Description, i.StartsAt, i.EndsAt, i.ChangedAt, row.Name, row.State == "cancelled"))];
    }

    public static CalendarEntry OfEvent(EventRow row) => new($"event-{row.Id}@events", row.Revision, row.Name, row.Description, row.StartsAt, row.EndsAt, row.ChangedAt, "", row.State == "cancelled");

    /// <summary>By properties: Dapper cannot match a constructor that takes an array.</summary>
    internal sealed record ItemRow
    {
        public required Guid Id { get; init; }

        public required string Title { get; init; }

        public required string Description { get; init; }

        public required DateTimeOffset StartsAt { get; init; }

        public required DateTimeOffset EndsAt { get; init; }

        public Guid? SessionId { get; init; }

        public Guid? AreaId { get; init; }

        public required int Revision { get; init; }

        public required DateTimeOffset ChangedAt { get; init; }

        public required Guid[] SpeakerIds { get; init; }

        public ScheduleItemDetails ToDetails(TimeZoneInfo zone)
        {
            var (start, end) = (TimeZoneInfo.ConvertTime(StartsAt, zone), TimeZoneInfo.ConvertTime(EndsAt, zone));
            return new ScheduleItemDetails(Id, Title, Description, StartsAt, EndsAt, start, end, DateOnly.FromDateTime(start.DateTime), SessionId, AreaId, SpeakerIds, Revision);
        }
    }
}
