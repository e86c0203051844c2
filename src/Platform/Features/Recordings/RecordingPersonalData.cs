using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Recordings;

/// <summary>
/// Recordings that the person asked for, by participant id. What was said and shown in a session is in the organiser's recording, which
/// the organiser deletes: no name stands beside it in the database.
/// </summary>
internal sealed class RecordingPersonalData : IPersonalData
{
    public string Name => "recordings";

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.recordings"] = ["requested_by"] };

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("requested", "select r.id, r.event_id, r.title, r.status, r.requested_at, r.deleted_at from platform.recordings r where r.requested_by in (select id::text from platform.event_participants where user_id = @UserId)"));

    /// <summary>An id already.</summary>
    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => Task.CompletedTask;
}
