using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Hubs;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Rtc.Signalling.Http;

/// <summary>What WHIP and WHEP have in common: who may enter, and the life of a session's resource (RFC 9725 §4).</summary>
internal sealed class SessionDoor(
    SignallingOptions options, GrantVerifier grants, IceServers iceServers, SessionResources resources, AddressBudget budget, SignallingMetrics metrics)
{
    public const string Sdp = "application/sdp";
    public const string Fragment = "application/trickle-ice-sdpfrag";

    private static readonly RtcError RoomNameInvalid = new("room_name_invalid", "A room's name has 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    private static readonly RtcError WrongRoom = new("grant_wrong_room", "The grant is for another room.");
    private static readonly RtcError MalformedBearer = new("grant_invalid", "Send one header 'Authorization: Bearer <grant>'.");
    private static readonly RtcError ResourceNotFound = new("resource_not_found", "There is no such session, or it is over.");
    private static readonly RtcError EmptyBody = new("sdp_empty", "The body holds no SDP offer.");
    private static readonly RtcError FragmentInvalid = new("sdp_fragment_invalid", "The body is no SDP fragment with a full set of ICE credentials.");
    private static readonly RtcError RestartNeedsStar = new("sdp_fragment_invalid", "New ICE credentials are a restart, which is asked for with 'If-Match: *'.");
    private static readonly RtcError IfMatchMissing = new("if_match_missing", "Name the ICE session with If-Match, or ask for a restart with '*'.");
    private static readonly RtcError ETagMismatch = new("etag_mismatch", "The ICE session that If-Match names is not the current one.");
    private static readonly RtcError Forwarded = new("forwarded_refused", "Open mode serves this machine only; forwarded requests need a grant and a node without open mode.");
    private static readonly RtcError MethodNotAllowed = new("method_not_allowed", "The resource knows POST and OPTIONS; a session PATCH, DELETE and OPTIONS.");

    private static readonly string[] ForwardedHeaders = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Original-For", "X-Real-IP"];

    /// <summary>Before every request: CORS for players of any origin, the rate, and in open mode no proxies.</summary>
    public async ValueTask<object?> GuardAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        HttpContext context = invocation.HttpContext;
        context.Response.Headers.AccessControlAllowOrigin = "*";
        context.Response.Headers.AccessControlExposeHeaders = "Location, ETag, Link, Accept-Post, Retry-After";
        if (options.OpenWhip && ForwardedHeaders.Any(context.Request.Headers.ContainsKey))
            return Problems.Of(Forwarded);
        return budget.TryTake(context.Connection.RemoteIpAddress) ? await next(invocation) : AddressBudget.Refuse(context);
    }

    /// <summary>The rights of a POST: those of its grant, or in open mode without one those that <paramref name="open"/> makes.</summary>
    public RtcResult<(RoomRights Rights, string? Token)> Admit(string room, HttpContext context, Func<string, RoomRights> open, Func<RoomRights, RtcError?> lacks)
    {
        if (!GrantFormat.IsRoomName(room))
            return RoomNameInvalid;
        RtcResult<string?> bearer = Bearer(context.Request);
        if (!bearer.IsOk && bearer.Error is { } malformed)
            return malformed;
        if (bearer.Value is null && options.OpenWhip && IsLoopback(context))
            return (open(room), null);
        RtcResult<RoomGrant> grant = grants.Verify(bearer.Value);
        if (!grant.IsOk)
            return grant.Error;
        RoomRights rights = grant.Value.Rights;
        if (rights.Room != room)
            return WrongRoom;
        return lacks(rights) is { } refusal ? refusal : (rights, bearer.Value);
    }

    /// <summary>The offer of a POST, or <c>unsupported_media_type</c>, <c>body_too_large</c>, <c>sdp_…</c>.</summary>
    public static async Task<RtcResult<string>> OfferAsync(HttpContext context)
    {
        if (!BoundedBody.IsOfType(context.Request, Sdp))
        {
            context.Response.Headers["Accept-Post"] = Sdp;
            return UnsupportedType(Sdp);
        }

        RtcResult<string> body = await BoundedBody.ReadAsync(context.Request, HubRequests.MaxSdp);
        return body.IsOk && string.IsNullOrWhiteSpace(body.Value) ? EmptyBody : body;
    }

    /// <summary>Gives a new session its address.</summary>
    public SdpCreated Begin(string protocol, HttpContext context, IParticipant participant, SessionAnswer answer, string? token, string offer)
    {
        IceCredentials.TryRead(offer, out IceCredentials? remote);
        SessionResource resource = resources.Add(protocol, participant, token, remote);
        metrics.SessionRequest(protocol, "ok");
        return new SdpCreated($"{context.Request.PathBase}/{protocol}/{participant.Rights.Room}/{resource.Id}", answer, iceServers.For(participant.Rights.Identity));
    }

    public ProblemHttpResult Refuse(string protocol, HttpContext context, RtcError error)
    {
        metrics.SessionRequest(protocol, error.Code);
        int status = Problems.Status(error.Code);
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        else if (status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "1"; // RFC 9725 §4.5
        return Problems.Of(error);
    }

    /// <summary>Trickling (nothing to do: we are ICE-lite and take the peer's address from its checks) and ICE restart.</summary>
    public async Task<Results<SdpFragmentAnswer, NoContent, ProblemHttpResult>> PatchAsync(string protocol, string room, string id, HttpContext context)
    {
        RtcResult<SessionResource> found = Resource(protocol, room, id, context.Request);
        if (!found.IsOk)
            return Refuse(protocol, context, found.Error);
        SessionResource resource = found.Value;
        if (!BoundedBody.IsOfType(context.Request, Fragment))
        {
            context.Response.Headers["Accept-Patch"] = Fragment;
            return Refuse(protocol, context, UnsupportedType(Fragment));
        }

        string ifMatch = context.Request.Headers.IfMatch.ToString();
        if (ifMatch.Length == 0)
            return Refuse(protocol, context, IfMatchMissing);
        bool any = ifMatch.Trim() == "*";
        if (!any && !SdpETag.Matches(ifMatch, resource.Participant.ETag))
            return Refuse(protocol, context, ETagMismatch);
        RtcResult<string> body = await BoundedBody.ReadAsync(context.Request, HubRequests.MaxSdp);
        if (!body.IsOk)
            return Refuse(protocol, context, body.Error);
        if (!IceCredentials.TryRead(body.Value, out IceCredentials? remote))
            return Refuse(protocol, context, FragmentInvalid);
        if (remote is null || remote == resource.Remote)
            return TypedResults.NoContent();
        if (!any)
            return Refuse(protocol, context, RestartNeedsStar);

        RtcResult<SessionAnswer> restarted = await resource.Participant.RestartIceAsync(remote.Ufrag, remote.Pwd);
        if (!restarted.IsOk)
            return Refuse(protocol, context, restarted.Error);
        resource.Remote = remote;
        return new SdpFragmentAnswer(restarted.Value);
    }

    public async Task<Results<Ok, ProblemHttpResult>> DeleteAsync(string protocol, string room, string id, HttpContext context)
    {
        RtcResult<SessionResource> found = Resource(protocol, room, id, context.Request);
        if (!found.IsOk)
            return Refuse(protocol, context, found.Error);
        resources.Remove(found.Value);
        await found.Value.Participant.LeaveAsync("left");
        return TypedResults.Ok();
    }

    /// <summary>OPTIONS, of a browser's preflight and of a client that asks what may be posted (RFC 9725 §4.1).</summary>
    /// <remarks>Whoever shows a grant for the room is told of STUN and TURN servers before its offer (RFC 9725 §4.6).</remarks>
    public NoContent Options(HttpContext context, string methods, string? room)
    {
        bool isEndpoint = room is not null;
        IHeaderDictionary headers = context.Response.Headers;
        headers.Allow = methods;
        headers.AccessControlAllowMethods = methods;
        headers.AccessControlAllowHeaders = "Authorization, Content-Type, If-Match";
        headers.AccessControlMaxAge = "600";
        if (isEndpoint)
        {
            headers["Accept-Post"] = Sdp;
            if (Bearer(context.Request) is { IsOk: true, Value: { } token } && grants.Verify(token) is { IsOk: true } grant && grant.Value.Rights.Room == room)
                IceServerLinks.Write(context.Response, iceServers.For(grant.Value.Rights.Identity));
        }
        else
        {
            headers["Accept-Patch"] = Fragment;
        }

        return TypedResults.NoContent();
    }

    public ProblemHttpResult NotAllowed(string protocol, HttpContext context, string methods)
    {
        context.Response.Headers.Allow = methods;
        return Refuse(protocol, context, MethodNotAllowed);
    }

    /// <summary>Identity of someone let in without a grant: each is a person of its own.</summary>
    public static string OpenIdentity() => "open-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9));

    private static RtcError UnsupportedType(string type) => new("unsupported_media_type", $"The body must be {type}.");

    private RtcResult<SessionResource> Resource(string protocol, string room, string id, HttpRequest request)
    {
        RtcResult<string?> bearer = Bearer(request);
        if (!bearer.IsOk && bearer.Error is { } malformed)
            return malformed;
        SessionResource? resource = resources.Find(protocol, id);
        if (resource is null || resource.Participant.Rights.Room != room)
            return ResourceNotFound;
        if (resource.IsHeldBy(bearer.Value))
            return resource;
        // Another grant of the same person, renewed meanwhile, will do as well.
        RtcResult<RoomGrant> grant = grants.Verify(bearer.Value);
        if (!grant.IsOk)
            return grant.Error;
        RoomRights rights = grant.Value.Rights;
        return rights.Room == room && rights.Identity == resource.Participant.Rights.Identity ? resource : WrongRoom;
    }

    private static RtcResult<string?> Bearer(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count == 0)
            return (string?)null;
        if (header.Count > 1 || header[0] is not { } value || !value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return MalformedBearer;
        return value["Bearer ".Length..].Trim();
    }

    private static bool IsLoopback(HttpContext context) =>
        context.Connection.LocalIpAddress is { } address && IPAddress.IsLoopback(address);
}
