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

        var newest = MonotonicTime.Zero;
        foreach (var layer in _all)
        {
            newest = MonotonicTime.Max(newest, layer.LastPacket);
        }

        var changed = false;
        foreach (var layer in _all)
        {
            var active = newest - layer.LastPacket < Silence;
            changed |= active != layer.IsActive;
            layer.IsActive = active;
        }

        return changed;
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

    private TrackLayerInfo Describe(VideoLayer layer, int index) => new(
        layer.Encoding.Rid, layer.Spatial, layer.Width, layer.Height, layer.Temporal + 1, layer.IsActive, (long)BitrateOf(index, VideoLayer.MaxTemporal - 1));
}
