using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// Acts on a viewer's estimate: asks the <see cref="BandwidthAllocator"/> what of each picture fits, and limits the subscriptions to it. Belongs to a
/// viewer whose path has a bound; one without has none of this.
/// </summary>
internal sealed class ViewerAllocation
{
    /// <summary>
    /// A picture that has just been asked for is shown at its least before anybody knows whether it fits: an estimate begins at 300 kbit/s, and probes
    /// need a moment to say more.
    /// </summary>
    private static readonly TimeSpan Welcome = TimeSpan.FromSeconds(2);

    private BandwidthAllocator _allocator;

    /// <summary>The first one is all sound together; the others are of the subscriptions at the same place.</summary>
    private TrackAllocation[] _tracks = [new() { IsAudio = true }];
    private Subscription?[] _of = [null];

    /// <summary>The last decision holds a picture back that was shown before, or shows one again.</summary>
    public bool HeldChanged { get; private set; }

    /// <summary>Decides for all of the viewer's subscriptions.</summary>
    /// <param name="subscriptions">All of them, in any order.</param>
    /// <param name="estimate">What the path carries.</param>
    /// <param name="audio">What sound needs of it.</param>
    /// <param name="isCongested">Its queue fills: nothing is tried now.</param>
    /// <param name="isProven">It was congested a moment ago, or loses what is too much.</param>
    /// <param name="now">The present.</param>
    public AllocationResult Update(
        Dictionary<string, Subscription>.ValueCollection subscriptions, Bitrate estimate, Bitrate audio, bool isCongested, bool isProven, MonotonicTime now)
    {
        Arrange(subscriptions);
        _tracks[0].Layers.Clear();
        _tracks[0].Layers.TryAdd(new(0, 0, 0, audio));
        for (var i = 1; i < _tracks.Length; i++)
        {
            Describe(ref _tracks[i], _of[i]!, isCongested, now);
        }

        var result = _allocator.Allocate(_tracks, estimate, now, isProven);
        HeldChanged = false;
        for (var i = 1; i < _tracks.Length; i++)
        {
            var before = _of[i]!.IsHeld;
            Apply(_tracks[i], _of[i]!, isCongested, now);
            HeldChanged |= before != _of[i]!.IsHeld;
        }

        return result;
    }

    /// <summary>Nothing bounds the viewer. True when a picture was held back.</summary>
    public static bool Lift(Dictionary<string, Subscription>.ValueCollection subscriptions)
    {
        var held = false;
        foreach (var subscription in subscriptions)
        {
            if (subscription.Track.Kind == TrackKind.Video)
            {
                held |= subscription.IsHeld;
                subscription.Unlimit();
            }
        }

        return held;
    }

    private static void Describe(ref TrackAllocation track, Subscription subscription, bool isCongested, MonotonicTime now)
    {
        var before = track.Layers.Count;
        var shown = track.Layer >= 0 && track.Layer < before ? track.Layers[track.Layer] : default;
        // What has not been measured cannot be bounded; it is known half a second after its first packet.
        track.IsOff = !subscription.TryListRates(now, ref track.Layers) || subscription.IsUnwanted || subscription.IsIdle || subscription.IsAwaited(now);
        track.Priority = PriorityOf(subscription.Track);
        if (track.Layer >= 0 && track.Layers.Count != before)
        {
            track.Show(Find(track.Layers, shown));
        }

        if (!track.IsOff && track.Layer == TrackAllocation.Paused && IsWelcome(subscription, isCongested, now))
        {
            track.Show(Lowest(track.Layers));
        }
    }

    private static void Apply(in TrackAllocation track, Subscription subscription, bool isCongested, MonotonicTime now)
    {
        if (subscription.IsAwaited(now))
        {
            subscription.Limit(0, LayerTarget.AllLayers); // The least of it goes on to be asked for.
            return;
        }

        if (track.IsOff)
        {
            if (!subscription.IsUnwanted)
            {
                subscription.Unlimit();
            }

            return;
        }

        var layer = track.Layer == TrackAllocation.Paused && IsWelcome(subscription, isCongested, now) ? Lowest(track.Layers) : track.Layer;
        if (layer == TrackAllocation.Paused)
        {
            subscription.Limit(TrackAllocation.Paused, 0);
        }
        else
        {
            subscription.Limit(track.Layers[layer].Spatial, track.Layers[layer].Temporal);
        }
    }

    private static TrackPriority PriorityOf(PublishedTrack track) =>
        track.Source == TrackSource.Screen ? TrackPriority.ScreenShare
        : track.Publisher.Room.RecentSpeakers is [var speaker, ..] && speaker == track.Publisher ? TrackPriority.ActiveSpeaker
        : TrackPriority.Other;

    private static bool IsWelcome(Subscription subscription, bool isCongested, MonotonicTime now) =>
        !isCongested && now - subscription.WantedSince < Welcome;

    /// <summary>The smallest that is sent.</summary>
    private static int Lowest(in LayerRates rates)
    {
        for (var i = 0; i < rates.Count; i++)
        {
            if (rates[i].Bitrate > Bitrate.Zero)
            {
                return i;
            }
        }

        return TrackAllocation.Paused;
    }

    /// <summary>The same layer in another list, or the nearest below.</summary>
    private static int Find(in LayerRates rates, in LayerRate wanted)
    {
        var found = TrackAllocation.Paused;
        for (var i = 0; i < rates.Count; i++)
        {
            if (rates[i].Spatial < wanted.Spatial || (rates[i].Spatial == wanted.Spatial && rates[i].Temporal <= wanted.Temporal))
            {
                found = i;
            }
        }

        return found;
    }

    /// <summary>Keeps what is remembered of each picture while others come and go.</summary>
    private void Arrange(Dictionary<string, Subscription>.ValueCollection subscriptions)
    {
        var count = 1;
        var same = true;
        foreach (var subscription in subscriptions)
        {
            if (subscription.Track.Kind == TrackKind.Video)
            {
                same &= count < _of.Length && _of[count] == subscription;
                count++;
            }
        }

        if (same && count == _of.Length)
        {
            return;
        }

        var tracks = new TrackAllocation[count];
        var of = new Subscription?[count];
        tracks[0] = _tracks[0];
        var at = 1;
        foreach (var subscription in subscriptions)
        {
            if (subscription.Track.Kind == TrackKind.Video)
            {
                var known = Array.IndexOf(_of, subscription);
                tracks[at] = known > 0 ? _tracks[known] : new();
                of[at++] = subscription;
            }
        }

        _tracks = tracks;
        _of = of;
    }
}
