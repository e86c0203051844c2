using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Events.MediaRegistry.Blobs;

/// <summary>
/// Blobs as files <c>aa/bb/sha256</c> under one directory. A blob is written to <c>tmp/</c>, synced, renamed into place, and its
/// directories are synced, so that after a crash it is whole or absent. Several processes may share the directory.
/// </summary>
public sealed partial class DiskBlobStore : IBlobStore
{
    private const int BufferSize = 1024 * 1024;

    /// <summary>Who writes a blob writes more often than this; what is older was left by a kill.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private readonly string _root;
    private readonly string _temporary;

    /// <summary>Opens a store, and removes what processes that were killed while writing left in it.</summary>
    /// <param name="root">Made when it is not there.</param>
    public DiskBlobStore(string root)
    {
        _root = Path.GetFullPath(root);
        _temporary = Path.Combine(_root, "tmp");
        Directory.CreateDirectory(_temporary);
        foreach (var left in new DirectoryInfo(_temporary).EnumerateFiles().Where(f => DateTime.UtcNow - f.LastWriteTimeUtc > Abandoned))
        {
            left.Delete();
        }
    }

    public async Task<BlobId> PutFileAsync(string path, CancellationToken cancellation = default)
    {
        await using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, useAsync: true);
        return await PutAsync(content, cancellation);
    }

    public async Task<BlobId> PutAsync(Stream content, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var temporary = Path.Combine(_temporary, Guid.CreateVersion7().ToString("N"));
        try
        {
            var id = await WriteAsync(content, temporary, cancellation);
            var path = PathOf(id.Sha256);

            // Also in the place of the same one: how old it is decides whether it may go unregistered.
            var directory = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(directory);
            File.Move(temporary, path, overwrite: true);
            SyncDirectory(directory);
            SyncDirectory(Path.GetDirectoryName(directory)!);
            SyncDirectory(_root);
            return id;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public Task<BlobContent?> OpenReadAsync(string sha256, long offset = 0, long? length = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (!ContentHash.IsValid(sha256))
        {
            return Task.FromResult<BlobContent?>(null);
        }

        FileStream file;
        try
        {
            file = new(PathOf(sha256), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, useAsync: true);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<BlobContent?>(null);
        }

        var total = file.Length;
        var start = Math.Min(offset, total);
        var count = Math.Clamp(length ?? long.MaxValue, 0, total - start);
        file.Position = start;
        Stream stream = count == total - start ? file : new BoundedStream(file, count);
        return Task.FromResult<BlobContent?>(new(stream, total, start, count));
    }

    public Task<long?> SizeAsync(string sha256, CancellationToken cancellation = default) =>
        Task.FromResult(ContentHash.IsValid(sha256) && new FileInfo(PathOf(sha256)) is { Exists: true } file ? file.Length : (long?)null);

    public IEnumerable<StoredBlob> List() =>
        from file in new DirectoryInfo(_root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true })
        where ContentHash.IsValid(file.Name) && file.Exists
        select new StoredBlob(file.Name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc));

    public Task<DateTimeOffset?> PutAtAsync(string sha256, CancellationToken cancellation = default) =>
        Task.FromResult(ContentHash.IsValid(sha256) && new FileInfo(PathOf(sha256)) is { Exists: true } file ? new DateTimeOffset(file.LastWriteTimeUtc) : (DateTimeOffset?)null);

    public async Task<bool> ExistsAsync(string sha256, CancellationToken cancellation = default) =>
        await SizeAsync(sha256, cancellation) is not null;

    public async Task<bool> DeleteAsync(string sha256, CancellationToken cancellation = default)
    {
        if (!await ExistsAsync(sha256, cancellation))
        {
            return false;
        }

        var path = PathOf(sha256);
        File.Delete(path);
        SyncDirectory(Path.GetDirectoryName(path)!);
        return true;
    }

    private string PathOf(string sha256) => Path.Combine(_root, sha256[..2], sha256[2..4], sha256);

    private static async Task<BlobId> WriteAsync(Stream content, string path, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, useAsync: true);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferSize];
        long size = 0;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellation)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            size += read;
        }

        file.Flush(flushToDisk: true);
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()), size);
    }

    /// <summary>Makes a rename durable: the directory entry lives in the directory's own data.</summary>
    /// <exception cref="IOException">The directory cannot be synced.</exception>
    private static void SyncDirectory(string path)
    {
        // O_RDONLY | O_DIRECTORY | O_CLOEXEC of x86-64 and arm64 differ in O_DIRECTORY only; plain O_RDONLY | O_CLOEXEC opens a directory on both.
        const int ReadOnlyCloseOnExec = 0x80000;
        using var handle = Open(path, ReadOnlyCloseOnExec);
        if (handle.IsInvalid || Sync(handle) != 0)
        {
            throw new IOException($"cannot sync directory {path}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle handle);
}
