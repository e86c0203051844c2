using Events.Rtc.Rooms;
using Events.Rtc.Stats;

namespace Events.Rtc;

/// <summary>
/// The façade that the doors (hub, WHIP, WHEP, node API) talk to. Every call is carried to the worker that owns the room
/// and completes on the thread pool. Error codes are those of docs/api.md.
/// </summary>
public interface IRtcServer
{
    /// <summary>Enters a room; creates it when it does not exist. A participant with the same identity is replaced.</summary>
    Task<RtcResult<IParticipant>> JoinAsync(RoomRights rights, IParticipantEvents events);

    /// <summary>Enters a room with one publishing transport (WHIP).</summary>
    Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>> WhipAsync(RoomRights rights, string offerSdp);

    /// <summary>Watches a room with one receiving transport (WHEP); <c>room_not_found</c> when it has no tracks.</summary>
    Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>> WhepAsync(RoomRights rights, string offerSdp);

    /// <summary>The rooms of this node.</summary>
    Task<IReadOnlyList<RoomSnapshot>> RoomsAsync();

    /// <summary>One room, or null.</summary>
    Task<RoomSnapshot?> RoomAsync(string room);

    /// <summary>How media flows in a room now, or null when there is no such room.</summary>
    /// <param name="room">The room.</param>
    /// <param name="maxViewers">Viewers that are listed, the worst first; all are counted.</param>
    Task<RoomStats?> StatsAsync(string room, int maxViewers);

    /// <summary>
    /// Runs a room as the platform: every <see cref="RoomRequest"/> is allowed, also before anybody is in the room. Completes when what
    /// was decided is safe; <c>participant_not_found</c>, <c>track_not_found</c>, <c>already_on_stage</c>, <c>room_name_invalid</c>.
    /// </summary>
    Task<RtcResult<Done>> ModerateAsync(string room, RoomRequest request);
}

/// <summary>One participant's handle. Safe to call from any thread; calls after it left answer <c>participant_gone</c>.</summary>
public interface IParticipant
{
    string ParticipantId { get; }

    RoomRights Rights { get; }

    /// <summary>True once it left or was removed.</summary>
    bool IsGone { get; }

    Task<RtcResult<RoomSnapshot>> SnapshotAsync();

    /// <summary>Offer of the publisher peer connection → answer. First call, renegotiation and ICE restart alike.</summary>
    Task<RtcResult<string>> PublishAsync(string offerSdp, IReadOnlyList<TrackDeclaration> tracks);

    /// <summary>The answer to the outstanding <see cref="SubscribeOffer"/>; <c>stale_revision</c> when it names another.</summary>
    Task<RtcResult<Done>> AnswerSubscriptionAsync(int revision, string answerSdp);

    /// <summary>A new offer with new ICE credentials for the subscriber peer connection.</summary>
    Task<RtcResult<SubscribeOffer>> RestartSubscriberAsync();

    /// <summary>The own track; <c>track_not_found</c>, or <c>muted_by_moderator</c> when unmuting what a moderator muted without being asked to.</summary>
    Task<RtcResult<Done>> MuteAsync(string trackId, bool muted);

    /// <summary>Opts out of a track, or back into it; <c>track_not_found</c> when there is none to opt out of.</summary>
    Task<RtcResult<Done>> SetSubscribedAsync(string trackId, bool enabled);

    /// <summary>How a video track is wanted: its size on the screen, its frame rate, or not now. <c>track_not_found</c> when there is none.</summary>
    Task<RtcResult<Done>> SetVideoAsync(string trackId, VideoPreference preference);

    /// <summary>Only the cameras of the most recent speakers, so many of them, are sent; null: everybody's.</summary>
    Task<RtcResult<Done>> SetLastNAsync(int? count);

    /// <summary>Raises or lowers the own hand.</summary>
    Task<RtcResult<Done>> RaiseHandAsync(bool raised);

    /// <summary>Accepts or declines the invitation to the stage; <c>not_invited</c> without one.</summary>
    Task<RtcResult<Done>> AnswerInvitationAsync(bool accepted);

    /// <summary>Runs the room; <c>moderation_not_allowed</c> without the right to, <c>participant_not_found</c>, <c>track_not_found</c>.</summary>
    Task<RtcResult<Done>> ModerateAsync(RoomRequest request);

    /// <summary>WHIP and WHEP: trickled candidates are not needed (we are ICE-lite), so only an ICE restart does something.</summary>
    /// <param name="remoteUfrag">New remote user fragment.</param>
    /// <param name="remotePwd">New remote password.</param>
    /// <returns>An SDP fragment (RFC 8840) with our new credentials and candidates, and the new ETag.</returns>
    Task<RtcResult<SessionAnswer>> RestartIceAsync(string remoteUfrag, string remotePwd);

    /// <summary>The ETag that names the current ICE session (WHIP, WHEP).</summary>
    string ETag { get; }

    /// <summary>
    /// The signalling connection was lost or is back. While it is lost the participant stays and its media flows; what
    /// happens meanwhile is not queued: the one that resumes takes a snapshot.
    /// </summary>
    void Attach(IParticipantEvents? events);

    Task LeaveAsync(string reason);
}
