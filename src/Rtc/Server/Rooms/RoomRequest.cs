namespace Events.Rtc.Rooms;

/// <summary>What a moderator, or the platform, asks of a room.</summary>
public abstract record RoomRequest
{
    /// <summary>Asks someone who may not publish to the stage; the answer decides.</summary>
    public sealed record Invite(string ParticipantId) : RoomRequest;

    /// <summary>
    /// Changes rights at once, and for the person's later joins: promotes, demotes (what a demoted one publishes ends). Who moderates
    /// and who watches is the platform's to change, and moderators do not demote each other.
    /// </summary>
    public sealed record SetRights(string ParticipantId, RightsChange Change) : RoomRequest;

    /// <summary>Lowers a raised hand.</summary>
    public sealed record LowerHand(string ParticipantId) : RoomRequest;

    /// <summary>Mutes a track for everyone, or lifts that. Publishing the same source again does not lift it.</summary>
    public sealed record MuteTrack(string TrackId, bool Muted) : RoomRequest;

    /// <summary>Asks a publisher to unmute; a moderator's mute is lifted when the publisher does, and not before.</summary>
    public sealed record AskToUnmute(string TrackId) : RoomRequest;

    /// <summary>Ends a person's stay, in all its tabs, and bars it from coming back. Moderators do not remove each other: that is the platform's.</summary>
    public sealed record Remove(string ParticipantId) : RoomRequest;

    /// <summary>Whether new participants are refused; moderators, and who was in before, still enter.</summary>
    public sealed record Lock(bool Locked) : RoomRequest;

    /// <summary>How many participants the room admits; null: what the node admits. Nobody who is in has to leave.</summary>
    public sealed record Capacity(int? Participants) : RoomRequest;

    /// <summary>The platform's alone: ends the call for everyone. Who has a grant may come again; lock the room to prevent it.</summary>
    public sealed record Close : RoomRequest;

    /// <summary>The platform's alone: bars a person or a single identity, and ends its stay.</summary>
    public sealed record Bar(string Identity) : RoomRequest;

    /// <summary>The platform's alone: lets somebody who was barred or removed in again.</summary>
    public sealed record Readmit(string Identity) : RoomRequest;

    /// <summary>The platform's alone: a grant is worth nothing any more, and who came in with it is out.</summary>
    public sealed record RevokeGrant(string GrantId) : RoomRequest;

    /// <summary>
    /// The platform's alone: a person's grants that were made until then are worth nothing any more, and who came in with them is out. What
    /// the person may do has changed; it comes back with a new grant.
    /// </summary>
    public sealed record RevokeGrants(string Person, DateTimeOffset IssuedUntil) : RoomRequest;
}
