using System.Buffers.Binary;
using System.Numerics;

namespace Events.Rtc.Signalling.Journal;

/// <summary>What a journal file held when it was opened.</summary>
/// <param name="Epoch">The journal's name.</param>
/// <param name="NextSeq">The number of the next event.</param>
/// <param name="Events">The whole records, in order.</param>
/// <param name="TornBytes">Bytes of a tail that was not whole, and is gone.</param>
internal sealed record JournalContent(Guid Epoch, long NextSeq, IReadOnlyList<JournalEvent> Events, long TornBytes);

/// <summary>What the journal asks of the disk: a test lets it fail.</summary>
/// <param name="Open">Opens a file to be read and written, without a buffer.</param>
/// <param name="SyncDirectory">Makes the names in it durable.</param>
internal sealed record JournalDisk(Func<string, FileMode, FileStream> Open, Action<string> SyncDirectory)
{
    public static JournalDisk Real { get; } = new(
        static (path, mode) => new FileStream(path, mode, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0), LinuxFiles.SyncDirectory);
}

/// <summary>
/// The journal on disk: a header (magic, epoch, next number) that only ever appears whole, then appended records
/// (length, CRC-32C, number, flags, JSON). Whatever follows the last whole record is a write that a crash cut short; it was
/// never synced, so it was never delivered. Used from one thread.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    public const int HeaderBytes = 4 + 16 + 8 + 4;
    public const int RecordOverhead = 4 + 4 + 8 + 1;

    /// <summary>A record's JSON: a recording with hundreds of tracks has 100 KB.</summary>
    public const int MaxJson = 1024 * 1024;

    private const uint Magic = 0x314A5645; // "EVJ1", little endian

    /// <summary>
    /// Numbers skipped after a torn tail. Should the disk have lost records that were delivered, their numbers must not
    /// be used again; a full journal holds fewer than 2^20 records.
    /// </summary>
    private const long TornGap = 1 << 20;

    private readonly string _path;
    private readonly JournalDisk _disk;
    private FileStream _stream;
    private long _end;
    private bool _nameIsDurable = true;

    /// <param name="path">Its name.</param>
    /// <param name="stream">Whole records up to its position.</param>
    /// <param name="disk">Where it is.</param>
    private JournalFile(string path, FileStream stream, JournalDisk disk)
    {
        _path = path;
        _stream = stream;
        _disk = disk;
        _end = stream.Position;
    }

    public long Length => _stream.Length;

    /// <summary>Opens the file, or makes a new one with a new epoch.</summary>
    /// <exception cref="InvalidDataException">The header is damaged: not by a crash, for it is renamed into place whole.</exception>
    public static (JournalFile File, JournalContent Content) Open(string path, JournalDisk disk)
    {
        if (!File.Exists(path))
        {
            JournalContent empty = new(Guid.CreateVersion7(), 1, [], 0);
            JournalFile made = new(path, Create(disk, path, empty.Epoch, empty.NextSeq, empty.Events), disk);
            made.SyncName();
            return (made, empty);
        }

        byte[] bytes = File.ReadAllBytes(path);
        if (!TryReadHeader(bytes, out Guid epoch, out long nextSeq))
            throw new InvalidDataException($"{path} has a damaged header. Move it away; events that were not delivered are lost with it.");

        List<JournalEvent> events = [];
        int position = HeaderBytes;
        long last = 0;
        while (TryReadRecord(bytes.AsSpan(position), last + 1, out JournalEvent? record, out int consumed))
        {
            events.Add(record);
            last = record.Seq;
            position += consumed;
        }

        nextSeq = Math.Max(nextSeq, last + 1);

        FileStream stream = disk.Open(path, FileMode.Open);
        int torn = bytes.Length - position;
        if (torn > 0)
        {
            stream.SetLength(position);
            stream.Flush(flushToDisk: true);
            nextSeq += TornGap;
        }

        stream.Position = position;
        return (new JournalFile(path, stream, disk), new JournalContent(epoch, nextSeq, events, torn));
    }

    /// <summary>Appends records and syncs them. After an exception the file is as it was before, at the latest when something is appended again.</summary>
    public void Append(IReadOnlyList<JournalEvent> events)
    {
        if (!_nameIsDurable)
            SyncName();
        TakeBack(); // A disk that failed a write may have refused that too.
        try
        {
            _stream.Write(Serialise(events));
            _stream.Flush(flushToDisk: true);
            _end = _stream.Position;
        }
        catch
        {
            TakeBack();
            throw;
        }
    }

    /// <summary>Nothing stands behind the last record that was synced: what is appended there would not be read again.</summary>
    private void TakeBack()
    {
        if (_stream.Length != _end)
            _stream.SetLength(_end);
        _stream.Position = _end;
    }

    /// <summary>Puts a file with only these events in place of the present one.</summary>
    /// <exception cref="IOException">The present one stands; or the new one does, and its name is made durable before the next append.</exception>
    public void Rewrite(Guid epoch, long nextSeq, IReadOnlyList<JournalEvent> events)
    {
        FileStream replacement = Create(_disk, _path, epoch, nextSeq, events);
        _stream.Dispose();
        _end = replacement.Position;
        _stream = replacement; // From here on the name is the new file's, whatever comes of the sync: what is appended to the old one is lost.
        SyncName();
    }

    public void Dispose() => _stream.Dispose();

    private static FileStream Create(JournalDisk disk, string path, Guid epoch, long nextSeq, IReadOnlyList<JournalEvent> events)
    {
        string draft = path + ".new";
        FileStream stream = disk.Open(draft, FileMode.Create);
        try
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
            epoch.TryWriteBytes(header[4..], bigEndian: true, out _);
            BinaryPrimitives.WriteInt64LittleEndian(header[20..], nextSeq);
            BinaryPrimitives.WriteUInt32LittleEndian(header[28..], Checksum(header[..28]));
            stream.Write(header);
            stream.Write(Serialise(events));
            stream.Flush(flushToDisk: true);
            File.Move(draft, path, overwrite: true);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private void SyncName()
    {
        _nameIsDurable = false;
        _disk.SyncDirectory(Path.GetDirectoryName(_path)!);
        _nameIsDurable = true;
    }

    private static byte[] Serialise(IReadOnlyList<JournalEvent> events)
    {
        byte[] buffer = new byte[events.Sum(record => (long)RecordOverhead + record.Json.Length)];
        Span<byte> rest = buffer;
        foreach (JournalEvent record in events)
        {
            Span<byte> frame = rest[..(RecordOverhead + record.Json.Length)];
            BinaryPrimitives.WriteInt32LittleEndian(frame, record.Json.Length);
            BinaryPrimitives.WriteInt64LittleEndian(frame[8..], record.Seq);
            frame[16] = record.Lossy ? (byte)1 : (byte)0;
            record.Json.CopyTo(frame[RecordOverhead..]);
            BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum(frame[8..]));
            rest = rest[frame.Length..];
        }

        return buffer;
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> bytes, out Guid epoch, out long nextSeq)
    {
        epoch = default;
        nextSeq = 0;
        if (bytes.Length < HeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) != Checksum(bytes[..28]))
            return false;
        epoch = new Guid(bytes.Slice(4, 16), bigEndian: true);
        nextSeq = BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]);
        return nextSeq > 0;
    }

    private static bool TryReadRecord(
        ReadOnlySpan<byte> bytes, long minSeq, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out JournalEvent? record, out int consumed)
    {
        record = null;
        consumed = 0;
        if (bytes.Length < RecordOverhead)
            return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length is <= 0 or > MaxJson || length > bytes.Length - RecordOverhead)
            return false;
        consumed = RecordOverhead + length;
        long seq = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Checksum(bytes[8..consumed]) || seq < minSeq)
            return false;
        record = new JournalEvent(seq, bytes[16] != 0, bytes[RecordOverhead..consumed].ToArray());
        return true;
    }

    /// <summary>CRC-32C (RFC 9260 Appendix A).</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
