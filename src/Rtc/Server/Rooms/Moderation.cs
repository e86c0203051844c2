namespace Events.Rtc.Rooms;

/// <summary>
/// How one room is run: its lock, its capacity, raised hands, who is invited. Hands, invitations and mutes last as long as the
/// room; what <see cref="RoomRules"/> holds is kept beyond. Touched by the worker's thread only.
/// </summary>
internal sealed class Moderation(Room room)
{
    /// <summary>The reason with which a removed participant is told that it is out.</summary>
    public static readonly RtcError Removed = new("removed", "The organisers removed you from this room.");

    /// <summary>Tabs, players and encoders of one person. With each one's tracks at their most they take half of a viewer's m-lines.</summary>
    private const int MaxOfAPerson = 8;

    private static readonly RtcError Closed = new("room_closed", "The organisers ended this session.");
    private static readonly RtcError Revoked = new("grant_revoked", "Your way into this room was revoked; ask for a new one.");
    private static readonly RtcError Barred = new("participant_removed", "The organisers removed you from this room.");
    private static readonly RtcError Locked = new("room_locked", "The room is locked; ask its hosts to let you in.");
    private static readonly RtcError NotAllowed = new("moderation_not_allowed", "Only moderators of the room may do this.");
    private static readonly RtcError NoParticipant = new("participant_not_found", "There is no such participant in this room.");
    private static readonly RtcError NoTrack = new("track_not_found", "There is no such track here.");
    private static readonly RtcError NotInvited = new("not_invited", "Nobody invited you to the stage, or the invitation is over.");
    private static readonly RtcError TooMany = new("too_many_participants", $"One person has at most {MaxOfAPerson} participants in a room; leave with one of them first.");
    private static readonly RtcError OnStage = new("already_on_stage", "This participant may publish already.");

    private readonly Silences _silences = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private Task? _saved;
    private RoomRules _rules = room.Worker.Rules.Load(room.Id);
    private long _hands;

    public bool IsLocked => _rules.Locked;

    public int? Capacity => _rules.Capacity;

    /// <summary>Why one more may not enter, or null.</summary>
    public RtcError? Refusal(RoomRights rights, bool returns)
    {
        if (_rules.Revokes(rights))
        {
            return Revoked;
        }

        if (_rules.Barred.Contains(rights.Person) || _rules.Barred.Contains(rights.Identity))
        {
            return Barred;
        }

        if (rights.Recorder)
        {
            return null;
        }

        var limit = room.Worker.Options.MaxParticipantsPerRoom;
        var admitted = Math.Min(_rules.Capacity ?? int.MaxValue, limit);
        var own = returns ? 1 : 0;
        var others = room.Attendance.Count - own;
        if (others >= admitted && !(returns && others < limit))
        {
            return new RtcError("room_full", $"The room admits {admitted} participants.");
        }

        if (room.Attendance.Of(rights.Person) - own >= MaxOfAPerson)
        {
            return TooMany;
        }

        return IsLocked && !returns && !rights.Moderates && !_rules.Admitted.Contains(rights.Person) ? Locked : null;
    }

    /// <summary>The grant's rights with what was ruled since: joining again with a grant undoes no demotion.</summary>
    public RoomRights Admit(RoomRights rights)
    {
        if (_known.Count < RoomRules.MaxAdmitted)
        {
            _known.Add(rights.Person);
        }

        return _rules.Of(rights.Person)?.AppliedTo(rights) ?? rights;
    }

    /// <summary>Runs a request.</summary>
    /// <returns>What comes of it, and a task that completes when what it decided is safe.</returns>
    public (RtcResult<Done> Result, Task Saved) Run(Func<Moderation, RtcResult<Done>> request)
    {
        _saved = null;
        var result = request(this);
        return (result, _saved is null ? Task.CompletedTask : BothAsync(_saved, room.Worker.Observer.FlushAsync()));
    }

    /// <summary>The platform learns of it from the journal, and bars who was removed from more than this room: that is safe too.</summary>
    private static async Task BothAsync(Task saved, Task recorded)
    {
        await saved.ConfigureAwait(false);
        await recorded.ConfigureAwait(false);
    }

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
                return Mute(mute.TrackId, mute.Muted, by);
            case RoomRequest.AskToUnmute ask:
                return AskToUnmute(ask.TrackId);
            case RoomRequest.Lock set:
                return Lock(set.Locked, by);
            case RoomRequest.Capacity set:
                Decide(_rules with { Capacity = set.Participants });
                Record("room.capacity_changed", new { room = room.Id, capacity = set.Participants, by = by?.Rights.Identity });
                return default(Done);
            case RoomRequest.Invite invite:
                return Target(invite.ParticipantId) is { } invited ? Invite(by, invited) : NoParticipant;
            case RoomRequest.SetRights set:
                return Target(set.ParticipantId) is { } ruled ? SetRights(ruled, set.Change, by) : NoParticipant;
            case RoomRequest.LowerHand lower:
                return Target(lower.ParticipantId) is { } raiser ? RaiseHand(raiser, false) : NoParticipant;
            case RoomRequest.Remove remove:
                return Target(remove.ParticipantId) is { } removed ? Remove(by, removed) : NoParticipant;
            default:
                return by is null ? ApplyPlatforms(request) : NotAllowed;
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

        Record(raised ? "hand.raised" : "hand.lowered", new { room = room.Id, participantId = participant.Id, identity = participant.Rights.Identity });
        return default(Done);
    }

    public RtcResult<Done> AnswerInvitation(Participant participant, bool accepted)
    {
        if (participant.Invitation is null)
        {
            return NotInvited;
        }

        participant.Invitation = null;
        foreach (var moderator in room.Participants.Where(p => p.Rights.Moderates))
        {
            moderator.Events?.InvitationAnswered(participant.Id, accepted);
        }

        return accepted ? SetRights(participant, new RightsChange(CanPublish: true), null) : default(Done);
    }

    /// <summary>Asks again what its client may have missed.</summary>
    public void Repeat(Participant participant)
    {
        if (participant.Invitation is { } invitation)
        {
            participant.Events?.StageInvited(invitation.By);
        }

        foreach (var track in participant.Tracks)
        {
            if (_silences.IsAsked(track))
            {
                participant.Events?.UnmuteAsked(track.Id);
            }
        }
    }

    /// <summary>Whether a moderator's mute stands on what a publisher begins to send.</summary>
    public bool IsSilenced(PublishedTrack track) => _silences.Stands(track);

    /// <summary>The publisher unmutes its own track: that lifts a moderator's mute when a moderator asked for it.</summary>
    public bool TakesUnmute(PublishedTrack track) => _silences.TakesUnmute(track);

    public void Forget(PublishedTrack track) => _silences.Forget(track);

    private RtcResult<Done> ApplyPlatforms(RoomRequest request)
    {
        switch (request)
        {
            case RoomRequest.Close:
                Record("room.closed", new { room = room.Id });
                End(_ => true, Closed);
                return default(Done);
            case RoomRequest.Bar bar:
                Decide(_rules.WithBarred(bar.Identity));
                Record("participant.barred", new { room = room.Id, identity = bar.Identity });
                End(p => p.Rights.Identity == bar.Identity || p.Rights.Person == bar.Identity, Removed);
                return default(Done);
            case RoomRequest.Readmit readmit:
                Decide(_rules with { Barred = _rules.Barred.Remove(readmit.Identity) });
                return default(Done);
            case RoomRequest.RevokeGrant revoke:
                Decide(_rules.WithRevoked(revoke.GrantId));
                Record("grant.revoked", new { room = room.Id, grantId = revoke.GrantId });
                End(p => p.Rights.GrantId == revoke.GrantId, Revoked);
                return default(Done);
            case RoomRequest.RevokeGrants revoke:
                var outdated = new OutdatedGrants(revoke.Person, revoke.IssuedUntil);
                Decide(_rules.WithOutdated(revoke.Person, revoke.IssuedUntil));
                Record("grants.revoked", new { room = room.Id, person = revoke.Person });
                End(p => outdated.Covers(p.Rights), Revoked);
                return default(Done);
            default:
                throw new ArgumentOutOfRangeException(nameof(request), request, "No such request.");
        }
    }

    // Hidden participants look on unseen: moderators cannot know of them.
    private Participant? Target(string participantId) => room.Find(participantId) is { IsVisible: true } found ? found : null;

    private void Decide(RoomRules rules)
    {
        _rules = rules;
        _saved = room.Worker.Rules.SaveAsync(room.Id, rules);
    }

    private void Record(string type, object data) => room.Worker.Observer.Record(type, data);

    private void End(Func<Participant, bool> which, RtcError reason)
    {
        foreach (var participant in room.Participants.Where(which).ToList())
        {
            room.Leave(participant, reason);
        }

        room.Branches.End(which, reason);
    }

    private RtcResult<Done> Lock(bool locked, Participant? by)
    {
        Decide(_rules.WithLock(locked, _known));
        room.Tell(null, e => e.RoomLocked(locked));
        Record(locked ? "room.locked" : "room.unlocked", new { room = room.Id, by = by?.Rights.Identity });
        return default(Done);
    }

    private static RtcResult<Done> Invite(Participant? by, Participant invited)
    {
        if (invited.Rights.CanPublish)
        {
            return OnStage;
        }

        invited.Invitation = new Invitation(by?.Id);
        invited.Events?.StageInvited(by?.Id);
        return default(Done);
    }

    private RtcResult<Done> SetRights(Participant target, RightsChange change, Participant? by)
    {
        if (by is not null && (!change.IsOfPublishing || (target != by && target.Rights.Moderates)))
        {
            return NotAllowed;
        }

        Decide(_rules.WithRuling(target.Rights.Person, change));

        // Whoever is demoted is so in its other tabs too; being promoted is of the tab that asked.
        var also = change is { CanPublish: not true } ? room.Participants.Where(p => p != target && p.Rights.Person == target.Rights.Person) : [];
        foreach (var participant in also.Append(target).ToList())
        {
            participant.Invitation = null;
            var before = participant.Rights;
            var after = change.AppliedTo(before);
            if (after == before)
            {
                continue;
            }

            // Told before its transport ends, so that its client takes that for what it is and does not heal it.
            if (participant.IsVisible)
            {
                room.Tell(null, e => e.RightsChanged(participant.Id, RightsInfo.Of(after)));
            }

            participant.SetRights(after);

            Record("participant.rights_changed", new
            {
                room = room.Id,
                participantId = participant.Id,
                identity = after.Identity,
                after.CanPublish,
                after.CanSubscribe,
                RightsInfo.Of(after).Sources,
                after.Moderates,
                by = by?.Rights.Identity,
            });
            if (after.CanPublish && !before.CanPublish)
            {
                RaiseHand(participant, false);
            }
        }

        room.Branches.Rule(target.Rights.Person, change);

        return default(Done);
    }

    private RtcResult<Done> Mute(string trackId, bool muted, Participant? by)
    {
        if (room.Tracks.FirstOrDefault(t => t.Id == trackId) is not { } track)
        {
            return NoTrack;
        }

        _silences.Set(track, muted);
        room.Silence(track, muted, by?.Rights.Identity);
        return default(Done);
    }

    private RtcResult<Done> AskToUnmute(string trackId)
    {
        if (room.Tracks.FirstOrDefault(t => t.Id == trackId) is not { } track)
        {
            return NoTrack;
        }

        _silences.Ask(track);
        track.Publisher.Events?.UnmuteAsked(trackId);
        return default(Done);
    }

    private RtcResult<Done> Remove(Participant? by, Participant removed)
    {
        if (by is not null && removed.Rights.Moderates)
        {
            return NotAllowed;
        }

        var person = removed.Rights.Person;
        Decide(_rules.WithBarred(person));
        Record("participant.removed", new { room = room.Id, participantId = removed.Id, identity = removed.Rights.Identity, by = by?.Rights.Identity });
        End(p => p.Rights.Person == person, Removed);
        return default(Done);
    }
}
