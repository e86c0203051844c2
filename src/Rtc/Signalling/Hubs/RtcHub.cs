using System.Text.Json;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Hubs;

/// <summary>
/// The hub <c>/hubs/rtc</c> (docs/api.md): one connection, one participant. Arguments come as raw JSON, so that a malformed one
/// gets an answer and not a broken call. Calls of one connection run one after the other.
/// </summary>
/// <remarks>
/// The grant's end bounds joining and resuming; a call that runs goes on until it is left or moderated, as a meeting may last
/// longer than a grant. Events may reach the client before the answer of join or resume: each is newer than or contained
/// in the snapshot, and applying one twice changes nothing, so the client keeps them and applies them after the answer.
/// </remarks>
internal sealed class RtcHub(
    IRtcServer server,
    GrantVerifier grants,
    ResumeRegistry sessions,
    SignallingOptions options,
    IceServers iceServers,
    IHubContext<RtcHub> hub,
    TimeProvider clock,
    SignallingMetrics metrics,
    ILogger<RtcHub> logger) : Hub
{
    private static readonly RtcError NotJoined = new("not_joined", "Join a room first.");
    private static readonly RtcError AlreadyJoined = new("already_joined", "This connection is in a room; leave it first.");
    private static readonly RtcError ConnectionGone = new("connection_gone", "The connection ended meanwhile.");

    public override Task OnConnectedAsync()
    {
        Context.Items[typeof(HubConnection)] = new HubConnection(new TokenBucket(options.HubCallsPerSecond, options.HubCallBurst, clock), Context.Abort, clock);
        metrics.ConnectionOpened();
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        metrics.ConnectionClosed();
        if (ConnectionOf(Context).Gone() is { } bound)
            sessions.Lost(bound.Session, bound.Events, silent: exception is not null); // a socket that its client closes, or whose process dies, ends without one
        return Task.CompletedTask;
    }

    public async Task<HubAnswer> Join(JsonElement request)
    {
        HubConnection connection = ConnectionOf(Context);
        if (connection.Session is not null)
            return new Refused(AlreadyJoined);
        if (!JsonFields.TryText(request, "grant", CompactJwt.MaxLength, out string? token))
            return new Refused(HubRequests.Malformed("a 'grant'"));
        RtcResult<RoomGrant> grant = grants.Verify(token);
        if (!grant.IsOk)
            return new Refused(grant.Error);

        ConnectionEvents events = NewEvents();
        RtcResult<IParticipant> joined = default;
        try
        {
            joined = await server.JoinAsync(grant.Value.Rights, events);
        }
        finally
        {
            if (joined.Value is null)
                events.Stop();
        }

        if (!joined.IsOk)
            return new Refused(joined.Error);

        (HubSession session, string resumeToken) = sessions.Begin(joined.Value, grant.Value.ExpiresAt, events);
        if (!connection.TryBind(session, events))
        {
            // The client never got the token, so nobody can resume.
            await sessions.LeaveAsync(session, events, "connection_lost");
            return new Refused(ConnectionGone);
        }

        metrics.Entered("join");
        RtcSignallingLog.Joined(logger, joined.Value.ParticipantId, grant.Value.Rights.Room, Context.ConnectionId);
        return await EnteredAsync(session, resumeToken);
    }

    public async Task<HubAnswer> Resume(JsonElement request)
    {
        HubConnection connection = ConnectionOf(Context);
        if (connection.Session is not null)
            return new Refused(AlreadyJoined);
        if (!JsonFields.TryText(request, "resumeToken", ResumeRegistry.TokenLength, out string? token))
            return new Refused(HubRequests.Malformed("a 'resumeToken'"));

        ConnectionEvents events = NewEvents();
        RtcResult<HubSession> resumed = sessions.Resume(token, events);
        if (!resumed.IsOk)
        {
            events.Stop();
            return new Refused(resumed.Error);
        }

        if (!connection.TryBind(resumed.Value, events))
        {
            sessions.Lost(resumed.Value, events, silent: true);
            return new Refused(ConnectionGone);
        }

        metrics.Entered("resume");
        IParticipant participant = resumed.Value.Participant;
        RtcSignallingLog.Resumed(logger, participant.ParticipantId, participant.Rights.Room, Context.ConnectionId);
        return await EnteredAsync(resumed.Value, token);
    }

    public async Task<HubAnswer> Publish(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!HubRequests.TryPublish(request, out string? sdp, out List<TrackDeclaration> tracks))
            return new Refused(HubRequests.Malformed($"'sdp' of at most 256 KB and 'tracks', at most {HubRequests.MaxTracks} of {{mid, source}}, and if it is there 'encryption' as none, gcm or custom"));
        RtcResult<string> answer = await session.Participant.PublishAsync(sdp, tracks);
        return answer.IsOk ? new Published(answer.Value) : new Refused(answer.Error);
    }

    public async Task<HubAnswer> SubscribeAnswer(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!JsonFields.TryInteger(request, "revision", out int revision) || !JsonFields.TryText(request, "sdp", HubRequests.MaxSdp, out string? sdp))
            return new Refused(HubRequests.Malformed("a whole 'revision' and 'sdp' of at most 256 KB"));
        return Answer(await session.Participant.AnswerSubscriptionAsync(revision, sdp));
    }

    public async Task<HubAnswer> RestartSubscriber()
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        RtcResult<SubscribeOffer> offer = await session.Participant.RestartSubscriberAsync();
        return offer.IsOk ? new Reoffered(offer.Value) : new Refused(offer.Error);
    }

    public async Task<HubAnswer> Mute(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!HubRequests.TryTrackFlag(request, "muted", out string? trackId, out bool muted))
            return new Refused(HubRequests.Malformed("a 'trackId' and 'muted'"));
        return Answer(await session.Participant.MuteAsync(trackId, muted));
    }

    public async Task<HubAnswer> Subscribe(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!HubRequests.TryTrackFlag(request, "enabled", out string? trackId, out bool enabled))
            return new Refused(HubRequests.Malformed("a 'trackId' and 'enabled'"));
        return Answer(await session.Participant.SetSubscribedAsync(trackId, enabled));
    }

    public async Task<HubAnswer> SetVideo(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!HubRequests.TryVideo(request, out string? trackId, out VideoPreference? preference))
            return new Refused(HubRequests.Malformed("a 'trackId', and if they are there 'maxWidth', 'maxHeight', 'maxFrameRate' as whole numbers and 'paused'"));
        return Answer(await session.Participant.SetVideoAsync(trackId, preference));
    }

    public async Task<HubAnswer> SetLastN(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!HubRequests.TryLastN(request, out int? count))
            return new Refused(HubRequests.Malformed("a 'count' of 0 to 1,000, or null"));
        return Answer(await session.Participant.SetLastNAsync(count));
    }

    public async Task<HubAnswer> RaiseHand(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!JsonFields.TryFlag(request, "raised", out bool raised))
            return new Refused(HubRequests.Malformed("'raised'"));
        return Answer(await session.Participant.RaiseHandAsync(raised));
    }

    public async Task<HubAnswer> AnswerInvitation(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        if (!JsonFields.TryFlag(request, "accepted", out bool accepted))
            return new Refused(HubRequests.Malformed("'accepted'"));
        return Answer(await session.Participant.AnswerInvitationAsync(accepted));
    }

    public async Task<HubAnswer> Moderate(JsonElement request)
    {
        if (ConnectionOf(Context).Session is not { } session)
            return new Refused(NotJoined);
        return RoomRequests.Read(request) is { } wanted ? Answer(await session.Participant.ModerateAsync(wanted)) : new Refused(RoomRequests.Malformed);
    }

    /// <summary>Fresh TURN credentials: those of join or resume end with their TTL.</summary>
    public Task<HubAnswer> IceServers() => Task.FromResult<HubAnswer>(ConnectionOf(Context).Session is { } session
        ? new Relays(iceServers.For(session.Participant.Rights.Identity), iceServers.Ttl)
        : new Refused(NotJoined));

    public async Task<HubAnswer> Leave()
    {
        HubConnection connection = ConnectionOf(Context);
        if (connection.Bound is not { } bound || !await sessions.LeaveAsync(bound.Session, bound.Events, "left"))
            return new Refused(NotJoined);
        connection.SessionEnded();
        return new Accepted();
    }

    internal static HubConnection ConnectionOf(HubCallerContext context) => (HubConnection)context.Items[typeof(HubConnection)]!;

    private static HubAnswer Answer(RtcResult<Done> result) => result.IsOk ? new Accepted() : new Refused(result.Error);

    private async Task<HubAnswer> EnteredAsync(HubSession session, string resumeToken)
    {
        RtcResult<RoomSnapshot> snapshot = await session.Participant.SnapshotAsync();
        if (!snapshot.IsOk)
        {
            // It ended between entering and now, perhaps before the events were attached: nobody else says so.
            sessions.Forget(session);
            return new Refused(snapshot.Error);
        }

        RoomRights rights = session.Participant.Rights;
        return new Entered(
            EnteredAs.Of(session.Participant.ParticipantId, rights),
            resumeToken,
            new EnteredRoom(rights.Room, snapshot.Value.Locked),
            snapshot.Value.Participants,
            iceServers.For(rights.Identity),
            iceServers.Ttl,
            snapshot.Value.Offer);
    }

    private ConnectionEvents NewEvents() =>
        new(Context.ConnectionId, hub.Clients.Client(Context.ConnectionId), Context.Abort, ConnectionOf(Context).SessionEnded, options.HubQueueLength, logger, metrics);
}
