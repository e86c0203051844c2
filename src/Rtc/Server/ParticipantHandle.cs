using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Rooms;

namespace Events.Rtc;

/// <summary>A participant as the doors hold it: each call is carried to its room's worker.</summary>
internal sealed class ParticipantHandle : IParticipant
{
    private static readonly RtcError Gone = new("participant_gone", "This participant has left the room; join again.");

    private readonly Participant _participant;
    private readonly MediaWorker _worker;
    private volatile string _etag;

    public ParticipantHandle(Participant participant)
    {
        _participant = participant;
        _worker = participant.Room.Worker;
        _etag = Transport?.LocalIce.Ufrag ?? "";
    }

    public string ParticipantId => _participant.Id;

    public RoomRights Rights => _participant.Rights;

    public bool IsGone => _participant.IsGone;

    public string ETag => _etag;

    private MediaTransport? Transport => _participant.Publisher as MediaTransport ?? _participant.Subscriber;

    public async Task<RtcResult<RoomSnapshot>> SnapshotAsync()
    {
        var snapshot = await OnWorker<RoomSnapshot>(() => _participant.Room.Snapshot(_participant)).ConfigureAwait(false);
        if (!snapshot.IsOk || _participant.StandIn is null)
        {
            return snapshot;
        }

        var offer = await OnReceiver<SubscribeOffer?>(receiver => receiver.Subscriber?.OutstandingOffer).ConfigureAwait(false);
        return offer.IsOk ? snapshot.Value with { Offer = offer.Value } : offer.Error;
    }

    public Task<RtcResult<string>> PublishAsync(string offerSdp, IReadOnlyList<TrackDeclaration> tracks) =>
        SdpReader.TryParse(offerSdp, out var offer, out var error)
            ? OnWorker(() => _participant.Publish(offer, tracks))
            : Task.FromResult<RtcResult<string>>(new RtcError(error.Code, error.Message));

    public Task<RtcResult<Done>> AnswerSubscriptionAsync(int revision, string answerSdp) =>
        SdpReader.TryParse(answerSdp, out var answer, out var error)
            ? OnReceiver(receiver => receiver.AcceptAnswer(revision, answer))
            : Task.FromResult<RtcResult<Done>>(new RtcError(error.Code, error.Message));

    public Task<RtcResult<SubscribeOffer>> RestartSubscriberAsync() => OnReceiver<SubscribeOffer>(receiver =>
    {
        if (!receiver.Rights.CanSubscribe)
        {
            return new RtcError("subscribe_not_allowed", "The grant does not allow to watch; ask for one that does.");
        }

        var subscriber = receiver.BeginToReceive();
        return subscriber.HasLines
            ? subscriber.CreateOffer(receiver.Room.Worker.CreateIceCredentials())
            : new RtcError("nothing_to_subscribe", "Nobody publishes in this room; an offer comes when somebody does.");
    });

    public Task<RtcResult<Done>> MuteAsync(string trackId, bool muted) => OnWorker(() => _participant.Room.Mute(_participant, trackId, muted));

    public Task<RtcResult<Done>> SetSubscribedAsync(string trackId, bool enabled) => OnReceiver(receiver => receiver.SetSubscribed(trackId, enabled));

    public Task<RtcResult<Done>> SetVideoAsync(string trackId, VideoPreference preference) => OnReceiver(receiver => receiver.Prefer(trackId, preference));

    public Task<RtcResult<Done>> SetLastNAsync(int? count) => OnReceiver<Done>(receiver =>
    {
        receiver.SetLastN(count);
        return default(Done);
    });

    public Task<RtcResult<Done>> RaiseHandAsync(bool raised) => OnWorker(() => _participant.Room.Moderation.RaiseHand(_participant, raised));

    public Task<RtcResult<Done>> AnswerInvitationAsync(bool accepted) =>
        DecidedAsync(moderation => moderation.AnswerInvitation(_participant, accepted));

    public Task<RtcResult<Done>> ModerateAsync(RoomRequest request) => DecidedAsync(moderation => moderation.Apply(_participant, request));

    public Task<RtcResult<SessionAnswer>> RestartIceAsync(string remoteUfrag, string remotePwd) => OnWorker<SessionAnswer>(() =>
    {
        if (Transport is not { Peer: not null } transport)
        {
            return Gone;
        }

        transport.RestartIce(_worker.CreateIceCredentials(), new IceCredentials(remoteUfrag, remotePwd));
        _etag = transport.LocalIce.Ufrag;
        var line = _participant.FirstLine;
        return new SessionAnswer(TrickleFragment.Write(transport.Local, line.Mid, line.Kind), _etag);
    });

    public void Attach(IParticipantEvents? events) => _worker.Post(() =>
    {
        if (!_participant.IsGone)
        {
            _participant.Events = events;
            if (events is not null)
            {
                _participant.CheckConnection(_worker.Now); // Who is back is so at once; that one is gone is told after a moment, in which many are back.
                _participant.Repeat();
            }

            foreach (var track in _participant.Tracks)
            {
                track.RepeatDemand();
            }
        }
    });

    public async Task LeaveAsync(string reason) => await OnWorker<Done>(() =>
    {
        _participant.Room.Leave(_participant, new RtcError(reason, "The participant left."));
        return default(Done);
    }).ConfigureAwait(false);

    /// <summary>Answers when what was decided is safe.</summary>
    private async Task<RtcResult<Done>> DecidedAsync(Func<Moderation, RtcResult<Done>> decide)
    {
        var (result, saved) = await _worker.InvokeAsync(() => _participant.IsGone ? (Gone, Task.CompletedTask) : _participant.Room.Moderation.Run(decide)).ConfigureAwait(false);
        await saved.ConfigureAwait(false);
        return result;
    }

    /// <summary>Runs a function where its subscriptions are: on it, or on its stand-in.</summary>
    private Task<RtcResult<T>> OnReceiver<T>(Func<Participant, RtcResult<T>> function) => _participant.StandIn is { } standIn
        ? standIn.Worker.InvokeAsync(() => standIn.Participant is { IsGone: false } there ? function(there) : Gone)
        : OnWorker(() => function(_participant));

    private Task<RtcResult<T>> OnWorker<T>(Func<RtcResult<T>> function) =>
        _worker.InvokeAsync(() => _participant.IsGone ? Gone : function());
}
