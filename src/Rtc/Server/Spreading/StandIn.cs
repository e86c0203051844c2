using Events.Rtc.Rooms;

namespace Events.Rtc.Spreading;

/// <summary>
/// A hub participant whose room's worker is full receives on another one: it is in the room at home, where it is seen, publishes and is ruled, and a
/// stand-in of it among the viewers of a branch has its subscriptions. What the stand-in has to say goes to the participant's own client.
/// </summary>
internal sealed class StandIn(Participant principal, MediaWorker worker) : IParticipantEvents
{
    private volatile IParticipantEvents? _client;

    private volatile int _heard;

    /// <summary>Nothing comes any more on the connection that it receives on; null: that one has not been there yet. Safe from both threads.</summary>
    public bool? IsSilent => _heard == 0 ? null : _heard < 0;

    /// <summary>On its worker, now and then.</summary>
    public void Heard(bool isSilent) => _heard = isSilent ? -1 : 1;

    /// <summary>Where it is.</summary>
    public MediaWorker Worker { get; } = worker;

    /// <summary>Touched on its worker only; null before it is there.</summary>
    public Participant? Participant { get; private set; }

    /// <summary>On the principal's thread, once the room has a branch there; the place that was taken keeps it.</summary>
    public void Open()
    {
        var (room, rights, id) = (principal.Room.Id, principal.Rights, principal.Id);
        Worker.Post(() => Participant = Worker.FindRoom(room)!.Seat(rights, id, this));
    }

    /// <summary>The client is connected, or is not. On the principal's thread.</summary>
    public void Attach(IParticipantEvents? client) => _client = client;

    /// <summary>The client is back, and may have missed what is told only once. On the principal's thread.</summary>
    public void Repeat() => Worker.Post(() => Participant?.Repeat());

    /// <summary>The principal left. On its thread.</summary>
    public void End(RtcError reason)
    {
        _client = null;
        Worker.Post(() => Participant?.Room.Leave(Participant, reason));
    }

    public void SubscribeOffer(SubscribeOffer offer) => _client?.SubscribeOffer(offer);

    public void VideoHeld(IReadOnlyList<string> trackIds) => _client?.VideoHeld(trackIds);

    /// <summary>Without its stand-in the principal would see nothing: its client joins again.</summary>
    public void Closed(RtcError reason) => principal.Room.Worker.Post(() => principal.Room.Leave(principal, reason));

    // The rest is told at home.
    public void ParticipantJoined(ParticipantInfo participant)
    {
    }

    public void ParticipantLeft(string participantId)
    {
    }

    public void ParticipantReconnecting(string participantId, bool reconnecting)
    {
    }

    public void TrackPublished(string participantId, TrackInfo track)
    {
    }

    public void TrackUnpublished(string participantId, string trackId)
    {
    }

    public void TrackMuted(string participantId, string trackId, bool muted, bool silenced)
    {
    }

    public void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers)
    {
    }

    public void PublishLayers(string trackId, string mid, IReadOnlyList<EncodingDemand> encodings)
    {
    }

    public void RightsChanged(string participantId, RightsInfo rights)
    {
    }

    public void HandRaised(string participantId, long? hand)
    {
    }

    public void StageInvited(string? participantId)
    {
    }

    public void InvitationAnswered(string participantId, bool accepted)
    {
    }

    public void UnmuteAsked(string trackId)
    {
    }

    public void RoomLocked(bool locked)
    {
    }
}
