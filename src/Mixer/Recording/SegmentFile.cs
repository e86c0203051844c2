using Microsoft.Win32.SafeHandles;

namespace Events.Mixer.Recording;

/// <summary>
/// One open Matroska file of a track. Who writes it never waits for the disk: it gives its bytes to the operating system, from where they survive this process, and another
/// thread brings them to the disk.
/// </summary>
internal sealed class SegmentFile
{
    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly MatroskaWriter _writer;
    private readonly Action<SafeFileHandle> _toDisk;
    private long _lastPts = -1;
    private volatile bool _ended;
    private bool _closed;

    /// <param name="path">Made; must not exist.</param>
    /// <param name="track">What is in it.</param>
    /// <param name="start">Wall-clock time of timestamp 0.</param>
    /// <param name="toDisk">Brings a file to the disk.</param>
    public SegmentFile(string path, MatroskaTrack track, long start, Action<SafeFileHandle> toDisk)
    {
        _toDisk = toDisk;
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

    /// <summary>Gives the rest to the operating system; the next <see cref="Sync"/> closes it.</summary>
    public void End()
    {
        _writer.Flush();
        _ended = true;
    }

    /// <summary>Brings what was flushed to the disk, from any thread.</summary>
    /// <returns>Whether that was all: it has ended, and is closed.</returns>
    /// <exception cref="IOException">What was written since the last time may be lost, though the disk may take what comes.</exception>
    public bool Sync()
    {
        lock (_gate)
        {
            var last = _ended;
            if (!_closed)
            {
                _toDisk(_file.SafeFileHandle);
            }

            if (last)
            {
                Close();
            }

            return _closed;
        }
    }

    /// <summary>Closes it as it is.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            Close();
        }
    }

    private void Close()
    {
        _closed = true;
        _file.Dispose();
    }
}
