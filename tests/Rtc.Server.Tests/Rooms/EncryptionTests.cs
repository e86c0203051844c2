using System.Security.Cryptography;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>Frames that a client encrypts: what the room says of them, and that they pass as they are.</summary>
public class EncryptionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Encrypted_frames_pass_untouched_without_redundancy_and_the_roster_says_what_they_are(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        var (publisher, session) = await PublishAsync(node, TrackEncryption.Gcm);
        Assert.All(session.Media, m => Assert.Equal(0, m.RedPayloadType));
        var viewer = await node.WhepAsync(description: new(node.Dtls.LocalFingerprint) { AudioRed = true });
        await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty && !viewer.Audio.IsEmpty);

        // Behind what SendFrame leaves clear (a keyframe's header) all bytes are random.
        var (sent, said) = (publisher.SendFrame(keyframe: true, packets: 20), new List<string>());
        for (var i = 0; i < 20; i++)
        {
            var ciphertext = RandomNumberGenerator.GetBytes(90);
            Assert.True(publisher.Endpoint.SendMedia(publisher.Audio, ciphertext, new RtpTimestamp(9_000_000u + (uint)(i * 960)), false));
            said.Add(Convert.ToHexString(ciphertext));
        }

        await Wait.UntilAsync(() => sent.All(s => viewer.Video.Any(v => v.Payload == s)) && said.All(viewer.Audio.Contains), "all of it, byte for byte");
        var tracks = (await node.Server.RoomAsync("room"))!.Participants.SelectMany(p => p.Tracks).ToList();
        Assert.Equal(2, tracks.Count);
        Assert.All(tracks, t => Assert.Equal(TrackEncryption.Gcm, t.Encryption));
    }

    [Fact]
    public async Task A_relay_is_told_of_an_encrypted_track_and_is_sent_none_of_it()
    {
        var path = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        await using var node = new TestNode(o => o with { RelaySocketPath = path });
        var (encrypted, _) = await PublishAsync(node, TrackEncryption.Custom);
        var plain = await node.WhipAsync(identity: "plain");
        using var relay = RelayReceiver.Connect(path, "room", "test-node-key");
        var tracks = new Dictionary<uint, TrackEncryption>();
        var packets = new List<uint>();
        await Wait.UntilAsync(
            () =>
            {
                encrypted.SendFrame(keyframe: true);
                plain.SendFrame(keyframe: true);
                encrypted.SendAudio();
                plain.SendAudio();
                while (relay.Receive(TimeSpan.Zero, out var message) == RelayReceiveStatus.Message)
                {
                    if (message[0] == (byte)RelayMessageType.TrackPublished)
                    {
                        var track = RelayCodec.Decode<RelayTrack>(message)!;
                        tracks[track.Handle] = track.Encryption;
                    }
                    else if (message[0] == (byte)RelayMessageType.Rtp && RelayReceiver.TryReadRtp(message, out var handle, out _, out _))
                    {
                        packets.Add(handle);
                    }
                }

                return tracks.Count == 4 && packets.Count > 200;
            },
            "four tracks and packets");
        Assert.Equal([TrackEncryption.None, TrackEncryption.None, TrackEncryption.Custom, TrackEncryption.Custom], tracks.Values.Order());
        Assert.All(packets, handle => Assert.Equal(TrackEncryption.None, tracks[handle]));
    }

    private static async Task<(TestPublisher Publisher, ClientSession Session)> PublishAsync(TestNode node, TrackEncryption encryption)
    {
        var client = await node.JoinAsync(identity: "encrypts");
        var description = new ClientDescription(node.Dtls.LocalFingerprint) { AudioRed = true };
        var answer = await client.Participant.PublishAsync(
            description.WriteOffer(ClientMediaPlan.Publish),
            [new("0", TrackSource.Microphone) { Encryption = encryption }, new("1", TrackSource.Camera) { Encryption = encryption }]);
        Assert.True(answer.IsOk, answer.Error?.ToString());
        Assert.DoesNotContain("red/48000", answer.Value, StringComparison.Ordinal);
        Assert.True(description.TryReadAnswer(answer.Value, out var session, out var error), error);
        Assert.Contains(session.Media, m => m.Kind == MediaKind.Audio);
        return (new TestPublisher(await node.StartAsync(session), client.Participant), session);
    }
}
