using Events.Rtc.Client;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>Sound with redundancy (RFC 2198) over real sockets; what it is worth on lossy networks is in RedScenarios.</summary>
public class RedTests
{
    private const byte Red = 63, Opus = 111;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Redundancy_goes_untouched_to_who_takes_it_and_the_primary_block_to_the_others(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        var voice = await Voice.PublishAsync(node);
        var takes = await node.WhepAsync(identity: "takes", description: new(node.Dtls.LocalFingerprint) { AudioRed = true });
        var other = await node.WhepAsync(identity: "other");
        var renamed = await node.WhepAsync(identity: "renamed", description: new(node.Dtls.LocalFingerprint) { AudioRed = true, OpusPayloadType = 120 });
        await voice.SpeakUntilAsync(() => takes.Audio.Count > 50 && other.Audio.Count > 50 && renamed.Audio.Count > 50);

        // The first packet that a room forwards comes without what was before it.
        Assert.All(takes.AudioTypes.Skip(1), type => Assert.Equal(Red, type));
        Assert.All(takes.Audio.Skip(1), payload => Assert.Contains(payload, voice.Sent));
        Assert.All(other.AudioTypes, type => Assert.Equal(Opus, type));
        Assert.All(other.Audio, payload => Assert.Contains(payload, voice.Said));
        Assert.Equal(other.Audio.Count, other.Audio.Distinct().Count());
        Assert.All(renamed.AudioTypes.Skip(1), type => Assert.Equal(Red, type));
        Assert.All(renamed.Audio.Skip(1), payload => Assert.Equal("F8", payload[..2])); // Its own 120, and that another block follows.
        Assert.All(renamed.Audio.Skip(1), payload => Assert.Contains("EF" + payload[2..8] + "6F" + payload[10..], voice.Sent));
    }

    [Fact]
    public async Task A_recording_is_given_plain_opus()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        var voice = await Voice.PublishAsync(node);
        using var relay = RelayReceiver.Connect(path, "room", "test-node-key");
        var (payloads, codec) = (new List<string>(), "");
        await voice.SpeakUntilAsync(() =>
        {
            while (relay.Receive(TimeSpan.Zero, out var message) == RelayReceiveStatus.Message)
            {
                if (message[0] == (byte)RelayMessageType.TrackPublished)
                {
                    codec = RelayCodec.Decode<RelayTrack>(message)!.Codec;
                }
                else if (RelayReceiver.TryReadRtp(message, out _, out _, out var bytes) && message[0] == (byte)RelayMessageType.Rtp)
                {
                    Assert.True(global::Events.Rtc.Protocol.Wire.RtpReader.TryRead(bytes, out var packet));
                    Assert.Equal(Opus, packet.PayloadType);
                    payloads.Add(Convert.ToHexString(packet.Payload));
                }
            }

            return payloads.Count > 50;
        });
        Assert.Equal("opus", codec);
        Assert.All(payloads, payload => Assert.Contains(payload, voice.Said));
        Assert.Equal(payloads.Count, payloads.Distinct().Count());
    }

    [Fact]
    public async Task Red_that_is_none_is_dropped_and_the_call_goes_on()
    {
        await using var node = new TestNode();
        var voice = await Voice.PublishAsync(node);
        var takes = await node.WhepAsync(identity: "takes", description: new(node.Dtls.LocalFingerprint) { AudioRed = true });
        await voice.SpeakUntilAsync(() => takes.Audio.Count > 5);
        string[] hostile = ["", "EF", "EF0F0003", "EF0F03FF6F0102", "EF0F00026E0102A1", "FF0F00026F0102A1", "EF"];
        foreach (var payload in hostile)
        {
            voice.Send(Convert.FromHexString(payload));
        }

        var before = takes.Audio.Count;
        await voice.SpeakUntilAsync(() => takes.Audio.Count > before + 50);
        Assert.DoesNotContain(takes.Audio, payload => hostile.Contains(payload));
        Assert.Equal(0, (await node.Server.MeasureAsync()).Faults);
    }

    [Fact]
    public async Task What_was_said_while_a_moderator_had_muted_is_not_repeated_afterwards()
    {
        await using var node = new TestNode();
        var voice = await Voice.PublishAsync(node);
        var host = await node.JoinAsync(identity: "host", publish: false, moderates: true);
        var takes = await node.WhepAsync(identity: "takes", description: new(node.Dtls.LocalFingerprint) { AudioRed = true });
        await voice.SpeakUntilAsync(() => takes.Audio.Count > 5);
        var track = (await host.Participant.SnapshotAsync()).Value!.Participants.SelectMany(p => p.Tracks).Single(t => t.Kind == TrackKind.Audio).TrackId;

        Assert.True((await host.Participant.ModerateAsync(new RoomRequest.MuteTrack(track, true))).IsOk);
        var from = voice.Said.Count;
        await voice.SpeakUntilAsync(() => voice.Said.Count > from + 20);
        var until = voice.Said.Count;
        long Arrived() => node.Server.StatsAsync("room", 1).Result!.Publishers.SelectMany(p => p.Tracks).Sum(t => t.Encodings.Sum(e => e.Packets));
        await Wait.UntilAsync(() => Arrived() == until, "the node has heard it all");
        Assert.True((await host.Participant.ModerateAsync(new RoomRequest.MuteTrack(track, false))).IsOk);
        var before = takes.Audio.Count;
        await voice.SpeakUntilAsync(() => takes.Audio.Count > before + 20);

        var muted = voice.Said.Skip(from).Take(until - from).ToList();
        Assert.DoesNotContain(takes.Audio.Skip(before), payload => muted.Exists(payload.Contains));
    }

    /// <summary>A microphone whose payloads are told apart, and which packs them as it likes.</summary>
    private sealed class Voice(ClientEndpoint endpoint, ClientSendTrack track)
    {
        private readonly RedEncoder _encoder = new(Opus);
        private uint _timestamp;

        /// <summary>What was encoded, in order.</summary>
        public List<string> Said { get; } = [];

        /// <summary>As it was sent, with redundancy.</summary>
        public HashSet<string> Sent { get; } = [];

        public static async Task<Voice> PublishAsync(TestNode node)
        {
            var description = new ClientDescription(node.Dtls.LocalFingerprint) { AudioRed = true };
            var result = await node.Server.WhipAsync(TestNode.Rights(identity: "voice"), description.WriteOffer(new ClientMediaPlan { SendAudio = 1 }));
            Assert.True(result.IsOk, result.Error?.ToString());
            Assert.True(description.TryReadAnswer(result.Value.Answer.Sdp, out var session, out var error), error);
            var media = Assert.Single(session.Media);
            Assert.Equal((MediaKind.Audio, Opus, Red), (media.Kind, media.PayloadType, media.RedPayloadType));
            var raw = session with { Media = [media with { PayloadType = Red, RedPayloadType = 0 }] };
            var endpoint = await node.StartAsync(raw);
            return new Voice(endpoint, endpoint.Senders.Single());
        }

        public void Send(ReadOnlySpan<byte> payload) => Assert.True(endpoint.SendMedia(track, payload, new RtpTimestamp(_timestamp), false));

        public async Task SpeakUntilAsync(Func<bool> condition)
        {
            await Wait.UntilAsync(
                () =>
                {
                    Speak();
                    return condition();
                },
                "what the voice is for");
        }

        private void Speak()
        {
            Span<byte> opus = stackalloc byte[24];
            Random.Shared.NextBytes(opus);
            opus[0] = 0x78;
            Span<byte> red = stackalloc byte[opus.Length + RedEncoder.MaxGrowth];
            var length = _encoder.Write(opus, new RtpTimestamp(_timestamp), red);
            Said.Add(Convert.ToHexString(opus));
            Sent.Add(Convert.ToHexString(red[..length]));
            Send(red[..length]);
            _timestamp += 960;
        }
    }
}
