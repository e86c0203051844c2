using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.EventEntry;

/// <summary>
/// Parts taken in events by account, and who is in a room just now; also as a guest who signed in later. Other guests gave a name and nothing that ties it to an address: nobody
/// can ask for it.
/// </summary>
internal sealed class ParticipantPersonalData : IPersonalData
{
    /// <summary>In SQL: the subject's own, and guests that it took over.</summary>
    private const string Theirs = "(p.user_id = @UserId or p.taken_over_by in (select a.id from platform.event_participants a where a.user_id = @UserId))";

    private const string TheirPlaces = $"split_part(r.identity, '.', 1) in (select p.id::text from platform.event_participants p where {Theirs})";

    public string Name => "participation";

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]>
    {
        ["platform.event_participants"] = ["name"],
        ["platform.room_participants"] = ["identity", "name"],
    };

    public Task<IEnumerable<Guid>> OrganisersAsync(PersonalSubject subject, NpgsqlConnection connection) => connection.QueryAsync<Guid>(
        "select distinct e.organiser_id from platform.event_participants p join platform.events e on e.id = p.event_id where p.user_id = @UserId", subject);

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("events", $"select p.id, e.id as event_id, e.name as event, p.name, p.role, p.preview, p.created_at from platform.event_participants p join platform.events e on e.id = p.event_id where {Theirs}"),
        ("rooms_now", $"select r.room, r.name, r.role, r.joined_at from platform.room_participants r where {TheirPlaces}"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(
        $"""
        delete from platform.room_participants r where {TheirPlaces};
        update platform.event_participants p set name = @Erased where {Theirs}
        """,
        new { subject.UserId, Erased = ErasedPerson.Name });
}
