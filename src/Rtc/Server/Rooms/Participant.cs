using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Spreading;

namespace Events.Rtc.Rooms;

/// <summary>How a participant came in, which decides what a lost transport means.</summary>
internal enum ParticipantKind
{
    /// <summary>By the hub: the signalling connection decides; a lost transport is renegotiated.</summary>
    Client,

    /// <summary>By WHIP: one publishing transport, whose end is the participant's end.</summary>
    Whip,

    /// <summary>By WHEP: one receiving transport, whose end is the participant's end.</summary>
    Whep,
}

/// <param name="By">The moderator who asks to the stage; null: the platform.</param>
internal sealed record Invitation(string? By);

/// <summary>One participant on its room's worker.</summary>
internal sealed class Participant
{
    /// <summary>Tracks of whom one client may say how it wants them.</summary>
    private const int MaxPreferences = 1_000;

    private readonly HashSet<string> _optedOut = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VideoPreference> _preferences = new(StringComparer.Ordinal);
    private List<string> _held = [];
    private bool _isLastNApplied;
    private int _revision;
    private bool _subscriberLost;

    /// <param name="room">Its own, or a branch of it.</param>
    /// <param name="rights">What it may.</param>
    /// <param name="kind">How it came in.</param>
    /// <param name="id">In a branch: its id at home.</param>
    public Participant(Room room, RoomRights rights, ParticipantKind kind, string? id = null)
    {
        Room = room;
        Rights = rights;
        Kind = kind;
        Id = id ?? room.Worker.CreateId("PA");
    }

    public string Id { get; }

    public Room Room { get; }

    /// <summary>The grant's, with what moderators changed since.</summary>
    public RoomRights Rights { get; private set; }

    /// <summary>Its place among the raised hands; null: not raised.</summary>
    public long? Hand { get; set; }

    /// <summary>It was asked to the stage and has not answered; null: it was not.</summary>
    public Invitation? Invitation { get; set; }

    public ParticipantKind Kind { get; }

    /// <summary>Null while the signalling connection is away.</summary>
    public IParticipantEvents? Events
    {
        get;
        set
        {
            field = value;
            StandIn?.Attach(value);
        }
    }

    /// <summary>Has its subscriptions, on another worker; null: they are here.</summary>
    public StandIn? StandIn { get; private set; }

    /// <summary>It stands in for a participant of the room's home.</summary>
    public bool IsStandIn => Kind == ParticipantKind.Client && Room.Viewers is not null;

    public PublisherTransport? Publisher { get; private set; }

    public SubscriberTransport? Subscriber { get; private set; }

    public bool IsGone { get; set; }

    /// <summary>Its connection is lost, and its place is kept: others are told.</summary>
    public bool IsReconnecting { get; private set; }

    /// <summary>
    /// Looks whether its connection is lost: the one to the hub, or both of media. A WHIP or WHEP session has no other than that of media, with whose loss it ends.
    /// </summary>
    public void CheckConnection(MonotonicTime now)
    {
        if (IsStandIn)
        {
            if (Subscriber is { Peer.Srtp: not null } receiver && Events is StandIn standIn)
            {
                standIn.Heard(receiver.IsSilent(now));
            }

            return; // Its principal has the other connection, and is the one that others see.
        }

        var isLost = Kind == ParticipantKind.Client && (Events is null || IsSilent(now));
        if (isLost != IsReconnecting)
        {
            IsReconnecting = isLost;
            TellReconnecting();
        }
    }

    private void TellReconnecting()
    {
        if (IsVisible)
        {
            Room.Tell(this, e => e.ParticipantReconnecting(Id, IsReconnecting));
        }
    }

    private bool IsSilent(MonotonicTime now)
    {
        // One that has not connected yet says nothing of the other.
        var publisher = Publisher is { Peer.Srtp: not null } p ? p.IsSilent(now) : (bool?)null;
        var subscriber = StandIn is not null ? StandIn.IsSilent : Subscriber is { Peer.Srtp: not null } s ? s.IsSilent(now) : null;
        return (publisher ?? subscriber) is not null && publisher != false && subscriber != false;
    }

    /// <summary>Of the next offer. It grows over the whole stay, so that an answer to a transport that was lost is stale.</summary>
    public int NextRevision() => ++_revision;

    /// <summary>In the roster: not hidden, no recorder, and not a mere WHEP viewer.</summary>
    public bool IsVisible => !Rights.Hidden && !Rights.Recorder && Kind != ParticipantKind.Whep;

    public ParticipantInfo Info => new(Id, Rights.Identity, Rights.Name, Rights.Role, Rights.CanPublish, [.. Tracks.Select(t => t.Info)])
    {
        Hand = Hand,
        Moderates = Rights.Moderates,
        Reconnecting = IsReconnecting,
    };

    public IReadOnlyList<PublishedTrack> Tracks => Publisher?.Tracks ?? Relayed;

    /// <summary>In a branch: what is there of a publisher of the home.</summary>
    public IReadOnlyList<PublishedTrack> Relayed { get; set; } = [];

    /// <summary>The first m-line, which names the bundle in SDP fragments (RFC 8840 §9).</summary>
    public (string? Mid, string Kind) FirstLine { get; private set; } = (null, "audio");

    public RtcResult<string> Publish(SessionDescription offer, IReadOnlyList<TrackDeclaration> tracks)
    {
        if (!Rights.CanPublish && !(Kind == ParticipantKind.Client && offer.Media.TrueForAll(m => m.IsDataChannel || m.IsRejected || m.Direction == SdpDirection.Inactive)))
        {
            return new RtcError("publish_not_allowed", "The grant does not allow to publish; ask for one that does.");
        }

        Remember(offer);
        Publisher ??= new PublisherTransport(Room.Worker, this);
        return Publisher.Negotiate(offer, tracks);
    }

    /// <summary>Who may publish may send data, and what comes shows who it is from: so not who is hidden.</summary>
    public bool MaySendData => Rights.CanPublish && IsVisible;

    /// <summary>A data message of another one for this one; false when it cannot have it.</summary>
    public bool ReceiveData(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now) =>
        Rights.CanSubscribe && Publisher?.Data is { } data && data.Send(reliable, message, now);

    /// <summary>Changes what it may do while it is here. What it may no longer send or receive ends at once; a WHIP or WHEP session has nothing else and ends.</summary>
    public void SetRights(RoomRights rights)
    {
        Rights = rights;
        if (Kind == ParticipantKind.Whip && !rights.CanPublish)
        {
            Room.Leave(this, new RtcError("publish_not_allowed", "The organisers ended your publishing."));
        }
        else if (Kind == ParticipantKind.Whep && !rights.CanSubscribe)
        {
            Room.Leave(this, new RtcError("subscribe_not_allowed", "The organisers ended your watching."));
        }
        else
        {
            EndWhatIsNotAllowed();
            UpdateSubscriptions();
        }
    }

    private void EndWhatIsNotAllowed()
    {
        if (Publisher is not { } publisher)
        {
            return;
        }

        if (Rights.CanPublish)
        {
            publisher.End([.. publisher.Tracks.Where(t => !Rights.MaySend(t.Source))]);
            return;
        }

        if (publisher is { HasData: true, Tracks.Count: 0 })
        {
            return; // It is there for data, which all may receive.
        }

        Publisher = null;
        Room.Unpublish([.. publisher.Tracks]);
        publisher.Disconnect();
    }

    public SubscriberTransport OpenSubscriber()
    {
        _subscriberLost = false;
        return Subscriber ??= new SubscriberTransport(Room.Worker, this);
    }

    /// <summary>WHEP: the client offers, the room's tracks answer.</summary>
    public RtcResult<string> Watch(SessionDescription offer)
    {
        if (!Rights.CanSubscribe)
        {
            return new RtcError("subscribe_not_allowed", "The organisers ended your watching."); // Though the grant allows it.
        }

        Remember(offer);
        return OpenSubscriber().Answer(offer, [.. Room.Tracks.Where(t => t.Publisher.IsVisible)]);
    }

    public bool Wants(PublishedTrack track) =>
        Rights.CanSubscribe && track.Publisher.Id != Id && track.Publisher.IsVisible && !_optedOut.Contains(track.Id);

    public RtcResult<Done> SetSubscribed(string trackId, bool enabled)
    {
        if (enabled)
        {
            _optedOut.Remove(trackId);
        }
        else if (Room.Tracks.Any(t => t.Id == trackId))
        {
            _optedOut.Add(trackId);
        }
        else
        {
            return new RtcError("track_not_found", "There is no such track here.");
        }

        UpdateSubscriptions();
        return default(Done);
    }

    /// <summary>How many of the most recent speakers' cameras this participant is sent; null: everybody's.</summary>
    public int? LastN { get; private set; }

    /// <summary>How the participant wants a track; kept, so that it holds for a subscription that comes later.</summary>
    public RtcResult<Done> Prefer(string trackId, VideoPreference preference)
    {
        if (!_preferences.ContainsKey(trackId)
            && (_preferences.Count >= MaxPreferences || !Room.Tracks.Any(t => t.Id == trackId && t.Kind == TrackKind.Video)))
        {
            return new RtcError("track_not_found", "There is no such video track here.");
        }

        _preferences[trackId] = preference;
        Subscriber?.Find(trackId)?.Prefer(preference);
        return default(Done);
    }

    public void SetLastN(int? count)
    {
        LastN = count;
        ApplyLastN();
    }

    /// <summary>Pauses the cameras of all but the N most recent speakers. Shared screens are always sent.</summary>
    public void ApplyLastN()
    {
        if (Subscriber is null || (LastN is null && !_isLastNApplied))
        {
            return;
        }

        _isLastNApplied = LastN is not null;
        var shown = 0;
        foreach (var publisher in Room.RecentSpeakers)
        {
            foreach (var track in publisher.Tracks)
            {
                if (track.Kind == TrackKind.Video && track.Source == TrackSource.Camera && Subscriber.Find(track.Id) is { } subscription)
                {
                    subscription.Pause(PauseReasons.LastN, LastN is { } count && shown++ >= count);
                }
            }
        }

        TellHeld();
    }

    /// <summary>Tells the client which pictures it is not sent though it wants them: by last-N, or because its path has no room.</summary>
    public void TellHeld()
    {
        var held = Subscriber?.Subscriptions.Where(s => s.IsHeldBack).Select(s => s.Track.Id).ToList() ?? [];
        if (!held.SequenceEqual(_held))
        {
            _held = held;
            Events?.VideoHeld(held);
        }
    }

    /// <summary>Its client is back: it is told again what is told only once, and may have been missed.</summary>
    public void Repeat()
    {
        Room.Moderation.Repeat(this);
        if (StandIn is not null)
        {
            StandIn.Repeat();
        }
        else
        {
            Events?.VideoHeld(_held);
        }
    }

    public void Forget(PublishedTrack track)
    {
        _optedOut.Remove(track.Id);
        _preferences.Remove(track.Id);
    }

    /// <summary>Brings the subscriptions of a hub client in line with the room, and offers when its m-lines must follow.</summary>
    public void UpdateSubscriptions()
    {
        if (Kind != ParticipantKind.Client || IsGone || _subscriberLost || StandIn is not null)
        {
            return;
        }

        var wanted = Room.Tracks.Where(Wants).ToList();
        if (wanted.Count == 0 && Subscriber is null)
        {
            return;
        }

        if (Want(wanted))
        {
            Offer();
        }
    }

    /// <summary>Opens what it receives on, for all that it wants, as it wants it.</summary>
    public SubscriberTransport BeginToReceive()
    {
        Want([.. Room.Tracks.Where(Wants)]);
        return Subscriber!;
    }

    /// <returns>True when m-lines must follow.</returns>
    private bool Want(List<PublishedTrack> wanted)
    {
        if (!OpenSubscriber().SetWanted(wanted))
        {
            return false;
        }

        foreach (var subscription in Subscriber!.Subscriptions)
        {
            if (_preferences.TryGetValue(subscription.Track.Id, out var preference))
            {
                subscription.Prefer(preference);
            }
        }

        ApplyLastN();
        return true;
    }

    /// <summary>Offers now, or once the outstanding offer is answered.</summary>
    public void Offer()
    {
        var subscriber = OpenSubscriber();
        if (subscriber.OutstandingRevision != 0)
        {
            subscriber.NeedsOffer = true;
            return;
        }

        var offer = subscriber.CreateOffer(); // Also while the socket is away: who resumes finds it in the snapshot.
        Events?.SubscribeOffer(offer);
    }

    public RtcResult<Done> AcceptAnswer(int revision, SessionDescription answer)
    {
        if (Subscriber is null)
        {
            return new RtcError("stale_revision", "There is no offer to answer.");
        }

        var result = Subscriber.Accept(revision, answer);
        if (result.IsOk && Subscriber.NeedsOffer)
        {
            Offer();
        }

        return result;
    }

    public void TransportConnected(MediaTransport transport) => Room.Worker.Log.TransportConnected(Room.Id, Id, Describe(transport));

    public void TransportEnded(MediaTransport transport, PeerEnd end, string reason)
    {
        Room.Worker.Log.TransportEnded(Room.Id, Id, Describe(transport), reason);
        if (Kind != ParticipantKind.Client)
        {
            Room.Leave(this, new RtcError(reason, end == PeerEnd.Remote ? "The other side closed the transport." : "The transport was lost."));
        }
        else if (transport == Publisher)
        {
            // Its tracks would be frozen pictures. The client publishes again when it is back.
            Publisher = null;
            Room.Unpublish([.. ((PublisherTransport)transport).Tracks]);
        }
        else
        {
            // The client asks for a new offer (restartSubscriber) when it is back; until then nothing is outstanding.
            Subscriber!.DropAll();
            Subscriber = null;
            _subscriberLost = true;
        }
    }

    /// <summary>From now on it receives on another worker, where the room has a branch.</summary>
    public void ReceiveOn(MediaWorker worker)
    {
        StandIn = new StandIn(this, worker);
        StandIn.Attach(Events);
        StandIn.Open();
    }

    /// <summary>Frees everything; the room has taken it out already.</summary>
    public void Close(RtcError reason)
    {
        IsGone = true;
        StandIn?.End(reason);
        var faults = Room.Worker.Faults;
        faults.Attempt(() => Publisher?.Disconnect());
        faults.Attempt(() => Subscriber?.DropAll());
        faults.Attempt(() => Subscriber?.Disconnect());
        Events = null;
    }

    private void Remember(SessionDescription offer)
    {
        // An offer without media is refused by the negotiation, with its code.
        if (offer.Media.Count > 0)
        {
            FirstLine = (offer.Media[0].Mid, offer.Media[0].KindName);
        }
    }

    private string Describe(MediaTransport transport) => transport == Publisher ? "publisher" : "subscriber";
}
