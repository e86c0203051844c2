using System.Buffers.Binary;
using System.Collections.Concurrent;
using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class CongestionTests
{
    [Fact]
    public async Task Probes_find_the_room_for_the_top_layer()
    {
        await using var node = new TestNode();
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        var layers = 0;
        RtcMeasurement? after = null;
        // 300, 600 and 600 kbit/s, which are known when the viewer comes.
        await SendUntilAsync(() => layers == 3, async () =>
            layers = await node.Server.InvokeOnRoomAsync("room", r => r!.Tracks.Single(t => t.Kind == TrackKind.Video).Layers.All.Count(l => l.OwnBitrate(3) > 150_000)));
        var viewer = await node.WhepAsync();
        var first = (await node.Server.MeasureAsync()).EstimatedBitrate;
        Assert.InRange(first, 1, 900_000); // Libwebrtc's start rate, or what the first probe said already.
        await SendUntilAsync(
            () => after is { EstimatedBitrate: > 600_000 } && viewer.Video.LastOrDefault() is { } last && SimulcastPublisher.LayerOf(last.Payload) == 2,
            async () => after = await node.Server.MeasureAsync());
        Assert.Equal(0, after!.Value.Faults);

        async Task SendUntilAsync(Func<bool> condition, Func<Task> measure)
        {
            var deadline = DateTime.UtcNow.AddSeconds(60);
            while (!condition())
            {
                Assert.True(DateTime.UtcNow < deadline, $"{after?.EstimatedBitrate} bit/s, {after?.PaddingSent} packets of padding, {layers} layers");
                publisher.SendPicture(packets: 6);
                await Task.Delay(12);
                await measure();
            }
        }
    }

    [Fact]
    public async Task Viewers_that_announce_their_bandwidth_are_given_the_layers_that_fit_it()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        var remb = ClientMediaPlan.View with { TransportCc = false };
        var thin = await node.WhepAsync(identity: "thin", plan: remb, options: new() { ReceiveLimit = Bitrate.FromKilobits(400) });
        var wide = await node.WhepAsync(identity: "wide", plan: remb);
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (LayerOf(thin) != 0 || LayerOf(wide) != 2)
        {
            Assert.True(DateTime.UtcNow < deadline, $"layers {LayerOf(thin)} and {LayerOf(wide)}");
            publisher.SendPicture(packets: 6);
            await Task.Delay(12);
        }

        static int LayerOf(TestViewer viewer) => viewer.Video.LastOrDefault() is { } last ? SimulcastPublisher.LayerOf(last.Payload) : -1;
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

    [Fact]
    public async Task Who_takes_back_its_retransmission_stream_is_sent_neither_that_nor_padding()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        await using var watcher = await node.JoinAsync(identity: "watcher", publish: false);
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var seen = 0;
        if (await AnswerAsync(withRtx: true) is { } session)
        {
            // By REMB it is sent padding for as long as there is a better layer than fits.
            await node.StartAsync(session, Count, new() { ReceiveLimit = Bitrate.FromKilobits(400) });
        }

        await SendUntilAsync(async () => await PaddingAsync() > 50, "padding is sent");
        await node.WhipAsync(identity: "another"); // Which makes another offer.
        await AnswerAsync(withRtx: false);
        var (before, padding) = (Volatile.Read(ref seen), await PaddingAsync());
        await SendUntilAsync(() => Task.FromResult(Volatile.Read(ref seen) > before + 400), "the watcher still sees the picture");
        Assert.Equal(0, (await node.Server.MeasureAsync()).Faults);
        Assert.InRange(await PaddingAsync(), padding, padding + 3);
        Assert.Null(watcher.ClosedWith);

        async Task<ClientSession?> AnswerAsync(bool withRtx)
        {
            var offer = await watcher.NextOfferAsync();
            Assert.True(description.TryAnswer(Without(offer.Sdp, rtx: !withRtx), out var answer, out var session, out var error), error);
            Assert.Equal(withRtx, answer.Contains(" rtx/90000", StringComparison.Ordinal));
            var accepted = await watcher.Participant.AnswerSubscriptionAsync(offer.Revision, answer);
            Assert.True(accepted.IsOk, accepted.Error?.ToString());
            return session;
        }

        async Task<long> PaddingAsync() => (await node.Server.MeasureAsync()).PaddingSent;

        async Task SendUntilAsync(Func<Task<bool>> condition, string what)
        {
            var deadline = DateTime.UtcNow.AddSeconds(30);
            while (!await condition())
            {
                Assert.True(DateTime.UtcNow < deadline, $"{what}: not within 30 s");
                publisher.SendPicture(packets: 6);
                await Task.Delay(12);
            }
        }

        static string Without(string offer, bool rtx) => string.Join("\r\n", offer.Split("\r\n").Where(line =>
            !line.Contains("transport-wide-cc", StringComparison.Ordinal) && !line.Contains("transport-cc", StringComparison.Ordinal)
            && !(rtx && line.EndsWith(" rtx/90000", StringComparison.Ordinal))));

        void Count(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now) => Interlocked.Increment(ref seen);
    }
}
