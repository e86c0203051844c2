using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Recording;
using Events.Mixer.Scenes;

namespace Events.Mixer.Compose;

/// <summary>A finished composite, still in the working directory.</summary>
public sealed record CompositeFiles(string VideoPath, string ThumbnailPath, TimeSpan Duration);

/// <summary>Makes the composite of one recording: MP4 with H264 and AAC, and a thumbnail. Pure of state: a failed attempt is simply done again.</summary>
internal sealed class CompositeRenderer(MixerOptions options, DiskReserve reserve)
{
    public const string WorkingDirectory = "composite";
    private const int ThumbnailWidth = 640;
    private const int ThumbnailHeight = 360;

    /// <summary>More than the raw picture.</summary>
    private const int MaxThumbnail = ThumbnailWidth * ThumbnailHeight * 3;

    /// <summary>Share of the whole that mixing the sound takes.</summary>
    private const double AudioShare = 0.05;

    /// <summary>Renders.</summary>
    /// <param name="timeline">With start and stop.</param>
    /// <param name="directory">The recording's.</param>
    /// <param name="tolerant">Files that cannot be decoded to their end are used as far as they go.</param>
    /// <param name="progress">0…1, called often.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FfmpegException">An FFmpeg was killed or failed: worth another attempt.</exception>
    public async Task<CompositeFiles> RenderAsync(
        Timeline timeline, string directory, bool tolerant, Action<double> progress, CancellationToken cancellation)
    {
        reserve.LeaveForComposite();
        var work = Path.Combine(directory, WorkingDirectory);
        if (Directory.Exists(work))
        {
            Directory.Delete(work, recursive: true);
        }

        Directory.CreateDirectory(work);
        var start = timeline.StartedAt ?? timeline.Created.At;
        var stop = Math.Max(timeline.StoppedAt ?? timeline.LastKnown, start);
        var scenes = ScenePlan.Build(timeline, start, stop);
        var frames = ScenePlan.FrameCount(start, stop);
        var audio = Path.Combine(work, "audio.m4a");
        await new AudioMixer(directory, options, tolerant)
            .MixAsync(timeline, start, frames * AudioMixer.SampleRate / ScenePlan.FrameRate, audio, cancellation);
        progress(AudioShare);

        var title = timeline.Created.Title ?? string.Empty;
        var masks = await TextRenderer.RenderAsync(CardPainter.TextsOf(scenes, title), work, options, cancellation);
        var video = Path.Combine(work, "composite.mp4");
        await using (var compositor = new Compositor(timeline, directory, start, scenes, new(masks), options, tolerant))
        {
            await EncodeAsync(compositor, frames, audio, video, p => progress(AudioShare + (p * (1 - AudioShare))), cancellation);
        }

        var duration = TimeSpan.FromSeconds((double)frames / ScenePlan.FrameRate);
        await VerifyAsync(video, duration, cancellation);
        var thumbnail = Path.Combine(work, "thumbnail.jpg");
        // At a frame: after the last one, of a recording of a moment, there is no picture.
        await ThumbnailAsync(video, TimeSpan.FromSeconds(frames / 3 / (double)ScenePlan.FrameRate), thumbnail, cancellation);
        return new(video, thumbnail, duration);
    }

    /// <summary>Gives back the room of an attempt that has failed; a kill leaves that to the next attempt.</summary>
    public static void Discard(string directory)
    {
        try
        {
            Directory.Delete(Path.Combine(directory, WorkingDirectory), recursive: true);
        }
        catch (IOException)
        {
            // It was not even begun; or the next attempt tries again.
        }
    }

    private async Task EncodeAsync(
        Compositor compositor, long frames, string audio, string output, Action<double> progress, CancellationToken cancellation)
    {
        var arguments = FfmpegArguments.Create()
            .Add("-colorspace", "smpte170m")
            .RawVideoFromStandardInput(SceneLayout.Width, SceneLayout.Height, ScenePlan.FrameRate)
            .InputFile(audio)
            .Add("-map", "0:v", "-map", "1:a", "-c:a", "copy")
            .Add("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-g", "60")
            .Add("-color_primaries", "smpte170m", "-color_trc", "smpte170m", "-colorspace", "smpte170m")
            .Add("-movflags", "+faststart", "-f", "mp4")
            .OutputFile(output)
            .Build();
        await using var encoder = FfmpegProcess.Start(options.FfmpegPath, arguments, FfmpegPipes.Input);
        await using var stopping = cancellation.Register(encoder.Kill);
        try
        {
            for (long frame = 0; frame < frames; frame++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (frame % ScenePlan.FrameRate == 0)
                {
                    reserve.LeaveForComposite();
                }

                var picture = await compositor.DrawAsync(frame, cancellation);
                await encoder.Input.WriteAsync(picture.Bytes, cancellation);
                progress((double)(frame + 1) / frames);
            }
        }
        catch (IOException)
        {
            // The encoder's pipe broke: its own end says why.
            cancellation.ThrowIfCancellationRequested();
        }

        await encoder.CloseInputAsync();
        var failure = await encoder.Completion;
        cancellation.ThrowIfCancellationRequested();
        if (failure is not null)
        {
            throw new FfmpegException("encoding the composite", failure);
        }
    }

    /// <summary>An encoder that ended early but well (told to stop from outside) leaves a short file: that is a failure too.</summary>
    private async Task VerifyAsync(string video, TimeSpan expected, CancellationToken cancellation)
    {
        var probe = await Probe.FileAsync(options.FfprobePath, video, cancellation);
        if (probe.Video is null || probe.Audio is null || (probe.Duration - expected).Duration() > TimeSpan.FromSeconds(0.25))
        {
            throw new InvalidDataException($"the composite has {probe.Duration} instead of {expected}");
        }
    }

    private async Task ThumbnailAsync(string video, TimeSpan at, string output, CancellationToken cancellation)
    {
        var arguments = FfmpegArguments.Create()
            .Add("-ss", at.TotalSeconds.ToString("F3", System.Globalization.CultureInfo.InvariantCulture))
            .InputFile(video)
            .Add("-frames:v", "1", "-vf", $"scale={ThumbnailWidth}:{ThumbnailHeight}:flags=area", "-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1")
            .Build();
        var picture = await FfmpegProcess.ReadAsync(options.FfmpegPath, arguments, "making the thumbnail", MaxThumbnail, cancellation: cancellation);
        if (picture.Length == 0)
        {
            throw new InvalidDataException("the composite gave no thumbnail");
        }

        await File.WriteAllBytesAsync(output, picture, cancellation);
    }
}
