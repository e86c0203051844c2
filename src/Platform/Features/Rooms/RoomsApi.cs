using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Rooms;

/// <param name="Publish">Camera and microphone, or only watching.</param>
/// <param name="Tab">The joining tab's own id, 8 to 32 of A-Z a-z 0-9 _ -: with the same one a reloaded page takes its old self's place. Null: a new one.</param>
public sealed record GrantRequest(bool? Publish, string? Tab);

/// <param name="GrantId">By which organisers revoke it.</param>
public sealed record GrantAnswer(
    string Grant, string GrantId, string MediaUrl, string Room, string Identity, string Name, string Role, bool Moderates, IReadOnlyList<object> IceServers, DateTimeOffset ExpiresAt);

/// <summary>The rooms behind sessions and stages: the grant that lets a participant in at the media node, and running the room.</summary>
internal static partial class RoomsApi
{
    /// <summary>Joining and resuming only; a call that runs goes on. Long enough for a day's session without asking again.</summary>
    public static readonly TimeSpan GrantLifetime = TimeSpan.FromHours(6);

    public static readonly ApiError SessionNotFound = ApiError.NotFound("session_not_found", "There is no such session in this event.");

    public static readonly ApiError WrongEvent = ApiError.Forbidden("wrong_event", "This token is for another event.");

    private static readonly ApiError TabInvalid = ApiError.BadRequest("tab_invalid", "A tab's id has 8 to 32 of A-Z a-z 0-9 _ and -; leave it out to get a new one.");

    private static readonly ApiError Banned = ApiError.Forbidden("participant_removed", "The organisers removed you from this session.");

    public static void AddRooms(this IServiceCollection services)
    {
        services.AddSingleton<MediaCommands>();
        services.AddSingleton<ITimerHandler, RoleChanges>();
    }

    public static void MapRooms(this RouteGroupBuilder eventDomain)
    {
        eventDomain.MapPost("/api/v1/sessions/{id:guid}/grants", GrantAsync);
        eventDomain.MapGet("/api/v1/sessions/{id:guid}/room", RunRoom.GetAsync);
        eventDomain.MapPost("/api/v1/sessions/{id:guid}/room", RunRoom.PostAsync);
        eventDomain.MapGet("/api/v1/sessions/{id:guid}/room/stats", WatchRoom.GetAsync);
    }

    /// <summary>A session of the event that the pass is for.</summary>
    public static async Task<Outcome<SessionRow>> SessionAsync(NpgsqlConnection connection, Guid id, EventPass pass)
    {
        var session = await connection.QuerySingleOrDefaultAsync<SessionRow>(
            "select s.event_id, s.kind, s.room, e.state from platform.sessions s join platform.events e on e.id = s.event_id where s.id = @id", new { id });
        return session is null ? SessionNotFound : session.EventId == pass.EventId ? session : WrongEvent;
    }

    private static async Task<Results<Ok<GrantAnswer>, ProblemHttpResult>> GrantAsync(
        Guid id, GrantRequest? request, EventPass pass, Database database, GrantSigner signer, NodeOptions options, TimeProvider clock, HttpRequest http, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var session = await SessionAsync(connection, id, pass);
        if (session.Value is not { } row)
        {
            return session.Error!.ToResult();
        }

        pass = await RoleChanges.CurrentAsync(connection, pass);

        // A pass outlives the cancellation by minutes; the doors do not.
        if (row.State == "cancelled" && pass.Role != Permissions.Organiser)
        {
            return CancelEvent.Cancelled.ToResult();
        }

        if (request?.Tab is { } given && !TabId().IsMatch(given))
        {
            return TabInvalid.ToResult();
        }

        // One identity per joining tab: two tabs of one person are two participants. It begins with whose it is, so nobody takes another one's place.
        var identity = $"{pass.ParticipantId}.{request?.Tab ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9))}";
        var rights = SessionRights.Of(row.Room, identity, row.Kind, pass, request?.Publish ?? false);
        if (rights.Value is null)
        {
            return rights.Error!.ToResult();
        }

        if (await RoomRecords.IsBannedAsync(connection, id, pass.ParticipantId))
        {
            return Banned.ToResult();
        }

        if (rights.Value.Moderates || (rights.Value.CanPublish && row.Kind == "stage"))
        {
            await RoleChanges.NoteAsync(connection, id, pass.ParticipantId, clock.GetUtcNow());
        }

        var grant = signer.Issue(rights.Value, GrantLifetime);
        var mediaUrl = $"{http.Scheme}://{http.Host.Host}:{options.MediaHttpPort}";
        return TypedResults.Ok(new GrantAnswer(grant.Token, grant.GrantId, mediaUrl, row.Room, identity, pass.Name, pass.Role, rights.Value.Moderates, [], grant.ExpiresAt));
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{8,32}$", RegexOptions.CultureInvariant)]
    private static partial Regex TabId();

    public sealed record SessionRow(Guid EventId, string Kind, string Room, string State);
}
