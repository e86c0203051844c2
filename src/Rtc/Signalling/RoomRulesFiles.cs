using System.Collections.Concurrent;
using System.Text.Json;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling;

/// <summary>
/// The rules of rooms on disk, a file for each room that has any, so that a lock, a removal or a revoked grant holds after a restart. A
/// file is replaced whole and synced before whoever asked is answered. What was not touched for <see cref="Kept"/> is forgotten: by
/// then every grant that it could concern has long expired.
/// </summary>
public sealed class RoomRulesFiles : IRoomRules
{
    /// <summary>Since the last change; an event lasts days, a grant at most <see cref="GrantFormat.MaxLifetime"/>.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>Rooms with rules; beyond it those that were not touched for longest are let go.</summary>
    private const int MaxRooms = 20_000;

    /// <summary>A file that is larger was not written here: 13,000 entries of at most 160 characters have less.</summary>
    private const int MaxBytes = 16 * 1024 * 1024;

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private readonly string _directory;
    private readonly TimeProvider _clock;
    private readonly ILogger<RoomRulesFiles> _logger;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task _writing = Task.CompletedTask;

    /// <summary>Reads what is there, and deletes what is too old.</summary>
    /// <exception cref="InvalidDataException">A file is damaged. Starting without it would let in who was removed.</exception>
    public RoomRulesFiles(string directory, TimeProvider clock, ILogger<RoomRulesFiles> logger)
    {
        _directory = directory;
        _clock = clock;
        _logger = logger;
        Directory.CreateDirectory(directory);
        foreach (string path in Directory.EnumerateFiles(directory, "*.new"))
            File.Delete(path); // a write that a crash cut short; nobody was told that it was done
        foreach (string path in Directory.EnumerateFiles(directory, "*.json"))
        {
            Entry entry = ReadFile(path);
            if (IsCurrent(entry))
                _entries[Path.GetFileNameWithoutExtension(path)] = entry;
            else
                File.Delete(path);
        }
    }

    /// <inheritdoc/>
    public RoomRules Load(string room) => _entries.TryGetValue(room, out Entry? entry) && IsCurrent(entry) ? entry.Rules : RoomRules.None;

    /// <inheritdoc/>
    public Task SaveAsync(string room, RoomRules rules)
    {
        _entries[room] = new Entry(_clock.GetUtcNow(), rules);
        lock (_gate)
            return _writing = WriteAfterAsync(_writing, room);
    }

    /// <summary>One write at a time, each of the newest state: a burst of changes of one room costs few syncs.</summary>
    private async Task WriteAfterAsync(Task before, string room)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (!_entries.TryGetValue(room, out Entry? entry) || entry.IsWritten)
            return;
        try
        {
            Write(room, entry);
            entry.IsWritten = true;
            if (_entries.Count > MaxRooms)
                LetOldestGo();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The rules are in force; who asked is told that they are not safe.
            RtcSignallingLog.RulesNotWritten(_logger, room, exception);
            throw;
        }
    }

    private void Write(string room, Entry entry)
    {
        string path = PathOf(room);
        string draft = path + ".new";
        using (FileStream stream = new(draft, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(stream, new FileContent(entry.At, entry.Rules), Web);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
        LinuxFiles.SyncDirectory(_directory);
    }

    private void LetOldestGo()
    {
        foreach (var (room, entry) in _entries.OrderBy(e => e.Value.At).Take(MaxRooms / 10))
        {
            if (_entries.TryRemove(new(room, entry)))
                File.Delete(PathOf(room));
        }

        RtcSignallingLog.RulesLetGo(_logger, MaxRooms / 10);
    }

    private static Entry ReadFile(string path)
    {
        if (new FileInfo(path).Length > MaxBytes)
            throw new InvalidDataException($"{path} is larger than the rules of a room can be. Move it away; what it decided is lost with it.");
        try
        {
            FileContent content = JsonSerializer.Deserialize<FileContent>(File.ReadAllBytes(path), Web) ?? throw new JsonException("The file holds null.");
            return new Entry(content.At, content.Rules) { IsWritten = true };
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is damaged. Move it away; what it decided is lost with it.", exception);
        }
    }

    private bool IsCurrent(Entry entry) => _clock.GetUtcNow() < entry.At + Kept;

    // A room's name is a file's name: RoomName allows no separator, and ".json" keeps "." and ".." from being directories.
    private string PathOf(string room) => Path.Combine(_directory, room + ".json");

    private sealed record FileContent(DateTimeOffset At, RoomRules Rules);

    private sealed class Entry(DateTimeOffset at, RoomRules rules)
    {
        public DateTimeOffset At { get; } = at;

        public RoomRules Rules { get; } = rules;

        /// <summary>Touched by the one writer.</summary>
        public bool IsWritten { get; set; }
    }
}
