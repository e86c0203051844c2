using System.Collections.Concurrent;
using System.Net;
using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>A whole SFU on loopback, and clients that speak to it over real sockets.</summary>
internal sealed class TestNode : IAsyncDisposable, IRoomObserver
{
    private readonly RtcMetrics _metrics = new();
    private readonly ConcurrentQueue<IAsyncDisposable> _owned = [];

    /// <param name="configure">What is other than usual.</param>
    /// <param name="spread">Viewers are spread over both workers from the first one on, which comes to the other worker than its publisher.</param>
    /// <param name="rules">Keeps the rules of rooms.</param>
    public TestNode(Func<RtcOptions, RtcOptions>? configure = null, bool spread = false, IRoomRules? rules = null)
    {
        var options = new RtcOptions { Port = 0, Workers = 2, AcceptsNodeKey = key => key == "test-node-key" };
        options = spread ? options with { SpreadFromParticipants = 0 } : options;
        Server = new RtcServer(configure?.Invoke(options) ?? options, this, _metrics, NullLogger<RtcLog>.Instance, rules);
    }

    public RtcServer Server { get; }

    public OpenSslDtlsEngineFactory Dtls { get; } = new();

    /// <summary>Another certificate.</summary>
    public OpenSslDtlsEngineFactory OtherDtls { get; } = new();

    public ConcurrentQueue<string> Events { get; } = new();

    public static RoomRights Rights(string room = "room", string identity = "someone", bool publish = true, bool subscribe = true) =>
        new(room, identity, identity, "attendee", publish, subscribe, false);

    /// <summary>Completes when what was recorded is safe.</summary>
    public Task Recorded { get; set; } = Task.CompletedTask;

    /// <summary>Thrown when something is to be recorded: a bug of ours.</summary>
    public Exception? Bug { get; set; }

    public void Record(string type, object data) => Events.Enqueue(Bug is null ? type : throw Bug);

    public Task FlushAsync() => Recorded;

    public async Task<TestPublisher> WhipAsync(string room = "room", string identity = "publisher", ClientMediaPlan? plan = null, bool audioRed = false)
    {
        var description = new ClientDescription(Dtls.LocalFingerprint) { AudioRed = audioRed };
        var result = await Server.WhipAsync(Rights(room, identity), description.WriteOffer(plan ?? ClientMediaPlan.Publish));
        Assert.True(result.IsOk, result.Error?.ToString());
        return new TestPublisher(await ConnectAsync(description, result.Value.Answer.Sdp), result.Value.Participant);
    }

    public async Task<TestViewer> WhepAsync(string room = "room", string identity = "viewer", ClientMediaPlan? plan = null, ClientPeerOptions? options = null, ClientDescription? description = null)
    {
        description ??= new ClientDescription(Dtls.LocalFingerprint);
        var result = await Server.WhepAsync(Rights(room, identity), description.WriteOffer(plan ?? ClientMediaPlan.View));
        Assert.True(result.IsOk, result.Error?.ToString());
        var viewer = new TestViewer(result.Value.Participant);
        viewer.Watch(await ConnectAsync(description, result.Value.Answer.Sdp, viewer.Received, options));
        return viewer;
    }

    public async Task<TestClient> JoinAsync(string room = "room", string identity = "client", bool publish = true, bool moderates = false, bool subscribe = true)
    {
        var client = new TestClient(this);
        var result = await Server.JoinAsync(Rights(room, identity, publish, subscribe) with { Moderates = moderates }, client);
        Assert.True(result.IsOk, result.Error?.ToString());
        client.Participant = result.Value;
        _owned.Enqueue(client);
        return client;
    }

    public async Task<ClientEndpoint> ConnectAsync(ClientDescription description, string answer, ClientEndpoint.MediaHandler? onMedia = null, ClientPeerOptions? options = null)
    {
        Assert.True(description.TryReadAnswer(answer, out var session, out var error), error);
        return await StartAsync(session, onMedia, options);
    }

    public async Task<ClientEndpoint> StartAsync(
        ClientSession session, ClientEndpoint.MediaHandler? onMedia = null, ClientPeerOptions? options = null, OpenSslDtlsEngineFactory? dtls = null)
    {
        var endpoint = new ClientEndpoint(session, options ?? new ClientPeerOptions(), dtls ?? Dtls, SrtpCiphers.Default, IPAddress.Loopback) { OnMedia = onMedia };
        _owned.Enqueue(endpoint);
        endpoint.Start();
        await endpoint.Connected.WaitAsync(TimeSpan.FromSeconds(10));
        return endpoint;
    }

    /// <summary>Disposed with the node.</summary>
    public void Owns(IAsyncDisposable owned) => _owned.Enqueue(owned);

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned)
        {
            await owned.DisposeAsync();
        }

        Server.Dispose();
        _metrics.Dispose();
        Dtls.Dispose();
        OtherDtls.Dispose();
    }
}

/// <summary>Sends numbered payloads that look like VP8 and Opus.</summary>
internal sealed class TestPublisher
{
    private uint _videoTimestamp = 90_000;
    private uint _audioTimestamp = 48_000;

    public TestPublisher(ClientEndpoint endpoint, IParticipant participant)
    {
        Endpoint = endpoint;
        Participant = participant;
        Layers = [.. endpoint.Senders.Where(s => s.Media.Kind == global::Events.Rtc.Protocol.Sdp.MediaKind.Video)];
        Video = Layers[0];
        Audio = endpoint.Senders.Single(s => s.Media.Kind == global::Events.Rtc.Protocol.Sdp.MediaKind.Audio);
        endpoint.OnKeyframeRequested = _ => Interlocked.Increment(ref _keyframeRequests);
    }

    private int _keyframeRequests;

    public ClientEndpoint Endpoint { get; }

    public IParticipant Participant { get; }

    public ClientSendTrack Video { get; }

    /// <summary>Simulcast encodings, low to high; one without.</summary>
    public IReadOnlyList<ClientSendTrack> Layers { get; }

    public ClientSendTrack Audio { get; }

    public int KeyframeRequests => Volatile.Read(ref _keyframeRequests);

    /// <summary>One frame in packets of this many bytes; returns their payloads as text.</summary>
    public List<string> SendFrame(bool keyframe, int packets = 3, int size = 900)
    {
        var sent = new List<string>();
        for (var i = 0; i < packets; i++)
        {
            var payload = new byte[size];
            Random.Shared.NextBytes(payload);
            // RFC 7741 §4.2: no extensions, S on the first packet; §4.3: P = 0 on a keyframe, then start code and size.
            payload[0] = i == 0 ? (byte)0x10 : (byte)0;
            if (i == 0)
            {
                byte[] header = [(byte)(keyframe ? 0x10 : 0x11), 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01];
                header.CopyTo(payload, 1);
            }

            Assert.True(Endpoint.SendMedia(Video, payload, new RtpTimestamp(_videoTimestamp), i == packets - 1));
            sent.Add(Convert.ToHexString(payload));
        }

        _videoTimestamp += 3_000;
        return sent;
    }

    public void SendAudio(byte minusDecibels = 20)
    {
        Assert.True(Endpoint.SendMedia(Audio, [0x78, 1, 2, 3], new RtpTimestamp(_audioTimestamp), false, new AudioLevel(true, minusDecibels)));
        _audioTimestamp += 960;
    }

    /// <summary>Sends until the condition holds.</summary>
    public async Task SendUntilAsync(Func<bool> condition, int seconds = 30, int packets = 3)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        var asked = KeyframeRequests;
        for (var frame = 0; !condition(); frame++)
        {
            Assert.True(DateTime.UtcNow < deadline, "the condition did not come true in time");
            SendFrame(keyframe: frame == 0 || asked != KeyframeRequests, packets);
            asked = KeyframeRequests;
            SendAudio();
            await Task.Delay(10);
        }
    }
}

internal sealed record ReceivedPacket(string Payload, ushort Sequence, uint Timestamp, uint Ssrc);

/// <summary>Keeps what it receives.</summary>
internal sealed class TestViewer(IParticipant participant)
{
    public IParticipant Participant { get; } = participant;

    public ClientEndpoint? Endpoint { get; private set; }

    public ConcurrentQueue<ReceivedPacket> Video { get; } = new();

    public ConcurrentQueue<string> Audio { get; } = new();

    /// <summary>Payload types of <see cref="Audio"/>.</summary>
    public ConcurrentQueue<byte> AudioTypes { get; } = new();

    public void Watch(ClientEndpoint endpoint) => Endpoint = endpoint;

    public void Received(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
    {
        if (track.Media.Kind == global::Events.Rtc.Protocol.Sdp.MediaKind.Video)
        {
            Video.Enqueue(new(Convert.ToHexString(packet.Payload), packet.SequenceNumber.Value, packet.Timestamp.Value, packet.Ssrc));
        }
        else
        {
            AudioTypes.Enqueue(packet.PayloadType);
            Audio.Enqueue(Convert.ToHexString(packet.Payload));
        }
    }
}

/// <summary>A hub client without the hub: answers the server's offers at once.</summary>
internal sealed class TestClient(TestNode node) : IParticipantEvents, IAsyncDisposable
{
    private readonly System.Threading.Channels.Channel<SubscribeOffer> _offers = System.Threading.Channels.Channel.CreateUnbounded<SubscribeOffer>();

    public IParticipant Participant { get; set; } = null!;

    public ConcurrentQueue<string> Log { get; } = new();

    public ConcurrentQueue<IReadOnlyList<SpeakerLevel>> Speakers { get; } = new();

    public TestViewer? Viewer { get; private set; }

    public RtcError? ClosedWith { get; private set; }

    public async Task<SubscribeOffer> NextOfferAsync() =>
        await _offers.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    /// <summary>Answers one offer with a new endpoint.</summary>
    public async Task<SubscribeOffer> SubscribeAsync()
    {
        var offer = await NextOfferAsync();
        await AnswerAsync(offer, node.Dtls);
        return offer;
    }

    /// <summary>As a browser that makes a new connection, with a new certificate.</summary>
    public async Task<SubscribeOffer> RestartSubscriberAsync()
    {
        var offer = await Participant.RestartSubscriberAsync();
        Assert.True(offer.IsOk, offer.Error?.ToString());
        await AnswerAsync(offer.Value, node.OtherDtls);
        return offer.Value;
    }

    private async Task AnswerAsync(SubscribeOffer offer, OpenSslDtlsEngineFactory dtls)
    {
        var description = new ClientDescription(dtls.LocalFingerprint);
        Assert.True(description.TryAnswer(offer.Sdp, out var answer, out var session, out var error), error);
        Viewer = new TestViewer(Participant);
        var accepted = await Participant.AnswerSubscriptionAsync(offer.Revision, answer);
        Assert.True(accepted.IsOk, accepted.Error?.ToString());
        Viewer.Watch(await node.StartAsync(session, Viewer.Received, dtls: dtls));
    }

    public async Task<TestPublisher> PublishAsync(ClientMediaPlan? plan = null)
    {
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var answer = await Participant.PublishAsync(
            description.WriteOffer(plan ?? ClientMediaPlan.Publish), [new("0", TrackSource.Microphone), new("1", TrackSource.Camera, Dynacast: true)]);
        Assert.True(answer.IsOk, answer.Error?.ToString());
        return new TestPublisher(await node.ConnectAsync(description, answer.Value), Participant);
    }

    public void ParticipantJoined(ParticipantInfo participant) => Log.Enqueue($"joined {participant.Name}");

    public void ParticipantLeft(string participantId) => Log.Enqueue("left");

    public void ParticipantReconnecting(string participantId, bool reconnecting) => Log.Enqueue($"reconnecting {participantId} {reconnecting}");

    public void TrackPublished(string participantId, TrackInfo track) => Log.Enqueue($"published {track.Kind}");

    public void TrackUnpublished(string participantId, string trackId) => Log.Enqueue("unpublished");

    public void TrackMuted(string participantId, string trackId, bool muted, bool silenced) => Log.Enqueue($"muted {muted}");

    public void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers) => Speakers.Enqueue(speakers);

    public ConcurrentQueue<(string TrackId, IReadOnlyList<EncodingDemand> Encodings)> Demands { get; } = new();

    public IReadOnlyList<string> Held { get; private set; } = [];

    public void PublishLayers(string trackId, string mid, IReadOnlyList<EncodingDemand> encodings) => Demands.Enqueue((trackId, encodings));

    public void VideoHeld(IReadOnlyList<string> trackIds) => Held = trackIds;

    public void RightsChanged(string participantId, RightsInfo rights) => Log.Enqueue($"rights {participantId} {rights.CanPublish}");

    public void HandRaised(string participantId, long? hand) => Log.Enqueue($"hand {participantId} {hand}");

    public void StageInvited(string? participantId) => Log.Enqueue("invited");

    public void InvitationAnswered(string participantId, bool accepted) => Log.Enqueue($"answered {participantId} {accepted}");

    public void UnmuteAsked(string trackId) => Log.Enqueue($"unmute {trackId}");

    public void RoomLocked(bool locked) => Log.Enqueue($"locked {locked}");

    public void SubscribeOffer(SubscribeOffer offer) => _offers.Writer.TryWrite(offer);

    public void Closed(RtcError reason) => ClosedWith = reason;

    public async ValueTask DisposeAsync() => await Participant.LeaveAsync("test_over");
}

internal static class Wait
{
    /// <summary>Waits on a condition with a deadline.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what, int seconds = 30)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"{what}: not within {seconds} s");
            await Task.Delay(5);
        }
    }
}
