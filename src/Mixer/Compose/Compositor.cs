using Events.Mixer.Recording;
using Events.Mixer.Scenes;

namespace Events.Mixer.Compose;

/// <summary>Draws the composite's frames, one after the other. Decoders run only for what is seen.</summary>
internal sealed class Compositor : IAsyncDisposable
{
    private readonly Timeline _timeline;
    private readonly string _directory;
    private readonly long _start;
    private readonly MixerOptions _options;
    private readonly bool _tolerant;
    private readonly CardPainter _painter;
    private readonly IReadOnlyList<Scene> _scenes;
    private readonly Dictionary<string, (int Width, int Height)> _largest = [];
    private readonly Dictionary<string, VideoDecoder> _decoders = [];
    private readonly ILookup<string, TrackSegment> _segments;
    private readonly Dictionary<(int, int, int, int), ImageScaler> _scalers = [];
    private readonly YuvImage _still = new(SceneLayout.Width, SceneLayout.Height);
    private readonly YuvImage _canvas = new(SceneLayout.Width, SceneLayout.Height);
    private int _scene = -1;

    public Compositor(
        Timeline timeline, string directory, long startNs, IReadOnlyList<Scene> scenes, CardPainter painter, MixerOptions options, bool tolerant)
    {
        _timeline = timeline;
        _directory = directory;
        _start = startNs;
        _scenes = scenes;
        _painter = painter;
        _options = options;
        _tolerant = tolerant;
        _segments = timeline.Segments.Where(s => s.IsVideo).ToLookup(s => s.TrackId);
        foreach (var tile in scenes.SelectMany(s => s.Tiles))
        {
            if (tile.TrackId is { } track && (!_largest.TryGetValue(track, out var size) || size.Width < tile.Rect.Width))
            {
                _largest[track] = (tile.Rect.Width, tile.Rect.Height);
            }
        }
    }

    /// <summary>Processes at work now.</summary>
    public int ActiveDecoders => _decoders.Count;

    /// <summary>Draws a frame; frames must be asked for in order. The picture is valid until the next call.</summary>
    /// <param name="frame">Which.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="MediaRegistry.Ffmpeg.FfmpegException">A decoder was killed or failed.</exception>
    public async ValueTask<YuvImage> DrawAsync(long frame, CancellationToken cancellation = default)
    {
        while (_scene < 0 || _scenes[_scene].ToFrame <= frame)
        {
            _scene++;
            _painter.PaintStill(_still, _scenes[_scene], _timeline.Created.Title ?? string.Empty);
            await CloseUnseenAsync(_scenes[_scene]);
        }

        var scene = _scenes[_scene];
        _canvas.CopyFrom(_still);

        // All begin before the first is waited for: one that has to catch up takes a while.
        foreach (var tile in scene.Tiles)
        {
            await OpenAsync(tile, frame);
        }

        foreach (var tile in scene.Tiles)
        {
            if (tile.TrackId is { } track && _decoders.TryGetValue(track, out var decoder) && decoder.Get(Math.Max(frame, decoder.FirstFrame), cancellation) is { } picture)
            {
                var scaled = picture.Width == tile.Rect.Width && picture.Height == tile.Rect.Height ? picture : Scale(picture, tile.Rect);
                _canvas.Blit(scaled, tile.Rect.X, tile.Rect.Y);
            }
        }

        _painter.PaintLabels(_canvas, scene);
        return _canvas;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var decoder in _decoders.Values)
        {
            await decoder.DisposeAsync();
        }

        _decoders.Clear();
    }

    private async ValueTask OpenAsync(Tile tile, long frame)
    {
        if (tile.TrackId is not { } track)
        {
            return;
        }

        var at = _start + (frame * 1_000_000_000 / ScenePlan.FrameRate);

        // The last file that has begun (half a frame early, as its first picture was rounded); between two files the old one's last picture stays.
        TrackSegment? segment = null;
        foreach (var candidate in _segments[track])
        {
            if (segment is null || candidate.Span.From - at <= 1_000_000_000 / (2 * ScenePlan.FrameRate))
            {
                segment = candidate;
            }
        }

        _decoders.TryGetValue(track, out var decoder);
        if (segment is null || decoder?.File == segment.File)
        {
            return;
        }

        if (decoder is not null)
        {
            _decoders.Remove(track);
            await decoder.DisposeAsync();
        }

        var (width, height) = _largest[track];
        _decoders[track] = new(segment, _directory, _start, frame, width, height, _options.FfmpegPath, _tolerant);
    }

    private YuvImage Scale(YuvImage picture, Rect rect)
    {
        var key = (picture.Width, picture.Height, rect.Width, rect.Height);
        if (!_scalers.TryGetValue(key, out var scaler))
        {
            _scalers[key] = scaler = new(picture.Width, picture.Height, rect.Width, rect.Height);
        }

        return scaler.Scale(picture);
    }

    private async ValueTask CloseUnseenAsync(Scene scene)
    {
        foreach (var (track, decoder) in _decoders.ToList())
        {
            if (scene.Tiles.All(t => t.TrackId != track))
            {
                _decoders.Remove(track);
                await decoder.DisposeAsync();
            }
        }
    }
}
