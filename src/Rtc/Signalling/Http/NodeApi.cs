using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.Rtc.Rooms;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Http;

/// <summary>A room as the node API shows it.</summary>
public sealed record NodeRoom(string Room, IReadOnlyList<ParticipantInfo> Participants);

/// <summary>The answer of <c>GET /node/rooms</c>.</summary>
public sealed record NodeRooms(IReadOnlyList<NodeRoom> Rooms);

/// <summary>What the platform may ask of a media node; the caller shows the node key.</summary>
internal sealed class NodeApi(IRtcServer server, RemovedParticipants removed, SignallingOptions options, ILogger<NodeApi> logger)
{
    private const int MaxBodyBytes = 4096;

    private static readonly RtcError KeyMissing = new("node_key_missing", "Send 'Authorization: Bearer <node key>'.");
    private static readonly RtcError KeyInvalid = new("node_key_invalid", "The node key is not this installation's.");
    private static readonly RtcError RoomNotFound = new("room_not_found", "The room is not on this node.");
    private static readonly RtcError MutedMissing = new("bad_request", "The body must be {\"muted\": true or false}.");
    private static readonly RtcError RemovedByPlatform = new("removed", "The organisers removed you from this room.");

    private readonly byte[] _keyHash = SHA256.HashData(Encoding.UTF8.GetBytes(options.NodeKey));

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        NodeApi api = endpoints.ServiceProvider.GetRequiredService<NodeApi>();
        RouteGroupBuilder group = endpoints.MapGroup("/node/rooms").ExcludeFromDescription();
        group.AddEndpointFilter(api.RequireKeyAsync);
        group.MapGet("", api.RoomsAsync);
        group.MapGet("/{room}", api.RoomAsync);
        group.MapPost("/{room}/participants/{participantId}/remove", api.RemoveAsync);
        group.MapPost("/{room}/tracks/{trackId}/mute", api.MuteAsync);
    }

    private async ValueTask<object?> RequireKeyAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var header = invocation.HttpContext.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return Problems.Of(KeyMissing);
        // Hashes have one length and no common prefix to measure.
        byte[] shown = SHA256.HashData(Encoding.UTF8.GetBytes(value["Bearer ".Length..].Trim()));
        return CryptographicOperations.FixedTimeEquals(shown, _keyHash) ? await next(invocation) : Problems.Of(KeyInvalid);
    }

    private async Task<Ok<NodeRooms>> RoomsAsync()
    {
        IReadOnlyList<RoomSnapshot> rooms = await server.RoomsAsync();
        return TypedResults.Ok(new NodeRooms([.. rooms.Select(Show)]));
    }

    private async Task<Results<Ok<NodeRoom>, ProblemHttpResult>> RoomAsync(string room) =>
        await server.RoomAsync(room) is { } snapshot ? TypedResults.Ok(Show(snapshot)) : Problems.Of(RoomNotFound);

    private async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string room, string participantId)
    {
        // The identity must be barred before the participant is out, or its client could be back in between.
        RoomSnapshot? snapshot = await server.RoomAsync(room);
        if (snapshot is null)
            return Problems.Of(RoomNotFound);
        if (snapshot.Participants.FirstOrDefault(participant => participant.ParticipantId == participantId) is { } target)
            removed.Add(room, target.Identity);
        RtcResult<Done> result = await server.RemoveAsync(room, participantId, RemovedByPlatform);
        if (!result.IsOk)
            return Problems.Of(result.Error);
        RtcSignallingLog.Removed(logger, participantId, room);
        return TypedResults.NoContent();
    }

    private async Task<Results<NoContent, ProblemHttpResult>> MuteAsync(string room, string trackId, HttpContext context)
    {
        RtcResult<string> body = await BoundedBody.ReadAsync(context.Request, MaxBodyBytes);
        if (!body.IsOk)
            return Problems.Of(body.Error);
        if (!TryMuted(body.Value, out bool muted))
            return Problems.Of(MutedMissing);
        RtcResult<Done> result = await server.MuteTrackAsync(room, trackId, muted);
        return result.IsOk ? TypedResults.NoContent() : Problems.Of(result.Error);
    }

    private static bool TryMuted(string body, out bool muted)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return JsonFields.TryFlag(document.RootElement, "muted", out muted);
        }
        catch (JsonException)
        {
            muted = false;
            return false;
        }
    }

    private static NodeRoom Show(RoomSnapshot snapshot) => new(snapshot.Room, snapshot.Participants);
}
