using System.Security.Cryptography;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;

namespace Events.Rtc.Client.Demo;

/// <summary>Who speaks in a demo, and where to.</summary>
public sealed record DemoSpeakerOptions
{
    /// <summary>The room's WHIP endpoint.</summary>
    public required Uri WhipUrl { get; init; }

    /// <summary>Asked before each connection, so that an expired token is replaced; null sends none.</summary>
    public Func<CancellationToken, ValueTask<string?>> BearerToken { get; init; } = static _ => ValueTask.FromResult<string?>(null);

    /// <summary>Shown in the picture.</summary>
    public required string Name { get; init; }

    /// <summary>An flite voice: slt, awb, rms, kal.</summary>
    public string Voice { get; init; } = "slt";

    /// <summary>What is said, over and over.</summary>
    public string Text { get; init; } =
        "Welcome to this event. This picture and this voice are made on the server and travel like those of any other speaker. "
        + "Open a second window to see yourself beside me. The clock in the picture shows how little time the way takes.";

    /// <summary>Holds the speech once it has been made.</summary>
    public required string CacheDirectory { get; init; }

    public string FfmpegPath { get; init; } = "ffmpeg";

    /// <summary>Pixels.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Pixels.</summary>
    public int Height { get; init; } = 360;

    /// <summary>Frames a second.</summary>
    public int FrameRate { get; init; } = 25;

    /// <summary>Upper bound of the video, kbit/s.</summary>
    public int VideoKilobits { get; init; } = 1_200;

    /// <summary>Told about each connection, its end, and each failure, for the log.</summary>
    public Action<string>? OnStatus { get; init; }
}

/// <summary>Publishes a synthetic speaker for ever: a live picture with the time of day, and looped speech. Reconnects with backoff.</summary>
public static class DemoSpeaker
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongEnoughToReset = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PacketTime = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs until cancelled; then returns normally.</summary>
    /// <exception cref="InvalidOperationException">FFmpeg cannot make the speech.</exception>
    public static async Task RunAsync(DemoSpeakerOptions options, ClientStack stack, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(stack);
        try
        {
            var speech = await SpeechLoop.LoadAsync(options.FfmpegPath, options.CacheDirectory, options.Voice, options.Text, cancellation).ConfigureAwait(false);
            var nameFile = await DemoPicture.WriteNameAsync(options.CacheDirectory, options.Name, cancellation).ConfigureAwait(false);
            var backoff = FirstBackoff;
            while (true)
            {
                var began = ClientClock.Now;
                try
                {
                    await SpeakAsync(options, stack, speech, nameFile, cancellation).ConfigureAwait(false);
                }
                catch (SignallingException error)
                {
                    options.OnStatus?.Invoke(error.Message);
                }

                backoff = ClientClock.Now - began >= LongEnoughToReset ? FirstBackoff : backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
                await Task.Delay(backoff, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            options.OnStatus?.Invoke("stopped");
        }
    }

    private static async Task SpeakAsync(DemoSpeakerOptions options, ClientStack stack, SpeechLoop speech, string nameFile, CancellationToken cancellation)
    {
        var bearer = await options.BearerToken(cancellation).ConfigureAwait(false);
        var connection = await WhipClient.PublishAsync(stack, options.WhipUrl, bearer, cancellation: cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var endpoint = connection.Endpoint;
            options.OnStatus?.Invoke("connected");
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var start = ClientClock.Now;
            Task[] work =
            [
                .. endpoint.Senders.Select(track => track.Media.Kind == MediaKind.Audio
                    ? SendSpeechAsync(endpoint, track, speech, start, stop.Token)
                    : SendPictureAsync(endpoint, track, options, nameFile, start, stop.Token)),
            ];
            await Task.WhenAny([endpoint.Ended, .. work]).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            try
            {
                await Task.WhenAll(work).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            options.OnStatus?.Invoke(endpoint.Ended.IsCompleted ? $"ended: {await endpoint.Ended.ConfigureAwait(false)}" : "ended");
        }
    }

    private static async Task SendSpeechAsync(ClientEndpoint endpoint, ClientSendTrack track, SpeechLoop speech, MonotonicTime start, CancellationToken cancellation)
    {
        var origin = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        using var timer = new PeriodicTimer(PacketTime);
        for (long sent = 0; ;)
        {
            var due = (ClientClock.Now - start) / PacketTime;
            // After a stall the timestamps go on in real time; sending the backlog would only make everyone later.
            sent = due - sent > 25 ? (long)due : sent;
            for (; sent <= due; sent++)
            {
                // Timestamps count packets and know nothing of the loop, so its seam is invisible to receivers.
                var index = (int)(sent % speech.Packets.Count);
                var timestamp = new RtpTimestamp(origin + (uint)(sent * SpeechLoop.SamplesPerPacket));
                endpoint.SendMedia(track, speech.Packets[index], timestamp, marker: sent == 0, speech.Levels[index]);
            }

            await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static async Task SendPictureAsync(
        ClientEndpoint endpoint, ClientSendTrack track, DemoSpeakerOptions options, string nameFile, MonotonicTime start, CancellationToken cancellation)
    {
        var origin = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        var packetizer = new Vp8Packetizer(firstPictureId: RandomNumberGenerator.GetInt32(0x8000));
        while (true)
        {
            // Should FFmpeg die, the next one continues on the same clock.
            var offset = (long)((ClientClock.Now - start).TotalSeconds * track.Media.ClockRate);
            var picture = FfmpegOutput.Start(options.FfmpegPath, DemoPicture.Arguments(options, nameFile), options.CacheDirectory);
            await using (picture.ConfigureAwait(false))
            {
                var reader = new IvfReader(picture.Output);
                if (await reader.ReadHeaderAsync(cancellation).ConfigureAwait(false))
                {
                    while (await reader.ReadFrameAsync(cancellation).ConfigureAwait(false) is { } frame)
                    {
                        var time = offset + (frame.Timestamp * track.Media.ClockRate * reader.TimeBase.Scale / reader.TimeBase.Rate);
                        SendFrame(endpoint, track, packetizer, frame.Data.Span, new(origin + (uint)time));
                    }
                }
            }

            options.OnStatus?.Invoke("the picture's FFmpeg ended; starting another");
            await Task.Delay(FirstBackoff, cancellation).ConfigureAwait(false);
        }
    }

    private static void SendFrame(ClientEndpoint endpoint, ClientSendTrack track, Vp8Packetizer packetizer, ReadOnlySpan<byte> frame, RtpTimestamp timestamp)
    {
        Span<byte> payload = stackalloc byte[Vp8Packetizer.DefaultMaxPayload];
        var fragments = packetizer.Split(frame);
        while (fragments.TryNext(payload, out var length, out var last))
        {
            endpoint.SendMedia(track, payload[..length], timestamp, last);
        }
    }
}
