using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>Whose picture counts most when not all fit.</summary>
public enum TrackPriority : byte
{
    Other,
    ActiveSpeaker,
    ScreenShare,
}

/// <summary>What one viewer is shown of one track: the wish, the decision, and what the decision remembers.</summary>
public struct TrackAllocation
{
    /// <summary>No layer is sent.</summary>
    public const int Paused = -1;

    public TrackAllocation() => Layer = Paused;

    /// <summary>The caller's.</summary>
    public int Id { get; init; }

    public bool IsAudio { get; init; }

    public TrackPriority Priority { get; set; }

    /// <summary>The viewer asked for a picture of this height; 0: as large as there is.</summary>
    public int WantedHeight { get; set; }

    /// <summary>The viewer or a moderator switched it off.</summary>
    public bool IsOff { get; set; }

    /// <summary>One stream in which smaller layers are part of larger ones (SVC): going down needs no keyframe.</summary>
    public bool IsScalable { get; init; }

    public LayerRates Layers;

    /// <summary>Decided: index into <see cref="Layers"/>, or <see cref="Paused"/>.</summary>
    public int Layer { get; private set; }

    /// <summary>The last decision was a change that takes effect at a keyframe of the new layer: ask for one.</summary>
    public bool NeedsKeyframe { get; internal set; }

    /// <summary>This layer is sent already, by no decision of the allocator: it goes on with less room than a new one would need.</summary>
    public void Show(int layer) => Layer = layer;

    internal MonotonicTime RaisedAt;
    internal MonotonicTime RaiseNotBefore;
    internal MonotonicTime RetryNotBefore;
    internal int FailedLayer;
    internal TimeSpan Hold;
    internal int Cap;
    internal int Next;
}

/// <summary>What was handed out.</summary>
/// <param name="Allocated">Of all layers that are sent, and audio.</param>
/// <param name="Goal">In all for the next layer up, with its margin: what to probe for. Zero: everything is sent that is wanted.</param>
/// <param name="Ceiling">In all for everything that is wanted, with its margin.</param>
/// <param name="Changed">Some track's layer is another one than before.</param>
public readonly record struct AllocationResult(Bitrate Allocated, Bitrate Goal, Bitrate Ceiling, bool Changed);

/// <summary>
/// Hands one viewer's estimate out to its tracks: audio always, then the smallest layer of each picture in order of priority, then larger ones,
/// screen share first, active speaker next, the others evenly. Nothing moves up without a margin, and nothing moves up again soon after it had to
/// move down.
/// </summary>
public struct BandwidthAllocator
{
    /// <summary>A layer above the present one needs a seventh more than it costs: an encoder's second may be 10 % above its average, and the rest is retransmissions.</summary>
    private const double RaiseMargin = 1.15, AnotherPath = 1.5;

    /// <summary>
    /// One overuse takes the estimate to 0.85 of what arrives (RateControl), which is short of what is sent by less than a fifth though
    /// the path may carry it: such a shortage must last before anything moves down.
    /// </summary>
    private const double MildShortage = 0.8;

    private static readonly TimeSpan MildShortageTime = TimeSpan.FromSeconds(1);

    /// <summary>A picture that stops is worse than a smaller one: the last layer bears a mild shortage for longer.</summary>
    private static readonly TimeSpan LastLayerTime = TimeSpan.FromSeconds(3);

    /// <summary>Between down and any step up.</summary>
    private static readonly TimeSpan RaiseInterval = TimeSpan.FromSeconds(1);

    /// <summary>Until the layer that was lost is tried again; doubles when it did not last, so that one on the edge is tried less and less.</summary>
    private static readonly TimeSpan MinHold = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxHold = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LastingRaise = TimeSpan.FromSeconds(10);

    /// <summary>So much more than what failed, and the path is another one.</summary>
    private const double AnotherTotal = 1.25;

    private MonotonicTime _shortSince;
    private bool _isShort;
    private long _failedTotal;
    private TimeSpan _hold;
    private MonotonicTime _raisedAt;
    private MonotonicTime _enlargeNotBefore;

    /// <summary>Decides every track's layer. Its fields for decisions are this call's to change.</summary>
    /// <param name="tracks">All of the viewer's.</param>
    /// <param name="estimate">What its path carries.</param>
    /// <param name="now">The present.</param>
    /// <param name="isProven">The path was full, or lost what was too much, a moment ago; else more than the estimate may well fit.</param>
    public AllocationResult Allocate(Span<TrackAllocation> tracks, Bitrate estimate, MonotonicTime now, bool isProven = true)
    {
        long audio = 0, held = 0, wanted = 0;
        foreach (ref var track in tracks)
        {
            if (track.IsAudio)
            {
                audio += track.Layers.Count > 0 ? track.Layers[0].Bitrate.BitsPerSecond : 0;
                track.Show(track.IsOff || track.Layers.Count == 0 ? TrackAllocation.Paused : 0);
                track.NeedsKeyframe = false;
                continue;
            }

            track.Cap = CapOf(track);
            track.Next = TrackAllocation.Paused;
            wanted += RateOf(track, track.Cap);
            held += RateOf(track, Held(track));
        }

        var budget = Math.Max(0, estimate.BitsPerSecond - audio);
        budget = Tolerate(budget, held, isProven, now);
        var lastLayerBudget = _isShort && now - _shortSince < LastLayerTime ? (long)(budget / MildShortage) : budget;
        long used = 0;
        var mayEnlarge = now >= _enlargeNotBefore || budget >= _failedTotal * AnotherTotal;
        for (var priority = (int)TrackPriority.ScreenShare; priority >= 0; priority--)
        {
            foreach (ref var track in tracks)
            {
                if ((int)track.Priority == priority && !track.IsAudio)
                {
                    TryRaise(ref track, track.Layer == TrackAllocation.Paused ? budget : lastLayerBudget, ref used, now);
                }
            }
        }

        for (var priority = (int)TrackPriority.ScreenShare; priority >= 0; priority--)
        {
            bool raised;
            do
            {
                raised = false;
                foreach (ref var track in tracks)
                {
                    if ((int)track.Priority == priority && !track.IsAudio && track.Next != TrackAllocation.Paused && (mayEnlarge || track.Next < track.Layer))
                    {
                        raised |= TryRaise(ref track, budget, ref used, now);
                    }
                }
            }
            while (raised);
        }

        var changed = Settle(tracks, held, now);
        var next = CheapestStep(tracks);
        var goal = next == 0 ? 0 : audio + used + (long)(next * RaiseMargin);
        return new(new(audio + used), new(goal), new(audio + (long)(wanted * RaiseMargin)), changed);
    }

    /// <summary>The largest layer that is worth sending: the first that is as high as wanted.</summary>
    private static int CapOf(in TrackAllocation track)
    {
        var cap = TrackAllocation.Paused;
        if (track.IsOff)
        {
            return cap;
        }

        var capHeight = 0;
        for (var i = 0; i < track.Layers.Count; i++)
        {
            var layer = track.Layers[i];
            if (layer.Bitrate == Bitrate.Zero)
            {
                continue;
            }

            if (cap != TrackAllocation.Paused && track.WantedHeight > 0 && capHeight >= track.WantedHeight && layer.Height > capHeight)
            {
                break;
            }

            cap = i;
            capHeight = layer.Height;
        }

        return cap;
    }

    private static long RateOf(in TrackAllocation track, int layer) =>
        layer == TrackAllocation.Paused ? 0 : track.Layers[layer].Bitrate.BitsPerSecond;

    /// <summary>What it has now, as far as that is still there and wanted.</summary>
    private static int Held(in TrackAllocation track)
    {
        var layer = Math.Min(track.Layer, track.Cap);
        while (layer > TrackAllocation.Paused && track.Layers[layer].Bitrate == Bitrate.Zero)
        {
            layer--;
        }

        return layer;
    }

    /// <summary>The next layer that the publisher sends.</summary>
    private static int StepAbove(in TrackAllocation track, int layer)
    {
        for (var i = layer + 1; i <= track.Cap; i++)
        {
            if (track.Layers[i].Bitrate != Bitrate.Zero)
            {
                return i;
            }
        }

        return TrackAllocation.Paused;
    }

    private static bool TryRaise(ref TrackAllocation track, long budget, ref long used, MonotonicTime now)
    {
        var step = StepAbove(track, track.Next);
        if (step == TrackAllocation.Paused)
        {
            return false;
        }

        var cost = RateOf(track, step) - RateOf(track, track.Next);
        if (step > track.Layer)
        {
            // More than it has now: with a margin, and not just after it had to give way; unless there is half as much again as it
            // needs, for then the path is another one than the one it failed on.
            var isRetry = step >= track.FailedLayer && used + (long)(cost * AnotherPath) > budget;
            if (now < (isRetry ? track.RetryNotBefore : track.RaiseNotBefore) || used + (long)(cost * RaiseMargin) > budget)
            {
                return false;
            }
        }
        else if (used + cost > budget)
        {
            return false;
        }

        track.Next = step;
        used += cost;
        return true;
    }

    /// <summary>The budget, or what is held while the shortage is mild and young.</summary>
    private long Tolerate(long budget, long held, bool isProven, MonotonicTime now)
    {
        if (budget >= held)
        {
            _isShort = false;
            return budget;
        }

        if (!_isShort)
        {
            _isShort = true;
            _shortSince = now;
        }

        if (!isProven)
        {
            // An estimate that nothing ran into ends where nobody asked for more. A still picture that begins to move is above it at once: if that does not fit,
            // the path will say so.
            return held;
        }

        return budget >= held * MildShortage && now - _shortSince < MildShortageTime ? held : budget;
    }

    private bool Settle(Span<TrackAllocation> tracks, long held, MonotonicTime now)
    {
        var changed = false;
        var raised = false;
        var lowered = false;
        foreach (ref var track in tracks)
        {
            if (track.IsAudio || track.Next == track.Layer)
            {
                continue;
            }

            changed = true;
            var before = track.Layer;
            if (track.Next > before)
            {
                track.RaisedAt = now;
                raised |= before != TrackAllocation.Paused;
            }
            else if (track.Cap >= before)
            {
                // For want of room. Shown smaller because the viewer or the publisher says so is no reason to wait later.
                lowered = true;
                track.Hold = track.Hold > TimeSpan.Zero && now - track.RaisedAt < LastingRaise ? track.Hold * 2 : MinHold;
                track.Hold = track.Hold > MaxHold ? MaxHold : track.Hold;
                track.RaiseNotBefore = now + RaiseInterval;
                track.RetryNotBefore = now + track.Hold;
                track.FailedLayer = before;
            }

            track.NeedsKeyframe = track.Next != TrackAllocation.Paused
                && (before == TrackAllocation.Paused
                    || before >= track.Layers.Count
                    || (track.Layers[track.Next].Spatial != track.Layers[before].Spatial && !(track.IsScalable && track.Next < before)));
            track.Show(track.Next);
        }

        if (lowered)
        {
            // With many pictures the step of one is small beside what an estimate swings: all of them wait, or they would take turns.
            _hold = _hold > TimeSpan.Zero && now - _raisedAt < LastingRaise ? _hold * 2 : MinHold;
            _hold = _hold > MaxHold ? MaxHold : _hold;
            _enlargeNotBefore = now + _hold;
            _failedTotal = held;
        }
        else if (raised)
        {
            _raisedAt = now;
        }

        return changed;
    }

    /// <summary>What the next step up costs of the most important track that has one; zero when none has.</summary>
    private static long CheapestStep(ReadOnlySpan<TrackAllocation> tracks)
    {
        long best = 0;
        var bestPriority = -1;
        var bestIsFirst = false;
        foreach (ref readonly var track in tracks)
        {
            if (track.IsAudio || StepAbove(track, track.Layer) is var step && step == TrackAllocation.Paused)
            {
                continue;
            }

            // A picture that is not shown at all comes before a larger one of any other.
            var isFirst = track.Layer == TrackAllocation.Paused;
            var cost = Math.Max(1, RateOf(track, step) - RateOf(track, track.Layer));
            var priority = (int)track.Priority;
            var better = isFirst != bestIsFirst ? isFirst : priority != bestPriority ? priority > bestPriority : cost < best;
            if (best == 0 || better)
            {
                best = cost;
                bestPriority = priority;
                bestIsFirst = isFirst;
            }
        }

        return best;
    }
}
