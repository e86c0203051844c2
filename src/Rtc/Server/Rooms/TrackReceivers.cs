using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;
using Events.Rtc.Spreading;

namespace Events.Rtc.Rooms;

/// <summary>Who is given a track, subscriptions and relays, and when: a packet at once, or a frame together.</summary>
internal sealed class TrackReceivers(MediaWorker worker)
{
    /// <summary>
    /// From so many subscribers on, a frame's packets are forwarded together (docs/performance.md). A frame sent in one burst is held for no
    /// time at all; a paced one of 1.5 Mbit/s leaves in threes, 2.5 ms late on average.
    /// </summary>
    public const int HoldFromSubscribers = 8;
    private static readonly TimeSpan HoldTime = TimeSpan.FromMilliseconds(5);

    /// <summary>So much later than its rhythm says a frame is still waited for: cameras and encoders are no clocks.</summary>
    private static readonly TimeSpan FrameLate = TimeSpan.FromMilliseconds(3);

    /// <summary>Datagrams that are handed to the kernel while they, and the slots that the next ones go to, are in the second-level cache.</summary>
    public const int FlushFromWaiting = 64;

    /// <summary>Their state is 13 KB, a quarter of the first-level cache; the packet, its slots and our own code have the rest.</summary>
    private const int FetchedTogether = 8;

    private Subscription[] _subscriptions = [];
    private RelayedTrack[] _relays = [];
    private BranchedTrack[] _branches = [];
    private int _withoutRed = -1;

    public int SubscriptionCount { get; private set; }

    /// <summary>Subscriptions that do not take sound with redundancy.</summary>
    public int WithoutRed
    {
        get
        {
            if (_withoutRed < 0)
            {
                _withoutRed = 0;
                foreach (var subscription in Subscriptions)
                {
                    _withoutRed += subscription.TakesRed ? 0 : 1;
                }
            }

            return _withoutRed;
        }
    }

    public ReadOnlySpan<Subscription> Subscriptions => _subscriptions.AsSpan(0, SubscriptionCount);

    public ReadOnlySpan<RelayedTrack> Relays => _relays;

    /// <summary>Other workers that have viewers of the track.</summary>
    public ReadOnlySpan<BranchedTrack> Branches => _branches;

    /// <summary>Encodings that a subscriber or relay watches or waits for, as bits.</summary>
    public int WatchedEncodings
    {
        get
        {
            var watched = 0;
            foreach (var subscription in Subscriptions)
            {
                watched |= subscription.WatchedEncodings;
            }

            foreach (var relay in _relays)
            {
                watched |= relay.WatchedEncodings;
            }

            foreach (var branch in _branches)
            {
                watched |= branch.WatchedEncodings;
            }

            return watched;
        }
    }

    public void Add(Subscription subscription)
    {
        if (SubscriptionCount == _subscriptions.Length)
        {
            Array.Resize(ref _subscriptions, Math.Max(4, SubscriptionCount * 2));
        }

        _subscriptions[SubscriptionCount++] = subscription;
        _withoutRed = -1;
    }

    public void Remove(Subscription subscription)
    {
        var index = Array.IndexOf(_subscriptions, subscription, 0, SubscriptionCount);
        if (index >= 0)
        {
            _subscriptions[index] = _subscriptions[--SubscriptionCount];
            _subscriptions[SubscriptionCount] = null!;
            _withoutRed = -1;
        }
    }

    /// <summary>A subscriber has said what it takes.</summary>
    public void Agreed() => _withoutRed = -1;

    public void Add(RelayedTrack relay) => _relays = [.. _relays, relay];

    public void Add(BranchedTrack branch) => _branches = [.. _branches, branch];

    public BranchedTrack? Remove(RoomBranch branch)
    {
        var removed = Array.Find(_branches, b => b.Branch == branch);
        _branches = [.. _branches.Where(b => b != removed)];
        return removed;
    }

    public void Remove(RelayConnection connection) => _relays = [.. _relays.Where(r => r.Connection != connection)];

    /// <summary>The stream turned out to have layers: who receives it gets a selector.</summary>
    public void UseLayers()
    {
        foreach (var subscription in Subscriptions)
        {
            subscription.UseLayers();
        }

        ForEachRelay(relay => relay.UseLayers(worker.Now));
    }

    /// <summary>The layers that there are to choose from changed.</summary>
    public void Retarget()
    {
        foreach (var subscription in Subscriptions)
        {
            subscription.Retarget();
        }

        ForEachRelay(relay => relay.Retarget(worker.Now));
    }

    /// <summary>To other workers; first, so that they begin while this one goes on.</summary>
    public void ForwardToBranches(in RtpReader packet, PublishedEncoding encoding, bool recovered)
    {
        foreach (var branch in _branches)
        {
            branch.Forward(packet, encoding, recovered);
        }
    }

    /// <summary>
    /// Call before each subscription is forwarded to. With every eighth, what the next eight need is asked of memory: the waits for one viewer's state lie beside those for the others'.
    /// </summary>
    /// <param name="index">Of the subscription.</param>
    /// <param name="sound">A microphone that is forwarded to the same viewers.</param>
    public void FetchFrom(int index, PublishedTrack? sound = null)
    {
        if (index % FetchedTogether == 0)
        {
            foreach (var subscription in _subscriptions.AsSpan(index, Math.Min(FetchedTogether, SubscriptionCount - index)))
            {
                subscription.Fetch();
                if (sound is not null)
                {
                    subscription.Beside(sound)?.Fetch();
                }
            }
        }
    }

    /// <summary>To few at once; for many a frame is held until its last packet is there, or for <see cref="HoldTime"/>.</summary>
    public void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, bool isVideo, MonotonicTime now)
    {
        ForwardToSubscribers(packet, encoding, video, isVideo, now);
        ForwardToRelays(packet, encoding, video, now);
    }

    /// <summary>What breaks on the way to a relay ends that, and its receiver connects again; not the publisher, whose turn it is.</summary>
    public void ForwardToRelays(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        foreach (var relay in _relays)
        {
            try
            {
                relay.Forward(packet, encoding, video, now);
            }
            catch (Exception exception)
            {
                Broke(relay, exception);
            }
        }
    }

    private void ForEachRelay(Action<RelayedTrack> act)
    {
        foreach (var relay in _relays)
        {
            try
            {
                act(relay);
            }
            catch (Exception exception)
            {
                Broke(relay, exception);
            }
        }
    }

    private void Broke(RelayedTrack relay, Exception exception)
    {
        Remove(relay.Connection);
        relay.Connection.Close("internal_error");
        worker.Faults.Note(exception);
    }

    /// <summary>Sends what is held on its way.</summary>
    public void ForwardHeld(PublishedEncoding encoding, MonotonicTime now)
    {
        ref var held = ref encoding.Held;
        if (held.Count == 0)
        {
            return;
        }

        held.Note(encoding, now);
        var sound = encoding.Track.Kind == TrackKind.Video ? worker.FindHeldSound(encoding.Track.Publisher.Room) : null;
        var given = 0;
        for (var i = 0; i < SubscriptionCount; i++)
        {
            FetchFrom(i, sound?.Track);
            var subscription = _subscriptions[i];
            if (!held.WasGiven(subscription))
            {
                encoding.GiveHeld(subscription, now);
            }

            // Only behind something: of a layered track each frame goes to some of its viewers.
            if (sound is not null && subscription.IsLeaving && subscription.Beside(sound.Track) is { } beside && sound.Held.TryGiveAhead(beside))
            {
                sound.GiveHeld(beside, now);
                given++;
            }

            worker.Queue.FlushFrom(FlushFromWaiting);
        }

        encoding.ClearHeld();
        if (given > 0 && given == sound!.Track.SubscriptionCount)
        {
            sound.ClearHeld(); // Nobody is left to wait for. Over several frames it cannot be told: viewers come and go between them.
        }
    }

    /// <summary>To subscribers alone: sound with redundancy, to those who take it.</summary>
    public void ForwardToSubscribers(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, bool isVideo, MonotonicTime now)
    {
        ref var held = ref encoding.Held;
        if (isVideo && packet.Marker)
        {
            encoding.Rhythm.FrameCame(now);
        }

        if (held.IsGivenAhead)
        {
            ForwardHeld(encoding, now); // Who was given what waits would not be given what is added to it.
        }

        var kept = encoding.Store(packet, now);
        if (kept && (held.Count > 0 || MustWait(encoding, isVideo, now)))
        {
            held.Add(packet, video, now + HoldTime);
            if ((isVideo && packet.Marker) || held.IsFull)
            {
                ForwardHeld(encoding, now);
            }
            else if (held.Count == 1)
            {
                worker.ForwardLater(encoding);
            }

            return;
        }

        ForwardHeld(encoding, now);
        encoding.Forwarding(packet.SequenceNumber.Value, packet.Timestamp.Value, video.IsKeyframe, now);
        for (var i = 0; i < SubscriptionCount; i++)
        {
            FetchFrom(i);
            if (encoding.IsFor(_subscriptions[i]))
            {
                _subscriptions[i].Forward(packet, encoding, video, now);
                worker.Queue.FlushFrom(FlushFromWaiting);
            }
        }
    }

    /// <summary>A packet waits, when there are many to forward it to: of a picture for the last one of its frame, of sound for a frame that is about to come.</summary>
    private bool MustWait(PublishedEncoding encoding, bool isVideo, MonotonicTime now) =>
        SubscriptionCount >= HoldFromSubscribers && (isVideo || encoding.Track.Publisher.Room.ExpectsFrame(HoldTime, FrameLate, now));
}
