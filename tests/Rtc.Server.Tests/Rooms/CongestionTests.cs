using System.Buffers.Binary;
using System.Collections.Concurrent;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class CongestionTests
{
    [Fact]
    public async Task The_estimate_grows_to_what_reaches_the_viewer_and_probes_help_it()
    {
        await using var node = new TestNode();
        var publisher = await node.WhipAsync();
        await node.WhepAsync();
        Assert.True((await node.Server.MeasureAsync()).EstimatedBitrate <= 300_000); // libwebrtc's start rate
        var after = await node.Server.MeasureAsync();
        var deadline = DateTime.UtcNow.AddSeconds(20);
        for (var frame = 0; after.EstimatedBitrate < 1_000_000 || after.PaddingSent == 0; frame++)
        {
            Assert.True(DateTime.UtcNow < deadline, $"{after.EstimatedBitrate} bit/s, {after.PaddingSent} packets of padding");
            publisher.SendFrame(keyframe: frame % 50 == 0, packets: 4);
            publisher.SendAudio();
            await Task.Delay(10);
            after = await node.Server.MeasureAsync();
        }

        Assert.Equal(0, after.Faults);
    }

    [Fact]
    public async Task A_viewer_that_left_counts_no_more()
    {
        await using var node = new TestNode();
        var publisher = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => viewer.Video.Count > 100);
        var with = await node.Server.MeasureAsync();
        Assert.True(with.EstimatedBitrate > 0);
        await viewer.Participant.LeaveAsync("test");
        Assert.Equal(0, (await node.Server.MeasureAsync()).EstimatedBitrate);
    }

    [Fact]
    public async Task Transport_wide_numbers_run_over_sound_and_picture_without_a_gap()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await node.WhipAsync();
        var numbers = new ConcurrentQueue<ushort>();
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var result = await node.Server.WhepAsync(TestNode.Rights(identity: "viewer"), description.WriteOffer(ClientMediaPlan.View));
        Assert.True(result.IsOk, result.Error?.ToString());
        await node.ConnectAsync(description, result.Value.Answer.Sdp, Keep);
        await publisher.SendUntilAsync(() => numbers.Count > 300);

        // Padding has numbers too, and never comes up to here.
        var seen = numbers.ToArray();
        var steps = seen.Zip(seen.Skip(1), (a, b) => (ushort)(b - a)).ToList();
        Assert.All(steps, step => Assert.InRange(step, 1, 200));
        Assert.True(steps.Count(s => s == 1) > steps.Count * 0.8, string.Join(' ', steps));

        void Keep(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
        {
            Assert.True(packet.TryGetExtension(track.Media.TransportCcExtension, out var number));
            numbers.Enqueue(BinaryPrimitives.ReadUInt16BigEndian(number));
        }
    }
}
