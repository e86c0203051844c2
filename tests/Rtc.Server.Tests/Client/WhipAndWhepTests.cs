using System.Collections.Concurrent;
using Events.Rtc.Client;
using Events.Rtc.Client.Demo;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Client;

public sealed class WhipAndWhepTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly OpenSslDtlsEngineFactory Dtls = new();

    private readonly InProcessDoor _door = new();
    private readonly HttpClient _http;
    private readonly ClientStack _stack;

    public WhipAndWhepTests()
    {
        _http = new(_door, disposeHandler: true);
        _stack = new(_http, Dtls, SrtpCiphers.Default);
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task What_is_published_by_whip_is_received_by_whep()
    {
        await using var publisher = await WhipClient.PublishAsync(_stack, new("http://127.0.0.1/whip/room"), null);
        var received = new ConcurrentDictionary<string, bool>();
        await using var viewer = await WhepClient.ViewAsync(
            _stack, new("http://127.0.0.1/whep/room"), null,
            prepare: e => e.OnMedia = (_, in packet, _) => received[Convert.ToHexString(packet.Payload[^8..])] = true);
        var video = publisher.Endpoint.Senders.Single(s => s.Media.Kind == MediaKind.Video);
        var sent = new HashSet<string>();
        var packetizer = new Vp8Packetizer();
        await Until(() =>
        {
            sent.UnionWith(SendFrame(publisher.Endpoint, video, packetizer, sent.Count));
            return received.Count >= 100;
        });

        Assert.Subset(sent, received.Keys.ToHashSet());
        Assert.Equal(0, viewer.Endpoint.Receivers.Sum(r => r.PacketsLost));
    }

    [Fact]
    public async Task A_redirect_is_followed_with_the_offer()
    {
        await using var publisher = await WhipClient.PublishAsync(_stack, new("http://127.0.0.1/moved/whip/room"), "token");

        Assert.True(publisher.Endpoint.Connected.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task An_unknown_room_is_refused_with_the_servers_code()
    {
        var refusal = await Assert.ThrowsAsync<SignallingException>(() => WhepClient.ViewAsync(_stack, new("http://127.0.0.1/whep/nobody"), null));

        Assert.Equal("room_not_found", refusal.Code);
    }

    [Fact]
    public async Task The_demo_speaker_is_seen_and_heard_and_comes_back_after_a_removal()
    {
        var cache = Directory.CreateTempSubdirectory("events-demo");
        using var stop = new CancellationTokenSource();
        var options = new DemoSpeakerOptions
        {
            WhipUrl = new("http://127.0.0.1/whip/demo"),
            Name = "Ada: 100% \\ 'quoted'",
            CacheDirectory = cache.FullName,
            Text = "Hello there.",
            Width = 320,
            Height = 180,
        };
        var speaking = DemoSpeaker.RunAsync(options, _stack, stop.Token);
        try
        {
            await Until(() => Task.FromResult(_door.Created == 1 || speaking.IsCompleted));
            await AssertSeenAndHeard();
            var room = await _door.Server.RoomAsync("demo");
            await _door.Server.ModerateAsync("demo", new RoomRequest.Remove(room!.Participants.Single().ParticipantId));
            await Until(() => Task.FromResult(_door.Created >= 3));
            await AssertSeenAndHeard();
        }
        finally
        {
            await stop.CancelAsync();
            await speaking.WaitAsync(Deadline);
            cache.Delete(recursive: true);
        }
    }

    private static IEnumerable<string> SendFrame(ClientEndpoint endpoint, ClientSendTrack track, Vp8Packetizer packetizer, int seed)
    {
        var frame = new byte[2_500];
        new Random(seed).NextBytes(frame);
        // RFC 6386 §9.1: every frame a keyframe of 640x360.
        ((byte[])[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01]).CopyTo(frame, 0);
        var payload = new byte[Vp8Packetizer.DefaultMaxPayload];
        var tails = new List<string>();
        var fragments = packetizer.Split(frame);
        while (fragments.TryNext(payload, out var length, out var last))
        {
            endpoint.SendMedia(track, payload.AsSpan(0, length), new((uint)(seed * 1_000)), last);
            tails.Add(Convert.ToHexString(payload.AsSpan(length - 8, 8)));
        }

        return tails;
    }

    private static Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(timeout.Token);
        }
    }

    private async Task AssertSeenAndHeard()
    {
        ClientConnection? viewer = null;
        await Until(async () =>
        {
            try
            {
                viewer = await WhepClient.ViewAsync(_stack, new("http://127.0.0.1/whep/demo"), null);
                return true;
            }
            catch (SignallingException error) when (error.Code is "room_not_found")
            {
                // The speaker is on its way back.
                return false;
            }
        });
        await using (viewer)
        {
            await Until(() => viewer!.Endpoint.Receivers is { Count: 2 } tracks
                && tracks.All(t => t.PacketsReceived >= 25) && tracks.Single(t => t.Media.Kind == MediaKind.Video).HasKeyframe);
        }
    }
}
