using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Relay;
using Events.Rtc.Spreading;

namespace Events.Rtc.Rooms;

/// <summary>One room on its worker: who is in it, what they publish, who receives what. Touched by the worker's thread only.</summary>
internal sealed class Room
{
    private readonly Dictionary<string, Participant> _participants = new(StringComparer.Ordinal);
    private readonly List<PublishedTrack> _tracks = [];
    private readonly List<RelayConnection> _relays = [];
    private readonly RoomSpeakers _speakers;
    private readonly RoomConnections _connections;

    public Room(string id, MediaWorker worker)
    {
        Id = id;
        Worker = worker;
        Moderation = new Moderation(this);
        Branches = new RoomBranches(this);
        _speakers = new RoomSpeakers(this);
        _connections = new RoomConnections(this);
    }

    public string Id { get; }

    /// <summary>Its lock, hands, invitations, and who may change them.</summary>
    public Moderation Moderation { get; }

    public MediaWorker Worker { get; }

    /// <summary>Its viewers on other workers; where the room has its home.</summary>
    public RoomBranches Branches { get; }

    /// <summary>In the order of publishing.</summary>
    public IReadOnlyList<PublishedTrack> Tracks => _tracks;

    /// <summary>A frame of a picture that many watch is due within this time, by the rhythm of those before, or so much too late that it still comes.</summary>
    public bool ExpectsFrame(TimeSpan within, TimeSpan late, MonotonicTime now)
    {
        foreach (var track in _tracks)
        {
            if (track.ExpectsFrame(within, late, now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Who publishes: those who spoke last first, then those who never spoke, in the order of their coming.</summary>
    public IReadOnlyList<Participant> RecentSpeakers => _speakers.Recent;

    /// <summary>Of this type, so that going through them allocates nothing.</summary>
    public Dictionary<string, Participant>.ValueCollection Participants => _participants.Values;

    /// <summary>Of all participants, those on other workers too; where the room has its home.</summary>
    public Attendance Attendance { get; } = new();

    /// <summary>Set on another worker than the room's home: here are only viewers, and who publishes is elsewhere.</summary>
    public BranchViewers? Viewers { get; set; }

    /// <summary>Participants here that stand in for one of the home.</summary>
    public int StandIns { get; private set; }

    /// <summary>Nobody needs it. What has viewers of another worker's room ends with <see cref="BranchViewers.Close"/>.</summary>
    public bool IsEmpty => Viewers is null && _participants.Count == 0 && _relays.Count == 0 && Branches.IsEmpty;

    /// <summary>The room as <paramref name="viewer"/> may see it: itself with its own tracks, and everyone who is visible.</summary>
    public RoomSnapshot Snapshot(Participant? viewer = null) => new(
        Id,
        [.. _participants.Values.Where(p => p.IsVisible || p == viewer).Select(p => p.Info)],
        viewer?.Subscriber?.OutstandingOffer)
    {
        Locked = Moderation.IsLocked,
        Capacity = Moderation.Capacity,
    };

    public Participant? Find(string participantId) => _participants.GetValueOrDefault(participantId);

    /// <summary>Admits one, who is in from then on and is to be welcomed.</summary>
    /// <param name="rights">What it may.</param>
    /// <param name="kind">How it comes in.</param>
    public RtcResult<Participant> Join(RoomRights rights, ParticipantKind kind)
    {
        var previous = kind == ParticipantKind.Client
            ? _participants.Values.FirstOrDefault(p => p.Kind == kind && p.Rights.Identity == rights.Identity)
            : null;
        if (Viewers is null && Moderation.Refusal(rights, previous is not null) is { } refusal)
        {
            return refusal;
        }

        var participant = new Participant(this, Viewers is null ? Moderation.Admit(rights) : rights, kind);
        Add(participant);
        if (previous is not null)
        {
            // One identity is one participant: the tab that was reloaded replaces what it left behind.
            Leave(previous, new RtcError("replaced", "The same identity joined again."));
        }

        return participant;
    }

    /// <summary>Tells the others of one who came in, and begins to serve it.</summary>
    /// <param name="participant">Who came in.</param>
    /// <param name="events">Its client.</param>
    /// <param name="receiveOn">Another worker, which has the room for it; null: this one.</param>
    public void Welcome(Participant participant, IParticipantEvents? events, MediaWorker? receiveOn = null)
    {
        participant.Events = events;
        if (receiveOn is not null)
        {
            Branches.Open(receiveOn);
            participant.ReceiveOn(receiveOn);
        }

        if (participant.IsVisible)
        {
            var info = participant.Info;
            Tell(participant, e => e.ParticipantJoined(info));
            Relay(r => r.ParticipantJoined(participant));
        }

        if (participant.Kind != ParticipantKind.Whep)
        {
            Observe("participant.joined", participant, null);
        }

        participant.UpdateSubscriptions();
    }

    /// <summary>A participant of the home receives here. The home has admitted it, and tells who has to know.</summary>
    public Participant Seat(RoomRights rights, string id, IParticipantEvents events)
    {
        var participant = new Participant(this, rights, ParticipantKind.Client, id) { Events = events };
        Add(participant);
        StandIns++;
        participant.UpdateSubscriptions();
        return participant;
    }

    /// <summary>A publisher of the home has nothing here any more.</summary>
    public void Forget(Participant publisher) => _speakers.Remove(publisher);

    public void Leave(Participant participant, RtcError reason)
    {
        if (!_participants.Remove(participant.Id))
        {
            return;
        }

        StandIns -= participant.IsStandIn ? 1 : 0;
        if (Viewers is null)
        {
            Attendance.Left(participant.Rights);
        }
        else if (!participant.IsStandIn)
        {
            Viewers.Left(participant);
        }

        // Whatever breaks on the way, it is out, and all who have to know that are told.
        var events = participant.Events;
        var faults = Worker.Faults;
        _speakers.Remove(participant);
        faults.Attempt(() => Unpublish([.. participant.Tracks]));
        faults.Attempt(() => participant.Close(reason));
        faults.Attempt(() => events?.Closed(reason));
        if (participant.IsVisible)
        {
            Tell(participant, e => e.ParticipantLeft(participant.Id));
            Relay(r => r.ParticipantLeft(participant));
        }

        if (participant.Kind != ParticipantKind.Whep)
        {
            faults.Attempt(() => Observe("participant.left", participant, reason.Code));
        }

        Worker.Left(this, participant.IsStandIn);
    }

    /// <summary>A publisher's new tracks, together: subscribers follow with one offer.</summary>
    public void Publish(IReadOnlyList<PublishedTrack> tracks)
    {
        foreach (var track in tracks)
        {
            _tracks.Add(track);
            track.Silenced = Viewers is null ? Moderation.IsSilenced(track) : track.Silenced;
            var publisher = track.Publisher;
            _speakers.Add(publisher);
            var info = track.Info;
            if (publisher.IsVisible)
            {
                // The publisher too: it learns the id by which it mutes its own track.
                Tell(null, e => e.TrackPublished(publisher.Id, info));
            }

            Observe("track.published", track);
        }

        Branches.Published(tracks);

        ForEach(participant =>
        {
            if (participant.Kind != ParticipantKind.Whep)
            {
                participant.UpdateSubscriptions();
                return;
            }

            foreach (var track in tracks)
            {
                participant.Subscriber?.TryContinue(track);
            }
        });
    }

    /// <summary>The first packet arrived: the codec is certain, so the relays can be told.</summary>
    public void TrackLive(PublishedTrack track) => Relay(r => r.TrackPublished(track));

    /// <summary>The publisher uses another codec than its first choice: subscriptions start over with it.</summary>
    public void TrackCodecChanged(PublishedTrack track)
    {
        if (track.IsLive)
        {
            Relay(r =>
            {
                r.TrackUnpublished(track);
                r.TrackPublished(track);
            });
        }

        ForEach(participant =>
        {
            if (participant.Subscriber is not { } subscriber)
            {
                return;
            }

            if (participant.Kind == ParticipantKind.Client)
            {
                subscriber.TrackEnded(track, keepLine: false);
                participant.UpdateSubscriptions();
            }
            else
            {
                // WHEP cannot follow to another codec; its m-line waits for a track of the one that it agreed to.
                subscriber.TrackEnded(track, keepLine: true);
                subscriber.TryContinue(track);
            }
        });
    }

    public void Unpublish(IReadOnlyList<PublishedTrack> tracks)
    {
        if (tracks.Count == 0)
        {
            return; // A viewer left: nobody's subscriptions change.
        }

        Branches.Unpublished(tracks);

        foreach (var track in tracks)
        {
            if (!_tracks.Remove(track))
            {
                continue;
            }

            Worker.DisposeLater(track);
            Moderation.Forget(track);
            Relay(r => r.TrackUnpublished(track));
            var publisher = track.Publisher;
            if (publisher.IsVisible)
            {
                Tell(null, e => e.TrackUnpublished(publisher.Id, track.Id));
            }

            Observe("track.unpublished", track);
            ForEach(participant =>
            {
                participant.Forget(track);
                if (participant.Kind == ParticipantKind.Whep)
                {
                    participant.Subscriber?.TrackEnded(track, keepLine: true);
                }
            });
        }

        ForEach(participant =>
        {
            if (participant.Kind != ParticipantKind.Whep)
            {
                participant.UpdateSubscriptions();
                return;
            }

            // A publisher that came back before its old session was missed is here already; the newest is shown.
            for (var i = _tracks.Count - 1; i >= 0; i--)
            {
                participant.Subscriber?.TryContinue(_tracks[i]);
            }
        });
    }

    /// <summary>The publisher's own mute.</summary>
    public RtcResult<Done> Mute(Participant owner, string trackId, bool muted)
    {
        if (_tracks.Find(t => t.Id == trackId && t.Publisher == owner) is not { } track)
        {
            return new RtcError("track_not_found", "There is no such track here.");
        }

        track.Muted = muted;
        if (!muted)
        {
            var asked = Moderation.TakesUnmute(track);
            if (track.Silenced && !asked)
            {
                return new RtcError("muted_by_moderator", "A moderator muted this; you can unmute it when a moderator asks you to.");
            }

            track.Silenced = false;
        }

        MuteChanged(track, owner, null);
        return default(Done);
    }

    /// <summary>A moderator's mute; the publisher is told too.</summary>
    public void Silence(PublishedTrack track, bool silenced, string? by)
    {
        track.Silenced = silenced;
        MuteChanged(track, null, by);
    }

    private void MuteChanged(PublishedTrack track, Participant? except, string? by)
    {
        var publisher = track.Publisher;
        var (muted, silenced) = (track.Info.Muted, track.Silenced);
        Tell(except, e => e.TrackMuted(publisher.Id, track.Id, muted, silenced));
        Relay(r => r.TrackMuted(track));
        Branches.Muted(track);

        Observe("track.muted", track, by);
        if (!muted)
        {
            track.RequestKeyframe(Worker.Now);
        }
    }

    /// <summary>One more viewer, on another worker; from now on that worker has the room's tracks.</summary>
    /// <returns>The rights that it has there.</returns>
    public RtcResult<RoomRights> AdmitElsewhere(RoomRights rights, MediaWorker worker)
    {
        if (Moderation.Refusal(rights, returns: false) is { } refusal)
        {
            return refusal;
        }

        Branches.Open(worker);
        Attendance.Came(rights);
        return Moderation.Admit(rights);
    }

    public void Attach(RelayConnection relay)
    {
        relay.Counters = Worker.Counters;
        _relays.Add(relay);
        foreach (var participant in _participants.Values.Where(p => p.IsVisible))
        {
            relay.ParticipantJoined(participant);
        }

        foreach (var track in _tracks.Where(t => t.IsLive && t.Publisher.IsVisible))
        {
            relay.TrackPublished(track);
        }

        relay.Ready();
    }

    public void Detach(RelayConnection relay)
    {
        if (_relays.Remove(relay))
        {
            foreach (var track in _tracks)
            {
                track.Receivers.Remove(relay);
            }

            relay.Detached();
            Worker.Left(this, isStandIn: false);
        }
    }

    public void Advance(MonotonicTime now)
    {
        Viewers?.Advance(now);
        _connections.Advance(now);
        _speakers.Advance(now);
    }

    /// <summary>Sends a data message to everybody else who has the channel, or to those of them who are named.</summary>
    /// <returns>How many it reached. Nobody is told who was not found: that would say who is here unseen.</returns>
    public int SendData(Participant from, bool reliable, List<string> to, ReadOnlySpan<byte> payload, MonotonicTime now)
    {
        var message = DataMessage.Write(from.Id, payload);
        var reached = 0;
        var receivers = to.Count == 0 ? _participants.Values : to.Distinct(StringComparer.Ordinal).Select(Find).OfType<Participant>();
        foreach (var participant in receivers)
        {
            reached += participant != from && participant.ReceiveData(reliable, message, now) ? 1 : 0;
        }

        return reached;
    }

    public void Tell(Participant? except, Action<IParticipantEvents> tell)
    {
        if (Viewers is not null)
        {
            return; // The home tells.
        }

        ForEach(participant =>
        {
            if (participant != except && participant.Events is { } events)
            {
                tell(events);
            }
        });
    }

    /// <summary>What breaks at one of them costs that one: those behind it, and whose turn this is, go on.</summary>
    private void ForEach(Action<Participant> act)
    {
        foreach (var participant in _participants.Values)
        {
            Worker.Faults.Attempt(participant, act);
        }
    }

    private void Add(Participant participant)
    {
        _participants.Add(participant.Id, participant);
        if (Viewers is null)
        {
            Attendance.Came(participant.Rights);
        }
    }

    private void Relay(Action<RelayConnection> tell)
    {
        foreach (var relay in _relays)
        {
            try
            {
                tell(relay);
            }
            catch (Exception exception)
            {
                relay.Close("internal_error"); // Its receiver connects again, and is told everything anew.
                Worker.Faults.Note(exception);
            }
        }
    }

    private void Observe(string type, Participant participant, string? reason) => Observe(type, reason is null
        ? new { room = Id, participantId = participant.Id, identity = participant.Rights.Identity, name = participant.Rights.Name, role = participant.Rights.Role }
        : new { room = Id, participantId = participant.Id, identity = participant.Rights.Identity, name = participant.Rights.Name, role = participant.Rights.Role, reason });

    private void Observe(string type, PublishedTrack track, string? by = null) => Observe(
        type,
        new { room = Id, participantId = track.Publisher.Id, trackId = track.Id, kind = track.Kind, source = track.Source, codec = track.CodecName, muted = track.Info.Muted, by });

    private void Observe(string type, object data)
    {
        if (Viewers is null)
        {
            Worker.Observer.Record(type, data); // Else the home has told it.
        }
    }
}
