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
    private volatile IOException? _syncFailure;
    private int _syncs;
    private int _segments = manifest.Entries.Count(e => e.Type == ManifestEntryType.Segment);

    public RecordingManifest Manifest => manifest;

    /// <summary>
    /// Why the disk did not take all that it was given last; null when it did. It says so once (Linux forgets what it could not write), so no file goes on that was open then, and
    /// none begins before a sync has gone well.
    /// </summary>
    public IOException? SyncFailure => _syncFailure;

    /// <summary>How often all was brought to the disk.</summary>
    public int Syncs => Volatile.Read(ref _syncs);

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
        try
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
            _syncFailure = null;
            Interlocked.Increment(ref _syncs);
        }
        catch (IOException e)
        {
            _syncFailure = e;
            throw;
        }
    }

    /// <summary>Syncs once a second; the thread that writes asks <see cref="SyncFailure"/> how that went.</summary>
    /// <param name="failed">Called with each failure.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task SyncEverySecondAsync(Action<IOException> failed, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                try
                {
                    Sync();
                }
                catch (IOException e)
                {
                    failed(e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The capture has ended; it has synced everything itself.
        }
    }

    /// <summary>Closes what is open, without a word in the manifest, as a crash would; what has been flushed comes to the disk, if that takes it.</summary>
    public void Abandon()
    {
        foreach (var segment in Snapshot())
        {
            try
            {
                segment.Sync();
            }
            catch (IOException)
            {
                // Nobody is told anew: this is why it is abandoned, or it was logged.
            }

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
