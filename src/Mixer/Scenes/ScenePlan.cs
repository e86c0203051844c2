using Events.Mixer.Recording;

namespace Events.Mixer.Scenes;

/// <summary>Turns a timeline into scenes: who is where when. Pure.</summary>
public static class ScenePlan
{
    public const int FrameRate = 30;

    /// <summary>
    /// A track whose next file begins this soon after the last one ended is shown through: changed parameter sets or a rewritten sender
    /// must not blink.
    /// </summary>
    private const long BridgeNs = 1_500_000_000;

    /// <summary>Frames between two moments, rounded to the nearest.</summary>
    public static long FrameCount(long fromNs, long toNs) => Math.Max(1, Round((toNs - fromNs) * (Int128)FrameRate));

    /// <summary>The frame that a moment falls on, relative to the start of the composite.</summary>
    public static long FrameAt(long at, long startNs) => Round((at - startNs) * (Int128)FrameRate);

    /// <summary>Nanoseconds from the start of the composite to the middle of a frame: what is captured later is rounded to the next one.</summary>
    public static long MiddleOf(long frame) => (long)(((2 * (Int128)frame) + 1) * 1_000_000_000 / (2 * FrameRate));

    /// <summary>The scenes from the start to the stop, without gaps; neighbours differ.</summary>
    public static IReadOnlyList<Scene> Build(Timeline timeline, long startNs, long stopNs)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        var total = FrameCount(startNs, stopNs);
        var live = LiveVideo(timeline);

        // Of a stage's thousands, few send something; of a large session's cuts and cameras there are thousands.
        var published = timeline.Tracks.ToLookup(t => t.ParticipantId);
        var shown = live.ToLookup(l => l.TrackId, l => l.Span);
        var stays = timeline.Stays.Where(s => published.Contains(s.ParticipantId)).ToList();
        var cuts = stays.SelectMany(s => new[] { s.Span.From, s.Span.To })
            .Concat(timeline.Tracks.SelectMany(t => new[] { t.Span.From, t.Span.To }))
            .Concat(live.SelectMany(l => new[] { l.Span.From, l.Span.To }))
            .Select(at => Math.Clamp(FrameAt(at, startNs), 0, total))
            .Append(0)
            .Distinct()
            .Order()
            .Where(frame => frame < total)
            .ToList();
        var scenes = new List<Scene>();
        for (var i = 0; i < cuts.Count; i++)
        {
            var to = i + 1 < cuts.Count ? cuts[i + 1] : total;

            // The middle of the run: its edges were rounded, its middle lies in it.
            var at = startNs + (long)((Int128)(cuts[i] + to) * 1_000_000_000 / (2 * FrameRate));
            var scene = new Scene(cuts[i], to, SceneLayout.Arrange(SeatsAt(stays, published, shown, at)));
            if (scenes.Count > 0 && scenes[^1].SameTiles(scene))
            {
                scenes[^1] = scenes[^1] with { ToFrame = to };
                continue;
            }

            scenes.Add(scene);
        }

        return scenes;
    }

    /// <summary>People who publish something, in the order of their coming; a shared screen has a seat of its own.</summary>
    private static List<Seat> SeatsAt(List<Stay> stays, ILookup<string, TrackSpan> published, ILookup<string, WallSpan> shown, long at)
    {
        var seats = new List<Seat>();
        foreach (var stay in stays.Where(s => s.Span.Contains(at)))
        {
            var tracks = published[stay.ParticipantId].Where(t => t.Span.Contains(at)).ToList();
            if (tracks.Count == 0)
            {
                continue;
            }

            string? Shown(bool screen) => tracks
                .Where(t => t.Kind == "video" && t.Source == "screen" == screen && shown[t.TrackId].Any(s => s.Contains(at)))
                .Select(t => t.TrackId)
                .LastOrDefault();
            if (Shown(screen: true) is { } shared)
            {
                seats.Add(new(stay.ParticipantId, stay.Name, shared, Screen: true));
            }

            // Who shares a screen and nothing else is seen by it.
            var onlyScreen = tracks.TrueForAll(t => t.Source is "screen" or "screen_audio");
            if (!onlyScreen || Shown(screen: true) is null)
            {
                seats.Add(new(stay.ParticipantId, stay.Name, Shown(screen: false), Screen: false));
            }
        }

        return seats;
    }

    /// <summary>When each video track has a picture: within its files and their short gaps, while published and not muted.</summary>
    private static List<LiveSpan> LiveVideo(Timeline timeline)
    {
        var live = new List<LiveSpan>();
        foreach (var files in timeline.Segments.Where(s => s.IsVideo).GroupBy(s => s.TrackId))
        {
            var runs = new List<WallSpan>();
            foreach (var file in files.OrderBy(f => f.Span.From))
            {
                if (runs.Count > 0 && file.Span.From - runs[^1].To <= BridgeNs)
                {
                    runs[^1] = new(runs[^1].From, Math.Max(runs[^1].To, file.Span.To));
                    continue;
                }

                runs.Add(file.Span);
            }

            var allowed = timeline.Tracks.Where(t => t.TrackId == files.Key).SelectMany(t => t.Unmuted);
            live.AddRange(
                from span in allowed
                from run in runs
                let both = new WallSpan(Math.Max(span.From, run.From), Math.Min(span.To, run.To))
                where !both.IsEmpty
                select new LiveSpan(files.Key, both));
        }

        return live;
    }

    private static long Round(Int128 scaled) => (long)((scaled + (scaled >= 0 ? 500_000_000 : -500_000_000)) / 1_000_000_000);

    private readonly record struct LiveSpan(string TrackId, WallSpan Span);
}
