namespace Events.Rtc.Rooms;

/// <summary>How one room is run: its lock, its capacity, raised hands, who is invited. It lasts as long as the room. Touched by the worker's thread only.</summary>
internal sealed class Moderation(Room room)
{
    /// <summary>The reason with which a removed participant is told that it is out.</summary>
    public static readonly RtcError Removed = new("removed", "The organisers removed you from this room.");

    /// <summary>Identities whose rights differ from their grants'; beyond it a return brings the grant's rights back.</summary>
    private const int MaxRulings = 1_000;

    private static readonly RtcError NotAllowed = new("moderation_not_allowed", "Only moderators of the room may do this.");
    private static readonly RtcError NoParticipant = new("participant_not_found", "There is no such participant in this room.");
    private static readonly RtcError NoTrack = new("track_not_found", "There is no such track here.");
    private static readonly RtcError NotInvited = new("not_invited", "Nobody invited you to the stage, or the invitation is over.");
    private static readonly RtcError OnStage = new("already_on_stage", "This participant may publish already.");

    private readonly Dictionary<string, bool> _rulings = new(StringComparer.Ordinal);
    private readonly HashSet<string> _askedToUnmute = new(StringComparer.Ordinal);
    private int? _capacity;
    private long _hands;

    public bool IsLocked { get; private set; }

    /// <summary>Why one more may not enter, or null.</summary>
    public RtcError? Refusal(RoomRights rights, int others, bool returns)
    {
        var admitted = Math.Min(_capacity ?? int.MaxValue, room.Worker.Options.MaxParticipantsPerRoom);
        if (others >= admitted && !(returns && others < room.Worker.Options.MaxParticipantsPerRoom))
        {
            return new RtcError("room_full", $"The room admits {admitted} participants.");
        }

        return IsLocked && !returns && !rights.Moderates ? new RtcError("room_locked", "The room is locked; ask its hosts to let you in.") : null;
    }

    /// <summary>The grant's rights with what moderators changed of them: joining again with a grant undoes no demotion.</summary>
    public RoomRights Ruled(RoomRights rights) =>
        _rulings.TryGetValue(rights.Identity, out var canPublish) ? rights with { CanPublish = canPublish } : rights;

    /// <param name="by">The participant who asks; null: the platform, which may everything.</param>
    /// <param name="request">What is asked.</param>
    public RtcResult<Done> Apply(Participant? by, RoomRequest request)
    {
        if (by is { Rights.Moderates: false })
        {
            return NotAllowed;
        }

        switch (request)
        {
            case RoomRequest.MuteTrack mute:
                _askedToUnmute.Remove(mute.TrackId);
                return room.Mute(null, mute.TrackId, mute.Muted);
            case RoomRequest.AskToUnmute ask:
                return AskToUnmute(ask.TrackId);
            case RoomRequest.Lock set:
                IsLocked = set.Locked;
                room.Tell(null, e => e.RoomLocked(set.Locked));
                room.Worker.Observer.Record(set.Locked ? "room.locked" : "room.unlocked", new { room = room.Id, by = by?.Rights.Identity });
                return default(Done);
            case RoomRequest.Capacity set:
                _capacity = set.Participants;
                room.Worker.Observer.Record("room.capacity_changed", new { room = room.Id, capacity = set.Participants, by = by?.Rights.Identity });
                return default(Done);
            case RoomRequest.Invite invite:
                return Target(invite.ParticipantId) is { } invited ? Invite(by, invited) : NoParticipant;
            case RoomRequest.SetPublish set:
                return Target(set.ParticipantId) is { } ruled ? SetPublish(ruled, set.CanPublish, by) : NoParticipant;
            case RoomRequest.LowerHand lower:
                return Target(lower.ParticipantId) is { } raiser ? RaiseHand(raiser, false) : NoParticipant;
            case RoomRequest.Remove remove:
                return Target(remove.ParticipantId) is { } removed ? Remove(by, removed) : NoParticipant;
            default:
                throw new ArgumentOutOfRangeException(nameof(request), request, "No such request.");
        }
    }

    /// <summary>Hands are numbered in the order in which they go up.</summary>
    public RtcResult<Done> RaiseHand(Participant participant, bool raised)
    {
        if (participant.Hand is not null == raised)
        {
            return default(Done);
        }

        long? hand = raised ? ++_hands : null;
        participant.Hand = hand;
        if (participant.IsVisible)
        {
            room.Tell(null, e => e.HandRaised(participant.Id, hand));
        }

        room.Worker.Observer.Record(raised ? "hand.raised" : "hand.lowered", new { room = room.Id, participantId = participant.Id, identity = participant.Rights.Identity });
        return default(Done);
    }

    public RtcResult<Done> AnswerInvitation(Participant participant, bool accepted)
    {
        if (!participant.IsInvited)
        {
            return NotInvited;
        }

        participant.IsInvited = false;
        foreach (var moderator in room.Participants.Where(p => p.Rights.Moderates))
        {
            moderator.Events?.InvitationAnswered(participant.Id, accepted);
        }

        return accepted ? SetPublish(participant, true, null) : default(Done);
    }

    /// <summary>The publisher unmutes its own track: that lifts a moderator's mute when a moderator asked for it.</summary>
    public bool TakesUnmute(string trackId) => _askedToUnmute.Remove(trackId);

    public void Forget(PublishedTrack track) => _askedToUnmute.Remove(track.Id);

    // Hidden participants look on unseen: moderators cannot know of them.
    private Participant? Target(string participantId) => room.Find(participantId) is { IsVisible: true } found ? found : null;

    private static RtcResult<Done> Invite(Participant? by, Participant invited)
    {
        if (invited.Rights.CanPublish)
        {
            return OnStage;
        }

        invited.IsInvited = true;
        invited.Events?.StageInvited(by?.Id);
        return default(Done);
    }

    private RtcResult<Done> SetPublish(Participant participant, bool canPublish, Participant? by)
    {
        participant.IsInvited = false;
        if (_rulings.Count < MaxRulings || _rulings.ContainsKey(participant.Rights.Identity))
        {
            _rulings[participant.Rights.Identity] = canPublish;
        }

        if (participant.Rights.CanPublish == canPublish)
        {
            return default(Done);
        }

        participant.SetPublish(canPublish);
        room.Tell(null, e => e.RightsChanged(participant.Id, canPublish));
        room.Worker.Observer.Record(
            "participant.rights_changed",
            new { room = room.Id, participantId = participant.Id, identity = participant.Rights.Identity, canPublish, by = by?.Rights.Identity });
        return canPublish ? RaiseHand(participant, false) : default(Done);
    }

    private RtcResult<Done> AskToUnmute(string trackId)
    {
        if (room.Tracks.FirstOrDefault(t => t.Id == trackId) is not { } track)
        {
            return NoTrack;
        }

        _askedToUnmute.Add(trackId);
        track.Publisher.Events?.UnmuteAsked(trackId);
        return default(Done);
    }

    private RtcResult<Done> Remove(Participant? by, Participant removed)
    {
        if (by is not null && removed.Rights.Moderates)
        {
            return NotAllowed;
        }

        room.Leave(removed, Removed);
        return default(Done);
    }
}
