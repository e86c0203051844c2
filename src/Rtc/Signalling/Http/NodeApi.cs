using System.Globalization;
using System.Text.Json;
using Events.Rtc.Rooms;
using Events.Rtc.Stats;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Http;

/// <summary>A room as the node API shows it.</summary>
public sealed record NodeRoom(string Room, bool Locked, int? Capacity, IReadOnlyList<ParticipantInfo> Participants);

/// <summary>The answer of <c>GET /node/rooms</c>.</summary>
public sealed record NodeRooms(IReadOnlyList<NodeRoom> Rooms);

/// <summary>What the platform may ask of a media node; the caller shows the node key.</summary>
internal sealed class NodeApi(IRtcServer server, IRoomRules rules, SignallingOptions options, ILogger<NodeApi> logger)
{
    private const int MaxBodyBytes = 4096;
    private const int DefaultViewers = 100;
    private const int MaxViewers = 1000;

    private static readonly RtcError KeyMissing = new("node_key_missing", "Send 'Authorization: Bearer <node key>'.");
    private static readonly RtcError KeyInvalid = new("node_key_invalid", "The node key is not this installation's.");
    private static readonly RtcError RoomNotFound = new("room_not_found", "Nobody is in this room on this node, and nothing was decided about it.");
    private static readonly RtcError ViewersInvalid = new("viewers_invalid", $"Ask for 0 to {MaxViewers} viewers.");

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        NodeApi api = endpoints.ServiceProvider.GetRequiredService<NodeApi>();
        RouteGroupBuilder group = endpoints.MapGroup("/node/rooms").ExcludeFromDescription();
        group.AddEndpointFilter(api.RequireKeyAsync);
        group.MapGet("", api.RoomsAsync);
        group.MapGet("/{room}", api.RoomAsync);
        group.MapGet("/{room}/stats", api.StatsAsync);
        group.MapPost("/{room}/moderate", api.ModerateAsync);
    }

    private async ValueTask<object?> RequireKeyAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var header = invocation.HttpContext.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return Problems.Of(KeyMissing);
        return options.NodeKey.Accepts(value["Bearer ".Length..].Trim()) ? await next(invocation) : Problems.Of(KeyInvalid);
    }

    private async Task<Ok<NodeRooms>> RoomsAsync()
    {
        IReadOnlyList<RoomSnapshot> rooms = await server.RoomsAsync();
        return TypedResults.Ok(new NodeRooms([.. rooms.Select(Show)]));
    }

    /// <summary>A room that nobody is in still has what was decided about it.</summary>
    private async Task<Results<Ok<NodeRoom>, ProblemHttpResult>> RoomAsync(string room)
    {
        if (await server.RoomAsync(room) is { } snapshot)
            return TypedResults.Ok(Show(snapshot));
        RoomRules kept = rules.Load(room);
        return kept == RoomRules.None ? Problems.Of(RoomNotFound) : TypedResults.Ok(new NodeRoom(room, kept.Locked, kept.Capacity, []));
    }

    /// <summary>Totals of everyone, and so many of the viewers, the worst first.</summary>
    private async Task<Results<Ok<RoomStats>, ProblemHttpResult>> StatsAsync(string room, string? viewers)
    {
        int listed = DefaultViewers;
        if (viewers is not null && (!int.TryParse(viewers, NumberStyles.None, CultureInfo.InvariantCulture, out listed) || listed > MaxViewers))
            return Problems.Of(ViewersInvalid);
        return await server.StatsAsync(room, listed) is { } stats ? TypedResults.Ok(stats) : Problems.Of(RoomNotFound);
    }

    /// <summary>The room need not exist: a lock, a capacity or a bar is kept for those who come.</summary>
    private async Task<Results<NoContent, ProblemHttpResult>> ModerateAsync(string room, HttpContext context)
    {
        RtcResult<string> body = await BoundedBody.ReadAsync(context.Request, MaxBodyBytes);
        if (!body.IsOk)
            return Problems.Of(body.Error);
        if (Read(body.Value) is not { } request)
            return Problems.Of(RoomRequests.Malformed);
        RtcResult<Done> result = await server.ModerateAsync(room, request);
        if (!result.IsOk)
            return Problems.Of(result.Error);
        RtcSignallingLog.Moderated(logger, room, request.GetType().Name);
        return TypedResults.NoContent();
    }

    private static RoomRequest? Read(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return RoomRequests.Read(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static NodeRoom Show(RoomSnapshot snapshot) => new(snapshot.Room, snapshot.Locked, snapshot.Capacity, snapshot.Participants);
}
