using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Features.Events;

/// <summary>Reading events; the published view that other features use.</summary>
internal static class EventQueries
{
    public static Task<EventRow?> FindAsync(NpgsqlConnection connection, string idOrSlug) => connection.QuerySingleOrDefaultAsync<EventRow>(
        $"select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id where " + (Guid.TryParse(idOrSlug, out _) ? "e.id = @Id" : "e.slug = @Slug"),
        new { Id = Guid.TryParse(idOrSlug, out var id) ? id : (Guid?)null, Slug = FieldChecks.IsWellFormed(idOrSlug) ? idOrSlug : "" });

    public static async Task<IReadOnlyList<SessionDetails>> SessionsAsync(NpgsqlConnection connection, Guid eventId, Guid? only = null)
    {
        var rows = await connection.QueryAsync<SessionRow>(
            """
            select s.id, s.name, s.kind, s.starts_at, s.ends_at, (select count(*)::int from platform.room_participants p where p.room = s.room) as participants, s.version
            from platform.sessions s where s.event_id = @eventId and (@only::uuid is null or s.id = @only) order by s.starts_at nulls last, s.id
            """,
            new { eventId, only });
        return [.. rows.Select(r => new SessionDetails(r.Id, r.Name, r.Kind, r.StartsAt, r.EndsAt, r.Participants > 0, r.Participants, r.Version))];
    }

    private sealed record SessionRow(Guid Id, string Name, string Kind, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, int Participants, int Version);
}
