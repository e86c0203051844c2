using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class RelayTests
{
    [Fact]
    public async Task A_relay_gets_the_roster_and_every_packet_in_order()
    {
        var before = Stopwatch.GetTimestamp();
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        using var relay = await SubscribeAsync(path, "test-node-key", "room");
        Assert.Equal(RelayMessageType.Ready, (await NextAsync(relay)).Type);

        var anna = await node.JoinAsync(identity: "anna");
        var publisher = await anna.PublishAsync();
        var sent = publisher.SendFrame(keyframe: true, packets: 10);
        var joined = await NextAsync(relay, RelayMessageType.ParticipantJoined);
        Assert.Equal("anna", RelayCodec.Decode<RelayParticipant>(joined)!.Name);
        var track = RelayCodec.Decode<RelayTrack>(await NextAsync(relay, RelayMessageType.TrackPublished))!;
        Assert.Equal(("vp8", 90_000, TrackKind.Video, anna.Participant.ParticipantId), (track.Codec, track.ClockRate, track.Kind, track.ParticipantId));

        var received = new List<string>();
        while (received.Count < sent.Count)
        {
            var message = await NextAsync(relay, RelayMessageType.Rtp);
            Assert.Equal(track.Handle, BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(1)));

            // By the clock that all processes of the machine share, and that nobody sets.
            Assert.InRange(BinaryPrimitives.ReadInt64BigEndian(message.AsSpan(5)) * (Stopwatch.Frequency / 1e9), before, Stopwatch.GetTimestamp());
            Assert.True(global::Events.Rtc.Protocol.Wire.RtpReader.TryRead(message.AsSpan(RelayCodec.RtpHeaderLength), out var packet));
            received.Add(Convert.ToHexString(packet.Payload));
        }

        Assert.Equal(sent, received);
        var asked = publisher.KeyframeRequests;
        await relay.SendAsync(RelayCodec.EncodeKeyframeRequest(track.Handle));
        await Wait.UntilAsync(() => publisher.KeyframeRequests > asked, "the relay's keyframe request reaches the publisher");

        await anna.Participant.LeaveAsync("done");
        await NextAsync(relay, RelayMessageType.TrackUnpublished);
        await NextAsync(relay, RelayMessageType.ParticipantLeft);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_relay_is_told_how_a_picture_is_to_be_turned(bool layers)
    {
        const byte Orientation = 13;
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        using var relay = await SubscribeAsync(path, "test-node-key", "room");
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var offer = description.WriteOffer(layers ? SimulcastPublisher.Plan : ClientMediaPlan.Publish);
        offer = offer.Insert(offer.IndexOf("a=mid:", offer.IndexOf("m=video", StringComparison.Ordinal), StringComparison.Ordinal), $"a=extmap:{Orientation} urn:3gpp:video-orientation\r\n");
        var whip = (await node.Server.WhipAsync(TestNode.Rights(), offer)).Value;
        Assert.True(description.TryReadAnswer(whip.Answer.Sdp, out var session, out var error), error);

        // The client writes one byte where an audio level is negotiated, and so it does here.
        session = session with { Media = [.. session.Media.Select(m => m.Kind == MediaKind.Video ? m with { AudioLevelExtension = Orientation } : m)] };
        var publisher = new SimulcastFrames(await node.StartAsync(session));
        var announced = NextAsync(relay, RelayMessageType.TrackPublished);
        while (!announced.IsCompleted)
        {
            publisher.Send(new AudioLevel(false, 3));
            await Task.Delay(20);
        }

        var track = RelayCodec.Decode<RelayTrack>(await announced)!;
        Assert.Equal(Orientation, track.OrientationExtension);
        var forwarded = NextAsync(relay, RelayMessageType.Rtp);
        while (!forwarded.IsCompleted)
        {
            publisher.Send(new AudioLevel(false, 3));
            await Task.Delay(20);
        }

        Assert.True(RtpReader.TryRead((await forwarded).AsSpan(RelayCodec.RtpHeaderLength), out var packet));
        Assert.True(packet.TryGetExtension(track.OrientationExtension, out var said));
        Assert.Equal([3], said.ToArray());
    }

    [Fact]
    public void A_ring_that_both_have_left_keeps_no_memory()
    {
        var before = Environment.WorkingSet;
        var message = new byte[1_000];
        for (var i = 0; i < 40; i++)
        {
            var ring = new RelayRing();
            while (ring.TryWrite(message, default))
            {
            }

            ring.Close();
            Action[] leave = i % 2 == 0 ? [ring.ReleaseReader, ring.ReleaseWriter] : [ring.ReleaseWriter, ring.ReleaseReader];
            leave[0]();
            Assert.False(ring.TryRead(message, out _));
            leave[1]();
        }

        Assert.True(Environment.WorkingSet - before < 64 * 1024 * 1024, "40 rings of 8 MB were filled");
    }

    /// <summary>What grants and descriptions may hold, each character escaped to six bytes.</summary>
    [Fact]
    public void The_longest_names_and_parameters_fit_a_message()
    {
        static string Longest(int length) => new('\u00E9', length);
        var joined = RelayCodec.Encode(RelayMessageType.ParticipantJoined, new RelayParticipant(long.MaxValue, Longest(40), Longest(160), Longest(200), Longest(40)));
        var published = RelayCodec.Encode(RelayMessageType.TrackPublished, new RelayTrack(
            long.MaxValue, uint.MaxValue, Longest(40), Longest(40), TrackKind.Video, TrackSource.ScreenAudio, "h264", 90_000, 2, Longest(SdpLimits.MaxFmtp), true));
        Assert.InRange(joined.Length, 440 * 6, RelayCodec.MaxMessageLength);
        Assert.InRange(published.Length, SdpLimits.MaxFmtp * 6, RelayCodec.MaxMessageLength);
    }

    [Fact]
    public async Task A_message_that_is_too_tooLongends_the_relay_and_nothing_else()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        using var relay = await SubscribeAsync(path, "test-node-key", "room");
        Assert.Equal(RelayMessageType.Ready, (await NextAsync(relay)).Type);
        var tooLong = await node.JoinAsync(identity: new string('x', RelayCodec.MaxMessageLength));
        Assert.Empty((await NextAsync(relay)).Bytes);
        Assert.False(tooLong.Participant.IsGone);
        await tooLong.Participant.LeaveAsync("done");

        using var again = await SubscribeAsync(path, "test-node-key", "room");
        Assert.Equal(RelayMessageType.Ready, (await NextAsync(again)).Type);
        await node.JoinAsync(identity: "anna");
        Assert.Equal(RelayMessageType.ParticipantJoined, (await NextAsync(again)).Type);
        Assert.Equal(0, (await node.Server.MeasureAsync()).Faults);
    }

    [Fact]
    public async Task A_wrong_key_is_refused()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        using var relay = await SubscribeAsync(path, "wrong", "room");
        Assert.Equal(RelayMessageType.Error, (await NextAsync(relay)).Type);
        Assert.Empty((await NextAsync(relay)).Bytes);
    }

    [Fact]
    public async Task A_slow_relay_loses_packets_and_the_room_does_not_wait()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path, Workers = 1 });
        using var relay = await SubscribeAsync(path, "test-node-key", "room");
        var publisher = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => viewer.Video.Count > 3);
        // Nobody reads the relay; its ring holds 8 MB.
        for (var sent = 0; sent < 14_000_000; sent += 20 * 1_100)
        {
            publisher.SendFrame(keyframe: false, packets: 20, size: 1_100);
            if (sent % 110_000 == 0)
            {
                await Task.Delay(1);
            }
        }

        await Wait.UntilAsync(() => node.Server.MeasureAsync().Result.RelayDropped > 0, "drops are counted");
        var count = viewer.Video.Count;
        await publisher.SendUntilAsync(() => viewer.Video.Count > count + 20);
    }

    [Fact]
    public async Task A_relay_that_goes_away_while_packets_flow_leaves_the_room()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        var publisher = await node.WhipAsync();
        for (var i = 0; i < 8; i++)
        {
            using var relay = await SubscribeAsync(path, "test-node-key", "room");
            var got = NextAsync(relay, RelayMessageType.Rtp);
            await publisher.SendUntilAsync(() => got.IsCompleted);
            relay.Dispose();
            // Whichever of the node's threads notices first must not trip up the other.
            publisher.SendFrame(keyframe: false, packets: 30);
        }

        await publisher.Participant.LeaveAsync("done");
        await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "nobody holds the room any more");
    }

    /// <summary>Keyframes of VP8 in every layer.</summary>
    private sealed class SimulcastFrames(ClientEndpoint endpoint)
    {
        private uint _timestamp = 90_000;

        public void Send(AudioLevel orientation)
        {
            foreach (var layer in endpoint.Senders.Where(s => s.Media.Kind == MediaKind.Video))
            {
                // RFC 7741 §4.2: X S, I; §4.3: keyframe, start code, 320 by 180.
                endpoint.SendMedia(layer, [0x90, 0x80, 1, 0x10, 0, 0, 0x9D, 1, 0x2A, 0x40, 1, 180, 0, 1, 2, 3], new(_timestamp), marker: true, orientation);
            }

            _timestamp += 3_000;
        }
    }

    private static async Task<Socket> SubscribeAsync(string path, string key, string room)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await socket.SendAsync(RelayCodec.Encode(RelayMessageType.Subscribe, new RelaySubscribe(room, key)));
        return socket;
    }

    private static async Task<(RelayMessageType Type, byte[] Bytes)> NextAsync(Socket socket)
    {
        var buffer = new byte[RelayCodec.MaxMessageLength];
        var length = await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(10));
        return (length == 0 ? default : (RelayMessageType)buffer[0], buffer[..length]);
    }

    private static async Task<byte[]> NextAsync(Socket socket, RelayMessageType type)
    {
        for (var i = 0; i < 1_000; i++)
        {
            var (found, bytes) = await NextAsync(socket);
            if (found == type)
            {
                return bytes;
            }
        }

        throw new InvalidOperationException($"No {type} came.");
    }
}
