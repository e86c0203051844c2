using System.Collections.Concurrent;
using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Rtc.Stats;

namespace Events.Tests.Rtc.Signalling.Fakes;

/// <summary>Rooms without media: what the doors see of an SFU.</summary>
public sealed class FakeRtcServer : IRtcServer
{
    private int _next;

    public ConcurrentDictionary<string, FakeParticipant> Participants { get; } = new();

    public RtcError? Refusal { get; set; }

    public Exception? Failure { get; set; }

    public Task<RtcResult<IParticipant>> JoinAsync(RoomRights rights, IParticipantEvents events)
    {
        if (Failure is not null)
            throw Failure;
        if (Refusal is not null)
            return Task.FromResult<RtcResult<IParticipant>>(Refusal);
        // RtcResult converts from the type itself only, and C# converts no interfaces.
        return Task.FromResult(Box<IParticipant>(Add(rights, events)));
    }

    public Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>> WhipAsync(RoomRights rights, string offerSdp) => SessionAsync(rights, offerSdp);

    public Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>> WhepAsync(RoomRights rights, string offerSdp) =>
        InRoom(rights.Room).Any(participant => participant.Rights.CanPublish)
            ? SessionAsync(rights, offerSdp)
            : Task.FromResult<RtcResult<(IParticipant, SessionAnswer)>>(new RtcError("room_not_found", "The room has no tracks."));

    public Task<IReadOnlyList<RoomSnapshot>> RoomsAsync() => Task.FromResult<IReadOnlyList<RoomSnapshot>>(
        [.. Participants.Values.Where(p => !p.IsGone).GroupBy(p => p.Rights.Room).Select(room => Snapshot(room.Key))]);

    public Task<RoomSnapshot?> RoomAsync(string room) => Task.FromResult(InRoom(room).Any() ? Snapshot(room) : null);

    public ConcurrentQueue<RoomRequest> Requests { get; } = new();

    public Task<RtcResult<Done>> ModerateAsync(string room, RoomRequest request)
    {
        if (Refusal is not null)
            return Task.FromResult<RtcResult<Done>>(Refusal);
        Requests.Enqueue(request);
        return Task.FromResult<RtcResult<Done>>(default(Done));
    }

    public RoomSnapshot Snapshot(string room) => new(
        room, [.. InRoom(room).Where(p => !p.Rights.Hidden).Select(p => p.Info)], new SubscribeOffer(1, "v=0", [new SubscribedTrack("0", "t", "p", TrackKind.Video, TrackSource.ScreenAudio)]));

    private static RtcResult<T> Box<T>(T value) => value;

    public Task<RoomStats?> StatsAsync(string room, int maxViewers) => Task.FromResult(InRoom(room).Any()
        ? new RoomStats(room, new RoomTotals(1, maxViewers, 0, 0, 0, 0, 0, 0, 0, null), [], [])
        : null);

    private IEnumerable<FakeParticipant> InRoom(string room) => Participants.Values.Where(p => !p.IsGone && p.Rights.Room == room);

    private FakeParticipant Add(RoomRights rights, IParticipantEvents? events)
    {
        FakeParticipant participant = new(this, $"p{Interlocked.Increment(ref _next)}", rights) { Events = events };
        Participants[participant.ParticipantId] = participant;
        return participant;
    }

    private Task<RtcResult<(IParticipant, SessionAnswer)>> SessionAsync(RoomRights rights, string offerSdp)
    {
        if (Refusal is not null)
            return Task.FromResult<RtcResult<(IParticipant, SessionAnswer)>>(Refusal);
        return Task.FromResult<RtcResult<(IParticipant, SessionAnswer)>>(
            offerSdp.StartsWith("v=0", StringComparison.Ordinal)
                ? (Add(rights, null), new SessionAnswer("v=0\r\nanswer", "ice1"))
                : new RtcError("sdp_invalid", "Not an SDP."));
    }
}

public sealed class FakeParticipant(FakeRtcServer server, string id, RoomRights rights) : IParticipant
{
    public IParticipantEvents? Events { get; set; }

    public string? LeftBecause { get; private set; }

    public List<TrackDeclaration> Declared { get; } = [];

    public string ParticipantId => id;

    public RoomRights Rights => rights;

    public bool IsGone { get; private set; }

    public string ETag { get; private set; } = "ice1";

    public ParticipantInfo Info => new(id, rights.Identity, rights.Name, rights.Role, rights.CanPublish, []);

    public Task<RtcResult<RoomSnapshot>> SnapshotAsync() => Task.FromResult<RtcResult<RoomSnapshot>>(
        IsGone ? new RtcError("participant_gone", "Gone.") : server.Snapshot(rights.Room));

    public Task<RtcResult<string>> PublishAsync(string offerSdp, IReadOnlyList<TrackDeclaration> tracks)
    {
        if (offerSdp == "throw")
            throw new InvalidOperationException("a bug of ours");
        Declared.AddRange(tracks);
        return Task.FromResult<RtcResult<string>>(offerSdp.StartsWith("v=0", StringComparison.Ordinal) ? "v=0 answer" : new RtcError("sdp_invalid", "Not an SDP."));
    }

    public Task<RtcResult<Done>> AnswerSubscriptionAsync(int revision, string answerSdp) => Task.FromResult<RtcResult<Done>>(
        revision == 1 ? default(Done) : new RtcError("stale_revision", "Another offer is outstanding."));

    public Task<RtcResult<SubscribeOffer>> RestartSubscriberAsync() => Task.FromResult<RtcResult<SubscribeOffer>>(new SubscribeOffer(2, "v=0", []));

    public Task<RtcResult<Done>> MuteAsync(string trackId, bool muted) => Task.FromResult<RtcResult<Done>>(default(Done));

    public Task<RtcResult<Done>> SetSubscribedAsync(string trackId, bool enabled) => Task.FromResult<RtcResult<Done>>(default(Done));

    public List<(string TrackId, VideoPreference Preference)> Preferred { get; } = [];

    public int? LastN { get; private set; } = -1;

    public Task<RtcResult<Done>> SetVideoAsync(string trackId, VideoPreference preference)
    {
        Preferred.Add((trackId, preference));
        return Task.FromResult<RtcResult<Done>>(default(Done));
    }

    public Task<RtcResult<Done>> SetLastNAsync(int? count)
    {
        LastN = count;
        return Task.FromResult<RtcResult<Done>>(default(Done));
    }

    public bool HandRaised { get; private set; }

    public Task<RtcResult<Done>> RaiseHandAsync(bool raised)
    {
        HandRaised = raised;
        return Task.FromResult<RtcResult<Done>>(default(Done));
    }

    public Task<RtcResult<Done>> AnswerInvitationAsync(bool accepted) =>
        Task.FromResult<RtcResult<Done>>(new RtcError("not_invited", "Nobody invited you."));

    public Task<RtcResult<Done>> ModerateAsync(RoomRequest request) =>
        rights.Moderates ? server.ModerateAsync(rights.Room, request) : Task.FromResult<RtcResult<Done>>(new RtcError("moderation_not_allowed", "Only moderators."));

    public Task<RtcResult<SessionAnswer>> RestartIceAsync(string remoteUfrag, string remotePwd)
    {
        ETag = "ice2";
        return Task.FromResult<RtcResult<SessionAnswer>>(new SessionAnswer("a=ice-ufrag:new\r\n", ETag));
    }

    public void Attach(IParticipantEvents? events) => Events = events;

    public Task LeaveAsync(string reason)
    {
        LeftBecause ??= reason;
        IsGone = true;
        return Task.CompletedTask;
    }

    public void Close(RtcError reason)
    {
        IsGone = true;
        Events?.Closed(reason);
    }
}
