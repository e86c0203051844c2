namespace Events.Rtc.Rooms;

/// <summary>What a moderator, or the platform, asks of a running room.</summary>
public abstract record RoomRequest
{
    /// <summary>Asks someone who may not publish to the stage; the answer decides.</summary>
    public sealed record Invite(string ParticipantId) : RoomRequest;

    /// <summary>Promotes (true) or demotes (false) at once; what a demoted one publishes ends.</summary>
    public sealed record SetPublish(string ParticipantId, bool CanPublish) : RoomRequest;

    /// <summary>Lowers a raised hand.</summary>
    public sealed record LowerHand(string ParticipantId) : RoomRequest;

    /// <summary>Mutes a track for everyone, or lifts that.</summary>
    public sealed record MuteTrack(string TrackId, bool Muted) : RoomRequest;

    /// <summary>Asks a publisher to unmute; a moderator's mute is lifted when the publisher does, and not before.</summary>
    public sealed record AskToUnmute(string TrackId) : RoomRequest;

    /// <summary>Ends a participant's stay. Moderators do not remove each other: that is the platform's.</summary>
    public sealed record Remove(string ParticipantId) : RoomRequest;

    /// <summary>Whether new participants are refused; moderators, and who comes back, still enter.</summary>
    public sealed record Lock(bool Locked) : RoomRequest;

    /// <summary>How many participants the room admits; null: what the node admits. Nobody who is in has to leave.</summary>
    public sealed record Capacity(int? Participants) : RoomRequest;
}
