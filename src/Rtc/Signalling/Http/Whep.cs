using Events.Rtc.Rooms;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Rtc.Signalling.Http;

/// <summary>WHEP (draft-ietf-wish-whep): a player posts an offer and receives the room, with one transport that subscribes.</summary>
internal static class Whep
{
    private const string Protocol = "whep";

    private static readonly RtcError NotAllowed = new("subscribe_not_allowed", "The grant does not allow watching.");

    public static void MapWhep(this IEndpointRouteBuilder endpoints)
    {
        SessionDoor door = endpoints.ServiceProvider.GetRequiredService<SessionDoor>();
        IRtcServer server = endpoints.ServiceProvider.GetRequiredService<IRtcServer>();
        RouteGroupBuilder group = endpoints.MapGroup("/whep/{room}").ExcludeFromDescription();
        group.AddEndpointFilter(door.GuardAsync);

        group.MapPost("", (string room, HttpContext context) => PostAsync(door, server, room, context));
        group.MapMethods("", ["OPTIONS"], (string room, HttpContext context) => door.Options(context, "POST, OPTIONS", room));
        group.MapMethods("", ["GET", "HEAD", "PUT", "PATCH", "DELETE"], (HttpContext context) => door.NotAllowed(Protocol, context, "POST, OPTIONS"));

        group.MapPatch("/{id}", (string room, string id, HttpContext context) => door.PatchAsync(Protocol, room, id, context));
        group.MapDelete("/{id}", (string room, string id, HttpContext context) => door.DeleteAsync(Protocol, room, id, context));
        group.MapMethods("/{id}", ["OPTIONS"], (HttpContext context) => door.Options(context, "PATCH, DELETE, OPTIONS", null));
        group.MapMethods("/{id}", ["GET", "HEAD", "PUT", "POST"], (HttpContext context) => door.NotAllowed(Protocol, context, "PATCH, DELETE, OPTIONS"));
    }

    private static async Task<Results<SdpCreated, ProblemHttpResult>> PostAsync(SessionDoor door, IRtcServer server, string room, HttpContext context)
    {
        RtcResult<(RoomRights Rights, string? Token)> admitted = door.Admit(
            room, context, OpenRights, rights => rights.CanSubscribe ? null : NotAllowed);
        if (!admitted.IsOk)
            return door.Refuse(Protocol, context, admitted.Error!);
        RtcResult<string> offer = await SessionDoor.OfferAsync(context);
        if (!offer.IsOk)
            return door.Refuse(Protocol, context, offer.Error);
        RtcResult<(IParticipant Participant, SessionAnswer Answer)> session = await server.WhepAsync(admitted.Value.Rights, offer.Value);
        return session.IsOk
            ? door.Begin(Protocol, context, session.Value.Participant, session.Value.Answer, admitted.Value.Token, offer.Value)
            : door.Refuse(Protocol, context, session.Error!);
    }

    /// <summary>Whoever comes without a grant in open mode.</summary>
    private static RoomRights OpenRights(string room) =>
        new(room, SessionDoor.OpenIdentity(), "Player", "attendee", CanPublish: false, CanSubscribe: true, Hidden: true);
}
