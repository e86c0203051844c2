using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>What viewers of a video track can be given, lowest first: which of it arrives, what it costs, and which of it a choice means.</summary>
internal sealed class TrackLayers
{
    /// <summary>Three pictures of the slowest temporal layer in use (a quarter of 20 a second); with a keyframe's round trip a viewer waits below a second.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(600);

    private List<VideoLayer> _all = [];

    /// <summary>Empty before the first packet.</summary>
    public IReadOnlyList<VideoLayer> All => _all;

    /// <summary>Of any of them; zero before the first.</summary>
    public MonotonicTime LastPacket
    {
        get
        {
            var newest = MonotonicTime.Zero;
            foreach (var layer in _all)
            {
                newest = MonotonicTime.Max(newest, layer.LastPacket);
            }

            return newest;
        }
    }

    public IReadOnlyList<TrackLayerInfo> Info => [.. _all.Select(Describe)];

    /// <summary>Sorted by size once every size is known; before that as the offer has them, which is low to high with every sender we know.</summary>
    public void Arrange(ReadOnlySpan<PublishedEncoding> encodings)
    {
        var layers = new List<VideoLayer>();
        foreach (var encoding in encodings)
        {
            encoding.CollectLayers(layers);
        }

        var known = layers.TrueForAll(l => l.Width > 0);
        layers.Sort((a, b) =>
        {
            var bySize = known ? (a.Width * a.Height).CompareTo(b.Width * b.Height) : 0;
            return bySize != 0 ? bySize
                : a.Encoding != b.Encoding ? a.Encoding.Index.CompareTo(b.Encoding.Index) : a.Spatial.CompareTo(b.Spatial);
        });
        _all = layers;
    }

    /// <summary>A layer that is silent while others of the track arrive has been stopped by its publisher, or by us. True when one came or went.</summary>
    public bool Check()
    {
        if (_all.Count < 2)
        {
            return false;
        }

        var newest = LastPacket;
        var changed = false;
        foreach (var layer in _all)
        {
            var active = newest - layer.LastPacket < Silence;
            changed |= active != layer.IsActive;
            layer.IsActive = active;
        }

        return changed;
    }

    /// <summary>
    /// Nothing of it arrives though its publisher was asked for its lowest layer, longer ago than a publisher needs, while others are stopped. To hold the picture for want of
    /// room would then have all of it stopped, and its publisher begin anew each time.
    /// </summary>
    public bool IsAwaited(MonotonicTime now)
    {
        var stopped = false;
        foreach (var layer in _all)
        {
            if (now - layer.LastPacket < Silence && layer.OwnBitrate(VideoLayer.MaxTemporal - 1) >= 1)
            {
                return false;
            }

            stopped |= layer.Encoding.ExpectedUntil.IsNever;
        }

        return stopped && now >= _all[0].Encoding.ExpectedUntil;
    }

    /// <summary>What <paramref name="choice"/> gives its holder, and as bits the encodings that it makes it watch: that one, and what it would rather have.</summary>
    public LayerTarget Choose(in LayerChoice choice, out int watched)
    {
        var target = choice.Choose(_all, out var wanted);
        watched = target.IsPaused ? 0 : 1 << target.Encoding;
        if (wanted >= 0)
        {
            watched |= 1 << _all[wanted].Encoding.Index;
            if (!_all[wanted].IsActive && wanted > 0)
            {
                watched |= 1 << _all[wanted - 1].Encoding.Index;
            }

            // What its publisher does not send though it was asked to has no rate yet that could be bounded. It goes on to be asked for: a publisher whose own path
            // has to grow first takes longer than a layer is waited for, and would begin anew each time.
            for (var above = wanted + 1; above < _all.Count; above++)
            {
                if (!_all[above].IsActive && !_all[above].Encoding.ExpectedUntil.IsNever && choice.Fits(_all[above]))
                {
                    watched |= 1 << _all[above].Encoding.Index;
                }
            }
        }

        return target;
    }

    /// <summary>What a viewer of a layer is sent up to a temporal layer, in bit/s: the layer and what it needs of those below it in its encoding.</summary>
    public double BitrateOf(int layer, int temporal)
    {
        var chosen = _all[layer];
        var bitrate = chosen.OwnBitrate(temporal);
        foreach (var below in _all)
        {
            if (below.Encoding == chosen.Encoding && below.Spatial < chosen.Spatial)
            {
                bitrate += below.SharedBitrate(temporal);
            }
        }

        return bitrate;
    }

    /// <summary>
    /// Lists what a holder of <paramref name="choice"/> could be sent, from the least on, as the allocator wants it: <see cref="LayerRate.Spatial"/> is the index
    /// here. A camera gives up pictures per second in its lowest layer only, a screen in each: what is read on it matters more than how it moves.
    /// </summary>
    /// <returns>False while nothing of it has been measured.</returns>
    public bool TryListRates(in LayerChoice choice, bool isLayered, bool isScreen, MonotonicTime now, ref LayerRates rates)
    {
        rates.Clear();
        var measured = false;
        for (var i = 0; i < _all.Count; i++)
        {
            var layer = _all[i];
            if (i > 0 && !choice.Fits(layer))
            {
                continue;
            }

            var top = isLayered ? choice.TemporalOf(layer) : LayerTarget.AllLayers;
            var highest = Math.Min(top, layer.Temporal);
            for (byte temporal = 0; isLayered && temporal < highest && (i == 0 || isScreen); temporal++)
            {
                rates.TryAdd(new((byte)i, temporal, layer.Height, ExpectedBitrateOf(i, temporal, now)));
            }

            var rate = ExpectedBitrateOf(i, highest, now);
            measured |= rate > Bitrate.Zero;
            rates.TryAdd(new((byte)i, top, layer.Height, rate));
        }

        return measured;
    }

    /// <summary>Zero for a layer that its publisher does not send.</summary>
    private Bitrate ExpectedBitrateOf(int layer, int temporal, MonotonicTime now)
    {
        var chosen = _all[layer];
        var arrives = chosen.IsActive ? BitrateOf(layer, temporal) : 0;
        return new((long)(now < chosen.Encoding.ExpectedUntil ? Math.Max(arrives, chosen.RememberedBitrate(temporal)) : arrives));
    }

    private TrackLayerInfo Describe(VideoLayer layer, int index) => new(
        layer.Encoding.Rid, layer.Spatial, layer.Width, layer.Height, layer.Temporal + 1, layer.IsActive, (long)BitrateOf(index, VideoLayer.MaxTemporal - 1));
}
