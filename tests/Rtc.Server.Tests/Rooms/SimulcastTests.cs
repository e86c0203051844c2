using System.Buffers.Binary;
using System.Net.Sockets;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class SimulcastTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_viewer_gets_the_highest_layer_and_a_smaller_one_when_its_tile_is_small(bool legacy)
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = new SimulcastPublisher(await anna.PublishAsync(SimulcastPublisher.Plan with { LegacySimulcast = legacy }));
        var ben = await node.JoinAsync(identity: "ben", publish: false);
        var offer = await ben.SubscribeAsync();
        var track = offer.Tracks.Single(t => t.Kind == TrackKind.Video).TrackId;
        await publisher.SendUntilAsync(() => Showing(ben) == 2, "the highest layer");

        foreach (var (width, layer) in new[] { (640, 1), (100, 0), (1_279, 1), (0, 2), (400, 0), (5_000, 2) })
        {
            Assert.True((await ben.Participant.SetVideoAsync(track, new VideoPreference(width, 0, 0, false))).IsOk);
            await publisher.SendUntilAsync(() => Showing(ben) == layer, $"{width} pixels show layer {layer}");
        }

        AssertContinuous(ben.Viewer!);
        var layers = (await ben.Participant.SnapshotAsync()).Value!.Participants.SelectMany(p => p.Tracks).Single(t => t.Kind == TrackKind.Video).Layers;
        Assert.Equal([(320, 3), (640, 3), (1_280, 3)], layers.Select(l => (l.Width, l.TemporalLayers)));
        Assert.All(layers, l => Assert.True(l.Active && l.Bitrate > 1_000, l.ToString()));
        Assert.Equal(legacy ? [null, null, null] : ["l", "m", "h"], layers.Select(l => l.Rid));
    }

    /// <summary>Streams that its encodings have no place for would all be taken for one, and it would begin anew with each packet.</summary>
    [Fact]
    public async Task A_line_that_comes_back_with_other_layers_is_another_track()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var plain = await PublishAsync(ClientMediaPlan.Publish);
        var layered = await PublishAsync(SimulcastPublisher.Plan);
        var again = await PublishAsync(SimulcastPublisher.Plan);
        var plainAgain = await PublishAsync(ClientMediaPlan.Publish);
        Assert.Equal([1, 3, 3, 1], new[] { plain, layered, again, plainAgain }.Select(t => t.Encodings));
        Assert.Equal(layered.Id, again.Id); // The same layers: the same track, whatever SSRCs they have.
        Assert.Equal(3, new[] { plain.Id, layered.Id, plainAgain.Id }.Distinct().Count());

        async Task<(string Id, int Encodings)> PublishAsync(ClientMediaPlan plan)
        {
            var answered = await anna.Participant.PublishAsync(description.WriteOffer(plan), []);
            Assert.True(answered.IsOk, answered.Error?.ToString());
            return await node.Server.InvokeOnRoomAsync("room", room =>
            {
                var track = room!.Tracks.Single(t => t.Kind == TrackKind.Video);
                return (track.Id, track.Encodings.Length);
            });
        }
    }

    [Fact]
    public async Task A_whip_publisher_sends_layers_and_whep_viewers_see_the_best()
    {
        await using var node = new TestNode();
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty && SimulcastPublisher.LayerOf(viewer.Video.Last().Payload) == 2, "the highest layer");
        AssertContinuous(viewer);
    }

    [Fact]
    public async Task A_layer_that_its_publisher_stops_is_replaced_within_a_second_and_taken_again_when_it_is_back()
    {
        await using var node = new TestNode();
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty && SimulcastPublisher.LayerOf(viewer.Video.Last().Payload) == 2, "the highest layer");
        publisher.Sends[2] = false;
        var stopped = DateTime.UtcNow;
        await publisher.SendUntilAsync(() => SimulcastPublisher.LayerOf(viewer.Video.Last().Payload) == 1, "the layer below");
        Assert.InRange(DateTime.UtcNow - stopped, TimeSpan.Zero, TimeSpan.FromSeconds(1.5)); // 0.6 s of silence, a round, and a busy machine
        publisher.Sends[2] = true;
        await publisher.SendUntilAsync(() => SimulcastPublisher.LayerOf(viewer.Video.Last().Payload) == 2, "the highest layer again");
        AssertContinuous(viewer);
    }

    [Fact]
    public async Task A_paused_track_sends_nothing_and_resumes_with_a_keyframe()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = new SimulcastPublisher(await anna.PublishAsync(SimulcastPublisher.Plan));
        var ben = await node.JoinAsync(identity: "ben", publish: false);
        var track = (await ben.SubscribeAsync()).Tracks.Single(t => t.Kind == TrackKind.Video).TrackId;
        await publisher.SendUntilAsync(() => Showing(ben) == 2, "the highest layer");
        await ben.Participant.SetVideoAsync(track, new VideoPreference(0, 0, 0, true));
        await publisher.SendForAsync(TimeSpan.FromMilliseconds(200));
        var count = ben.Viewer!.Video.Count;
        await publisher.SendForAsync(TimeSpan.FromMilliseconds(500));
        Assert.Equal(count, ben.Viewer.Video.Count);
        await ben.Participant.SetVideoAsync(track, new VideoPreference(0, 0, 0, false));
        await publisher.SendUntilAsync(() => ben.Viewer.Video.Count > count + 10, "it goes on");
        Assert.True(KeyframeDetector.IsKeyframe(Codec.Vp8, Convert.FromHexString(ben.Viewer.Video.ElementAt(count).Payload)));
        AssertContinuous(ben.Viewer);
        Assert.Equal("track_not_found", (await ben.Participant.SetVideoAsync("TR_nobody", new VideoPreference(0, 0, 0, true))).Error?.Code);
    }

    [Fact]
    public async Task A_layer_that_nobody_watches_is_stopped_at_the_publisher_and_resumed_at_once()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = new SimulcastPublisher(await anna.PublishAsync(SimulcastPublisher.Plan));
        var ben = await node.JoinAsync(identity: "ben", publish: false);
        var track = (await ben.SubscribeAsync()).Tracks.Single(t => t.Kind == TrackKind.Video).TrackId;
        await publisher.SendUntilAsync(() => Showing(ben) == 2, "the highest layer");
        await ben.Participant.SetVideoAsync(track, new VideoPreference(640, 360, 0, false));
        await publisher.SendUntilAsync(
            () =>
            {
                Obey(anna, publisher);
                return publisher.Sends.SequenceEqual([true, true, false]);
            },
            "what nobody watches is stopped, but for the lowest");
        Assert.Equal(1, Showing(ben));

        await ben.Participant.SetVideoAsync(track, new VideoPreference(0, 0, 0, false));
        var asked = DateTime.UtcNow;
        await publisher.SendUntilAsync(
            () =>
            {
                Obey(anna, publisher);
                return Showing(ben) == 2;
            },
            "the layer is back");
        Assert.InRange(DateTime.UtcNow - asked, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        AssertContinuous(ben.Viewer!);
    }

    [Fact]
    public async Task Last_n_sends_the_cameras_of_the_most_recent_speakers_only()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var people = new List<(TestClient Client, TestPublisher Publisher)>();
        foreach (var name in new[] { "anna", "ben", "cleo" })
        {
            var client = await node.JoinAsync(identity: name);
            people.Add((client, await client.PublishAsync()));
        }

        var viewer = await node.JoinAsync(identity: "viewer", publish: false);
        var offer = await viewer.SubscribeAsync();
        var cameras = people.ConvertAll(p => offer.Tracks.Single(t => t.ParticipantId == p.Client.Participant.ParticipantId && t.Kind == TrackKind.Video).TrackId);
        await viewer.Participant.SetLastNAsync(1);
        await SpeakAsync(2);
        Assert.Equal([cameras[0], cameras[1]], viewer.Held.Order(Comparer<string>.Create((a, b) => cameras.IndexOf(a) - cameras.IndexOf(b))));
        await SpeakAsync(0);
        Assert.Equal([cameras[1], cameras[2]], viewer.Held.Order(Comparer<string>.Create((a, b) => cameras.IndexOf(a) - cameras.IndexOf(b))));
        viewer.Viewer!.Video.Clear();
        for (var i = 0; i < 30; i++)
        {
            people.ForEach(p => p.Publisher.SendFrame(keyframe: true, packets: 1));
            await Task.Delay(10);
        }

        // What was on its way before the switch may still have come.
        await Wait.UntilAsync(() => viewer.Viewer.Video.Count > 15, "one camera is sent");
        Assert.Single(viewer.Viewer.Video.TakeLast(10).Select(v => v.Ssrc).Distinct());
        await viewer.Participant.SetLastNAsync(null);
        await Wait.UntilAsync(() => viewer.Held.Count == 0, "everybody's again");

        async Task SpeakAsync(int speaker)
        {
            await Wait.UntilAsync(
                () =>
                {
                    for (var i = 0; i < people.Count; i++)
                    {
                        people[i].Publisher.SendAudio(i == speaker ? (byte)10 : (byte)90);
                        people[i].Publisher.SendFrame(keyframe: true, packets: 1);
                    }

                    return viewer.Held.Count == 2 && !viewer.Held.Contains(cameras[speaker]);
                },
                $"{speaker} is shown");
        }
    }

    [Fact]
    public async Task The_relay_gets_one_stream_of_the_best_layer_whatever_comes_and_goes()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        using var relay = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        await relay.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await relay.SendAsync(RelayCodec.Encode(RelayMessageType.Subscribe, new RelaySubscribe("room", "test-node-key")));
        var packets = new List<(uint Ssrc, ushort Sequence, uint Timestamp, int Layer)>();
        uint video = 0;
        var reports = 0;
        var reading = Task.Run(async () =>
        {
            var buffer = new byte[RelayCodec.MaxMessageLength];
            for (int length; (length = await relay.ReceiveAsync(buffer)) > 0;)
            {
                lock (packets)
                {
                    Take(buffer.AsSpan(0, length));
                }
            }
        });
        await publisher.SendUntilAsync(() => Layer() == 2, "the relay gets the best");
        publisher.Sends[2] = false;
        await publisher.SendUntilAsync(() => Layer() == 1, "the best that there is");
        publisher.Sends[2] = true;
        await publisher.SendUntilAsync(() => Layer() == 2, "the best again");
        await relay.SendAsync(RelayCodec.EncodeSizeRequest(video, 320, 180));
        await publisher.SendUntilAsync(() => Layer() == 0, "the size asked for");
        await publisher.SendUntilAsync(() => reports > 2, "its reports");
        lock (packets)
        {
            Assert.Single(packets.Select(p => p.Ssrc).Distinct());
            Assert.All(packets.Zip(packets.Skip(1)), pair =>
            {
                Assert.Equal((ushort)(pair.First.Sequence + 1), pair.Second.Sequence);
                Assert.True((int)(pair.Second.Timestamp - pair.First.Timestamp) >= 0, $"{pair}");
            });
        }

        relay.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => reading);

        int Layer()
        {
            lock (packets)
            {
                return packets.Count == 0 ? -1 : packets[^1].Layer;
            }
        }

        void Take(ReadOnlySpan<byte> message)
        {
            var type = (RelayMessageType)message[0];
            if (type == RelayMessageType.TrackPublished && RelayCodec.Decode<RelayTrack>(message) is { Kind: TrackKind.Video } track)
            {
                video = track.Handle;
            }
            else if (type is RelayMessageType.Rtp or RelayMessageType.SenderReport && BinaryPrimitives.ReadUInt32BigEndian(message[1..]) == video)
            {
                if (type == RelayMessageType.SenderReport)
                {
                    reports++;
                }
                else if (RtpReader.TryRead(message[RelayCodec.RtpHeaderLength..], out var packet))
                {
                    packets.Add((packet.Ssrc, packet.SequenceNumber.Value, packet.Timestamp.Value, SimulcastPublisher.LayerOf(Convert.ToHexString(packet.Payload))));
                }
            }
        }
    }

    [Fact]
    public async Task Switching_layers_allocates_nothing_per_packet()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        var clients = new List<(TestClient Client, string Track)>();
        for (var i = 0; i < 4; i++)
        {
            var client = await node.JoinAsync(identity: $"v{i}", publish: false);
            clients.Add((client, (await client.SubscribeAsync()).Tracks.Single(t => t.Kind == TrackKind.Video).TrackId));
        }

        await publisher.SendUntilAsync(() => clients.All(c => Showing(c.Client) == 2), "all see it");
        await SwitchAsync(200); // The JIT has seen everything.
        var before = await node.Server.MeasureAsync();
        await SwitchAsync(600);
        var after = await node.Server.MeasureAsync();
        var packets = after.PacketsForwarded - before.PacketsForwarded;
        Assert.True(packets > 4_000, $"{packets} packets");
        // Each of the 120 switches is a command, which allocates; the packets do not: one object on each would be 100 KB.
        Assert.InRange(after.AllocatedBytes - before.AllocatedBytes, 0, 120 * 200);
        Assert.All(clients, c => AssertContinuous(c.Client.Viewer!));

        async Task SwitchAsync(int pictures)
        {
            for (var picture = 0; picture < pictures; picture++)
            {
                publisher.SendPicture();
                if (picture % 20 == 0)
                {
                    foreach (var (client, track) in clients)
                    {
                        await client.Participant.SetVideoAsync(track, new VideoPreference(320 << (picture / 20 % 3), 0, 0, false));
                    }
                }

                await Task.Delay(5);
            }
        }
    }

    private static void Obey(TestClient client, SimulcastPublisher publisher)
    {
        while (client.Demands.TryDequeue(out var demand))
        {
            for (var i = 0; i < 3; i++)
            {
                publisher.Sends[i] = demand.Encodings[i].Active;
            }
        }
    }

    private static int Showing(TestClient client) =>
        client.Viewer!.Video.LastOrDefault() is { Payload: { } payload } ? SimulcastPublisher.LayerOf(payload) : -1;

    private static void AssertContinuous(TestViewer viewer)
    {
        var packets = viewer.Video.ToList();
        Assert.Single(packets.Select(p => p.Ssrc).Distinct());
        Assert.All(packets.Zip(packets.Skip(1)), pair =>
        {
            Assert.Equal((ushort)(pair.First.Sequence + 1), pair.Second.Sequence);
            Assert.True((int)(pair.Second.Timestamp - pair.First.Timestamp) >= 0, $"{pair}");
            Assert.True(Vp8Descriptor.TryRead(Convert.FromHexString(pair.First.Payload), out var first));
            Assert.True(Vp8Descriptor.TryRead(Convert.FromHexString(pair.Second.Payload), out var second));
            Assert.InRange((second.PictureId - first.PictureId) & 0x7FFF, 0, 1);
            Assert.InRange((byte)(second.Tl0PicIdx - first.Tl0PicIdx), 0, 1);
        });
    }
}
