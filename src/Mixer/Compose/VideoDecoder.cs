using System.Collections.Concurrent;
using System.Globalization;
using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Recording;
using Events.Mixer.Scenes;

namespace Events.Mixer.Compose;

/// <summary>
/// One segment's pictures at a constant rate and size, aligned to the composite's frames: decoded by FFmpeg, a few frames ahead of who
/// shows them.
/// </summary>
internal sealed class VideoDecoder : IAsyncDisposable
{
    /// <summary>16 megapixels: no camera or screen sends more, and a picture of this size takes 25 MB.</summary>
    public const int MaxPixels = 4096 * 4096;

    /// <summary>Frames decoded ahead: enough to keep both processors busy, 5 MB at most.</summary>
    private const int Ahead = 4;

    /// <summary>What is not shown of a file's beginning is decoded only if it is shorter: nothing needs to be looked for then.</summary>
    private const long WorthSkippingNs = 1_000_000_000;

    /// <summary>Half a tick of the file, lest the frame that is sought be rounded away. FFmpeg seeks by timestamp, since a file's first one is not zero but a tick.</summary>
    private const long SeekMarginNs = MatroskaWriter.TimestampScale / 2;

    private readonly TrackSegment _segment;
    private readonly FfmpegProcess _process;
    private readonly BlockingCollection<YuvImage> _decoded = new(Ahead);
    private readonly ConcurrentBag<YuvImage> _free = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _reading;
    private readonly bool _tolerant;
    private long _index;
    private YuvImage? _current;

    /// <param name="segment">The file; its timestamp 0 is where its span begins.</param>
    /// <param name="directory">Where the file is.</param>
    /// <param name="startNs">The composite's start.</param>
    /// <param name="from">The first frame of the composite that will be asked for; what was shown before it is not decoded further than it takes.</param>
    /// <param name="width">Of every picture; video of another shape is padded.</param>
    /// <param name="height">Of every picture.</param>
    /// <param name="ffmpegPath">FFmpeg.</param>
    /// <param name="tolerant">A file that cannot be decoded further ends early instead of failing the composite.</param>
    public VideoDecoder(TrackSegment segment, string directory, long startNs, long from, int width, int height, string ffmpegPath, bool tolerant)
    {
        _segment = segment;
        _tolerant = tolerant;
        Width = width;
        Height = height;

        var path = Path.Combine(directory, segment.File);
        var skipped = SkippedNs(path, startNs + ScenePlan.MiddleOf(from) - segment.Span.From);

        // The first picture rarely falls on a frame of the composite: it is shifted by the rest, then rounded to the nearest.
        var offset = (Int128)(segment.Span.From + skipped - startNs) * ScenePlan.FrameRate;
        FirstFrame = (long)(offset / 1_000_000_000) - (offset < 0 && offset % 1_000_000_000 != 0 ? 1 : 0);
        var rest = ((double)offset / 1e9) - FirstFrame;
        var filter = string.Create(
            CultureInfo.InvariantCulture,
            $"setpts=PTS+{rest / ScenePlan.FrameRate:F6}/TB,{Turn(segment.Rotation)}scale=w={width}:h={height}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bilinear,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:color=0x181c26,setsar=1,fps={ScenePlan.FrameRate}:round=near");
        var arguments = FfmpegArguments.Create()
            .Add("-threads", "1")
            .Add("-max_pixels", MaxPixels)
            .Add(skipped == 0 ? [] : ["-seek_timestamp", "1", "-ss", string.Create(CultureInfo.InvariantCulture, $"{(skipped - SeekMarginNs) / 1e9:F6}")])
            .InputFile(path)
            .Add("-map", "0:v:0", "-vf", filter)
            .RawVideoToStandardOutput(ScenePlan.FrameRate)
            .Build();
        _process = FfmpegProcess.Start(ffmpegPath, arguments, FfmpegPipes.Output);
        _index = FirstFrame - 1;
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The composite's frame that the first decoded picture belongs to; may be negative.</summary>
    public long FirstFrame { get; }

    public int Width { get; }

    public int Height { get; }

    public string File => _segment.File;

    /// <summary>The process, for tests that kill it.</summary>
    public int ProcessId => _process.Id;

    /// <summary>
    /// The picture of a frame of the composite; frames must be asked for in order. After the file's end, its last picture; null when there
    /// is none at all.
    /// </summary>
    /// <param name="frame">Which.</param>
    /// <param name="cancellation">Gives up waiting for it: what comes before it is decoded too.</param>
    /// <exception cref="FfmpegException">The decoder was killed or failed.</exception>
    public YuvImage? Get(long frame, CancellationToken cancellation)
    {
        while (_index < frame)
        {
            if (!_decoded.TryTake(out var next, Timeout.Infinite, cancellation))
            {
                ThrowIfFailed();
                _index = long.MaxValue;
                break;
            }

            if (_current is not null)
            {
                _free.Add(_current);
            }

            _current = next;
            _index++;
        }

        return _current;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _process.Kill();
        await _reading;
        await _process.DisposeAsync();
        _decoded.Dispose();
        _stopping.Dispose();
    }

    /// <summary>The time within the file of the picture that is to be seen at a moment; zero where there is little to skip.</summary>
    private static long SkippedNs(string path, long at)
    {
        var shown = at < WorthSkippingNs || !System.IO.File.Exists(path) ? 0 : MatroskaScan.File(path, at).LastTimestampNs;
        return shown < WorthSkippingNs ? 0 : shown;
    }

    private static string Turn(int rotation) => rotation switch
    {
        90 => "transpose=clock,",
        180 => "hflip,vflip,",
        270 => "transpose=cclock,",
        _ => string.Empty,
    };

    private void ThrowIfFailed()
    {
        var failure = _process.Completion.GetAwaiter().GetResult();
        if (failure is not null && (!_tolerant || failure.Signal is not null))
        {
            throw new FfmpegException($"decoding {_segment.File}", failure);
        }
    }

    private void Read()
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                if (!_free.TryTake(out var image))
                {
                    image = new(Width, Height);
                }

                if (_process.Output.ReadAtLeast(image.Bytes, image.Bytes.Length, throwOnEndOfStream: false) < image.Bytes.Length)
                {
                    return;
                }

                _decoded.Add(image, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody wants the rest.
        }
        finally
        {
            _decoded.CompleteAdding();
        }
    }
}
