namespace Events.Mixer.Recording;

/// <summary>The state of folding a manifest into a <see cref="Timeline"/>.</summary>
internal sealed class TimelineFold(Func<string, long, long>? openEnd)
{
    private readonly List<OpenStay> _stays = [];
    private readonly List<OpenTrack> _tracks = [];
    private readonly List<OpenSegment> _segments = [];
    private readonly List<RefusedTrack> _refused = [];
    private long? _started;
    private long? _stopped;
    private int _attempts;
    private RecordingComposed? _composed;
    private MixerError? _failure;

    public long LastKnown { get; private set; }

    public void Add(ManifestEntry e)
    {
        LastKnown = e.Type is ManifestEntryType.Attempt or ManifestEntryType.Composed or ManifestEntryType.Failed or ManifestEntryType.Reopened ? LastKnown : Math.Max(LastKnown, e.At);
        switch (e.Type)
        {
            case ManifestEntryType.Started:
                _started ??= e.At;
                break;
            case ManifestEntryType.Stopped:
                _stopped ??= e.At;
                break;
            case ManifestEntryType.Attached or ManifestEntryType.Detached:
                CloseAll(e.At);
                break;
            case ManifestEntryType.Joined:
                Close(_stays.Where(s => s.Entry.ParticipantId == e.ParticipantId), e.At);
                _stays.Add(new(e));
                break;
            case ManifestEntryType.Left:
                Close(_stays.Where(s => s.Entry.ParticipantId == e.ParticipantId), e.At);
                Close(_tracks.Where(t => t.Entry.ParticipantId == e.ParticipantId), e.At);
                break;
            case ManifestEntryType.Published:
                Close(_tracks.Where(t => t.Entry.TrackId == e.TrackId), e.At);
                _tracks.Add(new(e));
                break;
            case ManifestEntryType.Unpublished:
                Close(_tracks.Where(t => t.Entry.TrackId == e.TrackId), e.At);
                break;
            case ManifestEntryType.Muted:
                _tracks.FindLast(t => t.Entry.TrackId == e.TrackId && t.End is null)?.Mutes.Add((e.At, e.Muted == true));
                break;
            case ManifestEntryType.Refused when !_refused.Exists(r => r.TrackId == e.TrackId):
                _refused.Add(new(e.TrackId ?? string.Empty, e.ParticipantId ?? string.Empty, e.Kind ?? string.Empty, e.Source ?? string.Empty, e.Code ?? string.Empty));
                break;
            case ManifestEntryType.Segment:
                _segments.Add(new(e));
                break;
            case ManifestEntryType.SegmentMoved when _segments.FindLast(s => s.Entry.File == e.File) is { } segment:
                segment.Start = e.At;
                break;
            case ManifestEntryType.SegmentEnded when _segments.FindLast(s => s.Entry.File == e.File) is { } segment:
                segment.End = e.At;
                segment.IsEmpty = e.Frames == 0;
                break;
            case ManifestEntryType.Attempt:
                _attempts = e.Attempt ?? _attempts;
                break;
            case ManifestEntryType.Composed:
                _composed = e.Composed;
                break;
            case ManifestEntryType.Failed:
                _failure = new(e.Code ?? "failed", e.Detail ?? string.Empty);
                break;
            case ManifestEntryType.Reopened:
                _stopped ??= LastKnown;
                (_attempts, _composed, _failure) = (0, null, null);
                break;
        }
    }

    public Timeline Finish(ManifestEntry created)
    {
        var end = _stopped ?? LastKnown;
        var segments = _segments
            .Where(s => !s.IsEmpty)
            .Select(s => new TrackSegment(
                s.Entry.File ?? string.Empty,
                s.Entry.TrackId ?? string.Empty,
                s.Entry.ParticipantId ?? string.Empty,
                s.Entry.Codec ?? string.Empty,
                s.Entry.Width ?? 0,
                s.Entry.Height ?? 0,
                new(s.Start, s.End ?? openEnd?.Invoke(s.Entry.File ?? string.Empty, s.Start) ?? end))
            {
                Rotation = s.Entry.Rotation ?? 0,
            })
            .ToList();
        return new(
            created,
            _started,
            _stopped,
            _stays.Select(s => new Stay(s.Id, s.Entry.Identity ?? s.Id, s.Entry.Name ?? string.Empty, s.Entry.Role ?? string.Empty, new(s.Entry.At, s.End ?? end))).ToList(),
            _tracks.Select(t => t.Finish(end)).ToList(),
            segments,
            _attempts,
            _composed,
            _failure)
        {
            Refused = _refused,
        };
    }

    private static void Close(IEnumerable<Open> open, long at)
    {
        foreach (var item in open)
        {
            item.End ??= at;
        }
    }

    private void CloseAll(long at)
    {
        Close(_stays, at);
        Close(_tracks, at);
    }

    private abstract class Open(ManifestEntry entry)
    {
        public ManifestEntry Entry { get; } = entry;

        public long? End { get; set; }
    }

    private sealed class OpenStay(ManifestEntry entry) : Open(entry)
    {
        public string Id => Entry.ParticipantId ?? string.Empty;
    }

    private sealed class OpenSegment(ManifestEntry entry) : Open(entry)
    {
        public long Start { get; set; } = entry.At;

        /// <summary>It was opened, and a crash or a full disk kept its first frame from it.</summary>
        public bool IsEmpty { get; set; }
    }

    private sealed class OpenTrack(ManifestEntry entry) : Open(entry)
    {
        public List<(long At, bool Muted)> Mutes { get; } = [];

        public TrackSpan Finish(long end)
        {
            var span = new WallSpan(Entry.At, End ?? end);
            var unmuted = new List<WallSpan>();
            var from = Entry.Muted == true ? (long?)null : span.From;
            foreach (var (at, muted) in Mutes)
            {
                if (muted && from is { } start)
                {
                    unmuted.Add(new(start, at));
                }

                from = muted ? null : from ?? at;
            }

            if (from is { } last)
            {
                unmuted.Add(new(last, span.To));
            }

            return new(
                Entry.TrackId ?? string.Empty,
                Entry.ParticipantId ?? string.Empty,
                Entry.Kind ?? string.Empty,
                Entry.Source ?? string.Empty,
                Entry.Codec ?? string.Empty,
                span,
                unmuted.Where(s => !s.IsEmpty).ToList());
        }
    }
}
