using System.Diagnostics;
using Events.Rtc.Client;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.EndToEnd.Media;

/// <summary>
/// Publishes the marked footage by WHIP from one clock: frame n leaves at n/30 s, and picture and sound of one instant bear RTP times of one
/// instant. When the connection ends it connects again and goes on where the clock is.
/// </summary>
public sealed class Speaker : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    /// <summary>Enough for a media role that is started again.</summary>
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(20);

    private readonly ClientStack _stack;
    private readonly Uri _url;
    private readonly string _bearer;
    private readonly Footage _footage;
    private readonly CancellationTokenSource _stop = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private Task _work = Task.CompletedTask;

    private Speaker(ClientStack stack, Uri url, string bearer, Footage footage)
    {
        _stack = stack;
        _url = url;
        _bearer = bearer;
        _footage = footage;
    }

    /// <summary>Seconds since the footage's beginning: what it shows right now.</summary>
    public double Position => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>How often it has connected.</summary>
    public int Connections { get; private set; }

    /// <summary>Position at which media flowed for the first time.</summary>
    public double Began { get; private set; }

    public static async Task<Speaker> StartAsync(ClientStack stack, Uri media, string room, string grant)
    {
        var speaker = new Speaker(stack, new Uri(media, $"/whip/{room}"), grant, await Footage.MarkedAsync());
        var connection = await speaker.ConnectAsync();
        speaker.Began = speaker.Position;
        speaker._work = Task.Run(() => speaker.RunAsync(connection));
        return speaker;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task<ClientConnection> ConnectAsync()
    {
        var connection = await WhipClient.PublishAsync(_stack, _url, _bearer, cancellation: _stop.Token);
        Connections++;
        return connection;
    }

    private async Task RunAsync(ClientConnection first)
    {
        var connection = first;
        try
        {
            while (true)
            {
                await using (connection)
                {
                    await SpeakAsync(connection.Endpoint);
                }

                connection = await ConnectAgainAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private async Task<ClientConnection> ConnectAgainAsync()
    {
        var lost = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await ConnectAsync();
            }
            catch (SignallingException) when (Stopwatch.GetElapsedTime(lost) < RetryFor)
            {
                await Task.Delay(RetryAfter, _stop.Token);
            }
        }
    }

    private async Task SpeakAsync(ClientEndpoint endpoint)
    {
        var video = endpoint.Senders.Single(t => t.Media.Kind == MediaKind.Video);
        var audio = endpoint.Senders.Single(t => t.Media.Kind == MediaKind.Audio);
        var packetizer = new Vp8Packetizer();
        // Each connection is a new stream, so it begins with a keyframe: the one of the next full second.
        var frame = (long)Math.Ceiling(Position) * Footage.FrameRate;
        var packet = PacketAt(Position) + 1;
        using var timer = new PeriodicTimer(Tick);
        while (!endpoint.Ended.IsCompleted)
        {
            var now = Position;
            for (; packet <= PacketAt(now); packet++)
            {
                var time = new RtpTimestamp((uint)((packet * Footage.SamplesPerPacket) - Footage.LookAhead));
                endpoint.SendMedia(audio, _footage.Packets[(int)(packet % (Footage.Seconds * 50))], time, marker: false, new AudioLevel(true, 20));
            }

            for (; frame <= now * Footage.FrameRate; frame++)
            {
                SendFrame(endpoint, video, packetizer, frame);
            }

            await timer.WaitForNextTickAsync(_stop.Token);
        }
    }

    /// <summary>The packet that is due: each leaves at the instant of its first sample, so that sender reports tell the truth.</summary>
    private static long PacketAt(double position) => (long)(((position * 48_000) + Footage.LookAhead) / Footage.SamplesPerPacket);

    private void SendFrame(ClientEndpoint endpoint, ClientSendTrack track, Vp8Packetizer packetizer, long number)
    {
        const int clockPerFrame = 90_000 / Footage.FrameRate;
        Span<byte> payload = stackalloc byte[Vp8Packetizer.DefaultMaxPayload];
        var fragments = packetizer.Split(_footage.Frames[(int)(number % _footage.Frames.Count)]);
        while (fragments.TryNext(payload, out var length, out var last))
        {
            endpoint.SendMedia(track, payload[..length], new RtpTimestamp((uint)(number * clockPerFrame)), last);
        }
    }
}
