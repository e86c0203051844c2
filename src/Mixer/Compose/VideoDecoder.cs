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
    /// <param name="width">Of every picture; video of another shape is padded.</param>
    /// <param name="height">Of every picture.</param>
    /// <param name="ffmpegPath">FFmpeg.</param>
    /// <param name="tolerant">A file that cannot be decoded further ends early instead of failing the composite.</param>
    public VideoDecoder(TrackSegment segment, string directory, long startNs, int width, int height, string ffmpegPath, bool tolerant)
    {
        _segment = segment;
        _tolerant = tolerant;
        Width = width;
        Height = height;

        // The file's first picture rarely falls on a frame of the composite: it is shifted by the rest, then rounded to the nearest.
        var offset = (Int128)(segment.Span.From - startNs) * ScenePlan.FrameRate;
        FirstFrame = (long)(offset / 1_000_000_000) - (offset < 0 && offset % 1_000_000_000 != 0 ? 1 : 0);
        var rest = ((double)offset / 1e9) - FirstFrame;
        var filter = string.Create(
            CultureInfo.InvariantCulture,
            $"setpts=PTS+{rest / ScenePlan.FrameRate:F6}/TB,{Turn(segment.Rotation)}scale=w={width}:h={height}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bilinear,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:color=0x181c26,setsar=1,fps={ScenePlan.FrameRate}:round=near");
        var arguments = FfmpegArguments.Create()
            .Add("-threads", "1")
            .Add("-max_pixels", MaxPixels)
            .InputFile(Path.Combine(directory, segment.File))
            .Add("-map", "0:v:0", "-vf", filter)
            .RawVideoToStandardOutput(ScenePlan.FrameRate)
            .Build();
        _process = FfmpegProcess.Start(ffmpegPath, arguments, FfmpegPipes.Output);
        _index = FirstFrame - 1;
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The composite's frame that the first picture belongs to; may be negative.</summary>
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
