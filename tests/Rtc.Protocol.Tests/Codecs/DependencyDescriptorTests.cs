using Events.Rtc.Protocol.Codecs;
using Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;

namespace Events.Tests.Rtc.Protocol.Tests.Codecs;

public class DependencyDescriptorTests
{
    private static DecodeTargetIndication Full(int s, int t, int ts, int tt) =>
        s > ts || t > tt ? DecodeTargetIndication.NotPresent : s < ts ? DecodeTargetIndication.Required : DecodeTargetIndication.Switch;

    [Fact]
    public void A_structure_of_three_by_three_layers_is_read_whole()
    {
        var reader = new DependencyDescriptorReader();
        var bytes = new DescriptorWriter(3, 3).Write(true, false, 60, 0, 0, 9, Full, null, [], sizes: [(320, 180), (640, 360), (1280, 720)]);
        Assert.True(reader.TryRead(bytes, out var frame));
        var structure = reader.Structure!;
        Assert.Equal((9, 9, 3, 3, 3), (structure.TemplateCount, structure.TargetCount, structure.SpatialLayers, structure.TemporalLayers, structure.ChainCount));
        Assert.Equal(((ushort)1280, (ushort)720), structure.ResolutionOf(2));
        Assert.Equal((0, 0, 9, true, false), (frame.SpatialId, frame.TemporalId, frame.Number, frame.StartsFrame, frame.EndsFrame));
        Assert.Equal(0, frame.Differences.Count);
        Assert.Equal(DecodeTargetIndication.Required, frame.IndicationOf(8));
        Assert.Equal(DecodeTargetIndication.Switch, frame.IndicationOf(0));
        Assert.Equal((2, 1), (structure.SpatialOf(7), structure.TemporalOf(7)));
        Assert.Equal(7, structure.FindTarget(2, 1, frame.ActiveTargets));
        Assert.Equal(4, structure.FindTarget(2, 1, 0b000_111_111));
    }

    [Fact]
    public void Later_packets_refer_to_the_structure_and_say_what_differs()
    {
        var reader = new DependencyDescriptorReader();
        var writer = new DescriptorWriter(1, 3);
        Assert.False(reader.TryRead(writer.Write(true, true, 0, 0, 2, 1, null, null, null), out _));
        Assert.True(reader.TryRead(writer.Write(true, true, 5, 0, 0, 100, Full, null, []), out _));
        Assert.True(reader.TryRead(writer.Write(false, true, 5, 0, 2, 103, null, null, [1, 3], active: 0b011), out var frame));
        Assert.Equal((2, 103, 0b011u), (frame.TemporalId, frame.Number, frame.ActiveTargets));
        Assert.Equal((2, 1, 3), (frame.Differences.Count, frame.Differences[0], frame.Differences[1]));
        // The mask stays until it is said again or a new structure comes.
        Assert.True(reader.TryRead(writer.Write(true, true, 5, 0, 0, 104, null, null, null), out frame));
        Assert.Equal((0b011u, 1), (frame.ActiveTargets, frame.Differences.Count));
        // A template that there is not: the packet is of another structure.
        Assert.False(reader.TryRead(writer.Write(true, true, 20, 0, 0, 105, null, null, null), out _));
    }

    [Fact]
    public void A_late_keyframe_does_not_bring_its_structure_back()
    {
        var reader = new DependencyDescriptorReader();
        var old = new DescriptorWriter(1, 2).Write(true, true, 0, 0, 0, 100, Full, null, []);
        Assert.True(reader.TryRead(old, out _));
        Assert.True(reader.TryRead(new DescriptorWriter(1, 3).Write(true, true, 10, 0, 0, 130, Full, null, []), out _));
        Assert.False(reader.TryRead(old, out _));
        Assert.Equal(3, reader.Structure!.TargetCount);
    }
}
