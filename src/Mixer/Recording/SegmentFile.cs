namespace Events.Mixer.Recording;

/// <summary>One open Matroska file of a track.</summary>
internal sealed class SegmentFile : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly MatroskaWriter _writer;
    private long _lastPts = -1;
    private bool _closed;

    /// <param name="path">Made; must not exist.</param>
    /// <param name="track">What is in it.</param>
    /// <param name="start">Wall-clock time of timestamp 0.</param>
    public SegmentFile(string path, MatroskaTrack track, long start)
    {
        Name = Path.GetFileName(path);
        Track = track;
        Start = start;
        _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1);
        _writer = new(_file, track, NodeTime.ToDate(start));
    }

    public string Name { get; }

    public MatroskaTrack Track { get; }

    /// <summary>Moves when the sender's clock becomes known.</summary>
    public long Start { get; set; }

    public long Frames { get; private set; }

    /// <summary>Wall-clock time of the last frame.</summary>
    public long LastFrame => Start + Math.Max(0, _lastPts);

    /// <summary>Adds a frame; time never goes back in a file.</summary>
    public void Write(long wall, bool keyframe, ReadOnlySpan<byte> data)
    {
        var pts = Math.Max(wall - Start, _lastPts + MatroskaWriter.TimestampScale);
        _lastPts = pts;
        Frames++;
        _writer.Write(pts, keyframe, data);
    }

    /// <summary>Gives what was written to the operating system: from there it survives this process.</summary>
    public void Flush() => _writer.Flush();

    /// <summary>Brings what was flushed to the disk. May be called from another thread.</summary>
    public void Sync()
    {
        lock (_gate)
        {
            if (!_closed)
            {
                RandomAccess.FlushToDisk(_file.SafeFileHandle);
            }
        }
    }

    /// <summary>Closes it as it is on disk.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _closed = true;
            _file.Dispose();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _writer.Flush();
            _file.Flush(flushToDisk: true);
            _closed = true;
            _file.Dispose();
        }
    }
}
