using System.Net;
using System.Net.Http.Headers;
using Events.Platform.Composition;
using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Platform.Roles;

/// <summary>
/// A call of less than a second that the media role has with itself before it says that it is ready: a publisher and sixteen viewers on workers of
/// their own, on loopback, which nobody is told of. After it the code of a call is compiled and the collector's heap and thread are there, so
/// that the first guests do not wait for either (docs/performance.md). Calls that come meanwhile are served.
/// </summary>
internal sealed class MediaRehearsal(NodeOptions options, IHostApplicationLifetime lifetime, ILogger<MediaRehearsal> log) : BackgroundService, IReadinessCheck
{
    private const string Room = "rehearsal";

    /// <summary>More than are forwarded to at once, and more than one worker takes.</summary>
    private const int Viewers = 16;

    private const int SpreadFrom = 12;
    private const int Frames = 20;
    private const int KeyframeEvery = 8;
    private const int FrameBytes = 4_000;
    private const int AudioBytes = 80;

    /// <summary>Of one frame, or one packet of sound: 20 ms at 90 and 48 kHz.</summary>
    private const uint VideoClock = 1_800, AudioClock = 960;

    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(20);

    /// <summary>On a machine this busy the first guests wait anyway.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private volatile bool _isOver;

    public string Name => "rehearsal";

    public Task<string?> ProblemAsync(CancellationToken cancel) => Task.FromResult(_isOver ? null : "under way");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(Patience);
        try
        {
            await Task.Run(() => PlayAsync(limit.Token), limit.Token);
            await KnockAsync(limit.Token);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            RolesLog.RehearsalFailed(log, e); // Nothing depends on it but the time of the first calls.
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false); // The first one makes the collector's thread.
        _isOver = true;
    }

    private static async Task PlayAsync(CancellationToken cancel)
    {
        using var metrics = new RtcMetrics("Rehearsal");
        using var dtls = new OpenSslDtlsEngineFactory();
        using var server = new RtcServer(
            new RtcOptions { BindAddress = IPAddress.Loopback, Port = 0, Workers = 2, SpreadFromParticipants = SpreadFrom },
            new Unobserved(), metrics, NullLogger<RtcLog>.Instance);
        await using var publisher = await ConnectAsync(
            dtls, ClientMediaPlan.Publish, offer => server.WhipAsync(Rights("publisher", publishes: true), offer), cancel);
        var joins = Enumerable.Range(0, Viewers)
            .Select(i => ConnectAsync(dtls, ClientMediaPlan.View, offer => server.WhepAsync(Rights($"viewer-{i}", publishes: false), offer), cancel))
            .ToList();
        try
        {
            await SpeakAsync(publisher, 0, cancel);
            await Task.WhenAll(joins);
            await SpeakAsync(publisher, Frames, cancel);
        }
        finally
        {
            await ((Task)Task.WhenAll(joins)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // What failed is thrown above.
            await Task.WhenAll(joins.Where(j => j.IsCompletedSuccessfully).Select(j => j.Result.DisposeAsync().AsTask()));
        }
    }

    /// <summary>At the doors, which refuse: a publisher whose offer is none, and a viewer of a room that is not there.</summary>
    private async Task KnockAsync(CancellationToken cancel)
    {
        var opened = new TaskCompletionSource();
        await using (lifetime.ApplicationStarted.Register(() => opened.TrySetResult()))
        {
            await opened.Task.WaitAsync(cancel);
        }

        using var http = LocalCertificate.CreateClient(options);
        using var dtls = new OpenSslDtlsEngineFactory();
        await PostAsync("whip", "v=0\r\n");
        await PostAsync("whep", new ClientDescription(dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.View));

        async Task PostAsync(string door, string offer)
        {
            using var body = new StringContent(offer, new MediaTypeHeaderValue("application/sdp"));
            using var refusal = await http.PostAsync(new Uri(options.MediaUrl, $"/{door}/{Room}"), body, cancel);
        }
    }

    private static RoomRights Rights(string identity, bool publishes) => new(Room, identity, identity, Room, publishes, !publishes, Hidden: false);

    private static async Task<ClientEndpoint> ConnectAsync(
        OpenSslDtlsEngineFactory dtls, ClientMediaPlan plan, Func<string, Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>>> exchange, CancellationToken cancel)
    {
        var description = new ClientDescription(dtls.LocalFingerprint);
        var entered = await exchange(description.WriteOffer(plan));
        if (!entered.IsOk)
        {
            throw new InvalidOperationException(entered.Error.Message);
        }

        if (!description.TryReadAnswer(entered.Value.Answer.Sdp, out var session, out var error))
        {
            throw new InvalidOperationException(error);
        }

        var endpoint = new ClientEndpoint(session, new ClientPeerOptions(), dtls, SrtpCiphers.Default);
        try
        {
            endpoint.Start();
            await endpoint.Connected.WaitAsync(cancel);
            return endpoint;
        }
        catch
        {
            await endpoint.DisposeAsync();
            throw;
        }
    }

    private static async Task SpeakAsync(ClientEndpoint publisher, int from, CancellationToken cancel)
    {
        var video = publisher.Senders.Single(s => s.Media.Kind == MediaKind.Video);
        var audio = publisher.Senders.Single(s => s.Media.Kind == MediaKind.Audio);
        var packetizer = new Vp8Packetizer();
        var picture = new byte[FrameBytes];
        var payload = new byte[Vp8Packetizer.DefaultMaxPayload];
        using var timer = new PeriodicTimer(FrameTime);
        for (var frame = 0; frame < Frames; frame++)
        {
            // RFC 6386 §9.1: the lowest bit of a frame's first byte is 0 in a keyframe. Nobody decodes the rest.
            picture[0] = (byte)(frame % KeyframeEvery == 0 ? 0 : 1);
            var fragments = packetizer.Split(picture);
            while (fragments.TryNext(payload, out var length, out var last))
            {
                publisher.SendMedia(video, payload.AsSpan(0, length), new((uint)(from + frame) * VideoClock), last);
            }

            publisher.SendMedia(audio, payload.AsSpan(0, AudioBytes), new((uint)(from + frame) * AudioClock), marker: false, new AudioLevel(true, 30));
            await timer.WaitForNextTickAsync(cancel);
        }
    }

    private sealed class Unobserved : IRoomObserver
    {
        public void Record(string type, object data)
        {
        }
    }
}
