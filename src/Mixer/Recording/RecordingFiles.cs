using Microsoft.Win32.SafeHandles;

namespace Events.Mixer.Recording;

/// <summary>A recording's directory: its manifest, and the track files that are open.</summary>
/// <param name="directory">Where it is.</param>
/// <param name="manifest">Knows of every file.</param>
/// <param name="toDisk">Brings a file to the disk; as long as that takes.</param>
internal sealed class RecordingFiles(string directory, RecordingManifest manifest, Action<SafeFileHandle> toDisk)
{
    private const string DeletedPrefix = ".deleted-";

    private readonly Lock _gate = new();
    private readonly List<SegmentFile> _open = [];
    private int _segments = manifest.Entries.Count(e => e.Type == ManifestEntryType.Segment);

    public RecordingManifest Manifest => manifest;

    /// <summary>Deletes a recording's directory. It is renamed first, so that a crash leaves a whole recording or none.</summary>
    /// <exception cref="IOException">Something cannot be removed.</exception>
    public static void Delete(string directory)
    {
        var deleted = Path.Combine(Path.GetDirectoryName(directory)!, DeletedPrefix + Path.GetFileName(directory));
        if (Directory.Exists(directory))
        {
            Directory.Move(directory, deleted);
        }

        if (Directory.Exists(deleted))
        {
            Directory.Delete(deleted, recursive: true);
        }
    }

    /// <summary>Directories whose deletion a crash interrupted.</summary>
    public static IEnumerable<string> HalfDeleted(string root) => Directory.EnumerateDirectories(root, DeletedPrefix + "*");

    /// <summary>Opens a file; the manifest knows of it before it exists, so a crash leaves no stray file.</summary>
    public SegmentFile Open(MatroskaTrack track, string codec, string trackId, string participantId, long start, int rotation = 0)
    {
        lock (_gate)
        {
            _segments++;
            var name = $"{_segments:D4}.mkv";
            manifest.Append(new()
            {
                Type = ManifestEntryType.Segment,
                At = start,
                File = name,
                TrackId = trackId,
                ParticipantId = participantId,
                Codec = codec,
                Width = track.Width,
                Height = track.Height,
                Rotation = rotation == 0 ? null : rotation,
            });
            var segment = new SegmentFile(Path.Combine(directory, name), track, start, toDisk);
            _open.Add(segment);
            return segment;
        }
    }

    /// <summary>Ends a file. It is on disk with the next <see cref="Sync"/>.</summary>
    public void End(SegmentFile segment, long at)
    {
        segment.End();
        manifest.Append(new() { Type = ManifestEntryType.SegmentEnded, At = at, File = segment.Name, Frames = segment.Frames });
    }

    /// <summary>Gives all buffered frames to the operating system. Only from the thread that writes them.</summary>
    public void Flush()
    {
        foreach (var segment in Snapshot())
        {
            segment.Flush();
        }
    }

    /// <summary>Brings everything to the disk, files before the manifest that tells of their ends; from any thread.</summary>
    /// <exception cref="IOException">The disk did not take all of it.</exception>
    public void Sync()
    {
        foreach (var segment in Snapshot())
        {
            if (segment.Sync())
            {
                lock (_gate)
                {
                    _open.Remove(segment);
                }
            }
        }

        manifest.Sync();
    }

    /// <summary>Closes what is open, without a word in the manifest, as a crash would.</summary>
    public void Abandon()
    {
        foreach (var segment in Snapshot())
        {
            segment.Abandon();
        }
    }

    private List<SegmentFile> Snapshot()
    {
        lock (_gate)
        {
            return [.. _open];
        }
    }
}
