using System.Text.Json;
using System.Text.Json.Serialization;

namespace Events.Mixer.Recording;

/// <summary>
/// Everything that must survive a crash about one recording, as JSON lines that are only ever appended. A line that a crash cut short is
/// dropped when reading and overwritten when writing goes on.
/// </summary>
public sealed class RecordingManifest : IDisposable
{
    public const string FileName = "manifest.jsonl";

    /// <summary>A line is far shorter; what is longer is not ours.</summary>
    private const int MaxLineLength = 64 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly Lock _gate = new();

    /// <summary>Taken before the other: lines are appended while the disk takes its time with those before.</summary>
    private readonly Lock _syncing = new();
    private readonly FileStream _file;
    private readonly List<ManifestEntry> _entries;
    private long _end;
    private bool _dirty;
    private bool _closed;

    /// <param name="file">Whole lines up to its position.</param>
    /// <param name="entries">These lines.</param>
    private RecordingManifest(FileStream file, List<ManifestEntry> entries)
    {
        _file = file;
        _entries = entries;
        _end = file.Position;
    }

    /// <summary>A copy of all lines so far.</summary>
    public IReadOnlyList<ManifestEntry> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>Opens or makes the manifest in a recording's directory, ready to append after its last whole line.</summary>
    public static RecordingManifest Open(string directory) =>
        Open(new FileStream(Path.Combine(directory, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0));

    /// <summary>As above, of an open file: a test's may fail.</summary>
    internal static RecordingManifest Open(FileStream file)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var (entries, length) = Parse(bytes);
        file.SetLength(length);
        file.Position = length;
        return new(file, entries);
    }

    /// <summary>Reads a manifest without opening it for writing.</summary>
    public static IReadOnlyList<ManifestEntry> Read(string directory) => Parse(File.ReadAllBytes(Path.Combine(directory, FileName))).Entries;

    /// <summary>The whole lines of a manifest, and how many bytes they take.</summary>
    public static (List<ManifestEntry> Entries, int Length) Parse(ReadOnlySpan<byte> bytes)
    {
        var entries = new List<ManifestEntry>();
        var position = 0;
        while (position < bytes.Length)
        {
            var length = bytes[position..].IndexOf((byte)'\n');
            if (length is < 0 or > MaxLineLength || !TryParse(bytes.Slice(position, length), out var entry))
            {
                break;
            }

            entries.Add(entry);
            position += length + 1;
        }

        return (entries, position);
    }

    /// <summary>
    /// Appends a line; after <see cref="Dispose"/> nothing, since the recording is being deleted. After an exception the manifest is as it
    /// was before, on disk (at the latest when a line is appended again) and here.
    /// </summary>
    /// <param name="entry">The line.</param>
    /// <param name="durable">Wait for the disk; else <see cref="Sync"/> brings it there.</param>
    /// <exception cref="IOException">The disk is full, or broken.</exception>
    public void Append(ManifestEntry entry, bool durable = false)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(entry, Json);
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            TakeBack(); // A disk that failed a write may have refused that too.
            try
            {
                _file.Write([.. json, (byte)'\n']);
                _file.Flush(flushToDisk: durable);
                _end = _file.Position;
            }
            catch (IOException)
            {
                TakeBack();
                throw;
            }

            _entries.Add(entry);
            _dirty = !durable;
        }
    }

    /// <summary>Appends a line durably, or gives back why the disk did not take it.</summary>
    public IOException? TryAppend(ManifestEntry entry)
    {
        try
        {
            Append(entry, durable: true);
            return null;
        }
        catch (IOException e)
        {
            return e;
        }
    }

    /// <summary>Brings appended lines to the disk.</summary>
    public void Sync()
    {
        lock (_syncing)
        {
            lock (_gate)
            {
                if (!_dirty || _closed)
                {
                    return;
                }

                _dirty = false;
            }

            try
            {
                // Without the gate: the stream has no buffer.
                _file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                lock (_gate)
                {
                    _dirty = true;
                }

                throw;
            }
        }
    }

    public void Dispose()
    {
        lock (_syncing)
        {
            lock (_gate)
            {
                if (!_closed)
                {
                    _closed = true;
                    _file.Dispose();
                }
            }
        }
    }

    /// <summary>Nothing stands behind the last line that was taken.</summary>
    private void TakeBack()
    {
        if (_file.Length != _end)
        {
            _file.SetLength(_end);
        }

        _file.Position = _end;
    }

    private static bool TryParse(ReadOnlySpan<byte> line, out ManifestEntry entry)
    {
        entry = new();
        try
        {
            if (JsonSerializer.Deserialize<ManifestEntry>(line, Json) is not { Type: not ManifestEntryType.Unknown } read)
            {
                return false;
            }

            entry = read;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
