using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.EventEntry;

/// <summary>
/// Parts taken in events by account, and who is in a room just now. Guests gave a name and nothing that ties it to an address: nobody can
/// ask for it.
/// </summary>
internal sealed class ParticipantPersonalData : IPersonalData
{
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
        ("events", "select p.id, e.id as event_id, e.name as event, p.name, p.role, p.preview, p.created_at from platform.event_participants p join platform.events e on e.id = p.event_id where p.user_id = @UserId"),
        ("rooms_now", "select r.room, r.name, r.role, r.joined_at from platform.room_participants r where split_part(r.identity, '.', 1) in (select id::text from platform.event_participants where user_id = @UserId)"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(
        """
        delete from platform.room_participants where split_part(identity, '.', 1) in (select id::text from platform.event_participants where user_id = @UserId);
        update platform.event_participants set name = @Erased where user_id = @UserId
        """,
        new { subject.UserId, Erased = ErasedPerson.Name });
}
