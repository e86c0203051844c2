using System.Buffers.Text;
using System.Security.Cryptography;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Rooms;

/// <param name="Publish">Camera and microphone, or only watching.</param>
public sealed record GrantRequest(bool? Publish);

public sealed record GrantAnswer(string Grant, string MediaUrl, string Room, string Identity, string Name, string Role, IReadOnlyList<object> IceServers, DateTimeOffset ExpiresAt);

/// <summary>The rooms behind sessions and stages: the grant that lets a participant in at the media node.</summary>
internal static class RoomsApi
{
    /// <summary>Joining and resuming only; a call that runs goes on. Long enough for a day's session without asking again.</summary>
    private static readonly TimeSpan GrantLifetime = TimeSpan.FromHours(6);

    public static readonly ApiError SessionNotFound = ApiError.NotFound("session_not_found", "There is no such session in this event.");

    public static readonly ApiError WrongEvent = ApiError.Forbidden("wrong_event", "This token is for another event.");

    public static void MapRooms(this RouteGroupBuilder eventDomain) => eventDomain.MapPost("/api/v1/sessions/{id:guid}/grants", GrantAsync);

    private static async Task<Results<Ok<GrantAnswer>, ProblemHttpResult>> GrantAsync(
        Guid id, GrantRequest? request, EventPass pass, Database database, GrantSigner signer, NodeOptions options, HttpRequest http, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var session = await connection.QuerySingleOrDefaultAsync<SessionRow>("select s.event_id, s.kind, s.room, e.state from platform.sessions s join platform.events e on e.id = s.event_id where s.id = @id", new { id });
        if (session is null)
        {
            return SessionNotFound.ToResult();
        }

        if (session.EventId != pass.EventId)
        {
            return WrongEvent.ToResult();
        }

        // A pass outlives the cancellation by minutes; the doors do not.
        if (session.State == "cancelled" && pass.Role != Permissions.Organiser)
        {
            return CancelEvent.Cancelled.ToResult();
        }

        var publish = request?.Publish ?? false;
        if (publish && session.Kind == "stage" && !Permissions.Allows(pass.Role, EventAction.SpeakOnStage))
        {
            return ApiError.Forbidden("publish_not_allowed", "Only organisers and speakers publish on a stage; join it as a viewer.").ToResult();
        }

        if (publish && pass.Preview)
        {
            return ApiError.Forbidden("publish_not_allowed", "A preview only watches; enter the event to take part.").ToResult();
        }

        // One identity per joining tab: two tabs of one person are two participants.
        var identity = $"{pass.ParticipantId}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9))}";
        var (grant, expiresAt) = signer.Issue(new RoomRights(session.Room, identity, pass.Name, pass.Role, publish, true, pass.Preview), GrantLifetime);
        var mediaUrl = $"{http.Scheme}://{http.Host.Host}:{options.MediaHttpPort}";
        return TypedResults.Ok(new GrantAnswer(grant, mediaUrl, session.Room, identity, pass.Name, pass.Role, [], expiresAt));
    }

    private sealed record SessionRow(Guid EventId, string Kind, string Room, string State);
}
