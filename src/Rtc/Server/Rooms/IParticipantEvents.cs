namespace Events.Rtc.Rooms;

/// <summary>
/// What a room tells one participant. Called on the room's worker thread: an implementation hands the event on (to a
/// channel) and returns at once; it never blocks and never throws.
/// </summary>
public interface IParticipantEvents
{
    void ParticipantJoined(ParticipantInfo participant);

    void ParticipantLeft(string participantId);

    /// <summary>Someone's connection is lost and its place is kept (true), or it is back (false).</summary>
    void ParticipantReconnecting(string participantId, bool reconnecting);

    void TrackPublished(string participantId, TrackInfo track);

    void TrackUnpublished(string participantId, string trackId);

    /// <param name="participantId">The publisher.</param>
    /// <param name="trackId">Its track.</param>
    /// <param name="muted">By whomever.</param>
    /// <param name="silenced">By a moderator.</param>
    void TrackMuted(string participantId, string trackId, bool muted, bool silenced);

    void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers);

    /// <summary>Dynacast: which encodings of the participant's own track are watched, in the order of its offer.</summary>
    void PublishLayers(string trackId, string mid, IReadOnlyList<EncodingDemand> encodings);

    /// <summary>The video tracks that are held back from this participant now: by last-N, or because its path has no room for them.</summary>
    void VideoHeld(IReadOnlyList<string> trackIds);

    /// <summary>Someone, perhaps oneself, was promoted or demoted.</summary>
    void RightsChanged(string participantId, RightsInfo rights);

    /// <summary>A hand went up (its place; the lowest is first) or down (null).</summary>
    void HandRaised(string participantId, long? hand);

    /// <summary>A moderator, or the platform (null), asks one to the stage.</summary>
    void StageInvited(string? participantId);

    /// <summary>To moderators: what an invited one said.</summary>
    void InvitationAnswered(string participantId, bool accepted);

    /// <summary>A moderator asks to unmute one's own track.</summary>
    void UnmuteAsked(string trackId);

    void RoomLocked(bool locked);

    void SubscribeOffer(SubscribeOffer offer);

    /// <summary>The participant is out: removed, replaced by a second join, room closed, transport lost.</summary>
    void Closed(RtcError reason);
}

/// <summary>
/// What happens in rooms, for the node's journal. Called on worker threads: hand on and return. <c>data</c> is an object
/// that serialises as docs/api.md ("Events of nodes") says.
/// </summary>
public interface IRoomObserver
{
    void Record(string type, object data);

    /// <summary>Completes when all that was recorded before is safe, where it is kept.</summary>
    Task FlushAsync() => Task.CompletedTask;
}
