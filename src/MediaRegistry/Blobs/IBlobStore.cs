namespace Events.MediaRegistry.Blobs;

/// <summary>Names a blob by its content.</summary>
/// <param name="Sha256">64 lower-case hexadecimal digits; see <see cref="ContentHash"/>.</param>
/// <param name="Size">Bytes.</param>
public sealed record BlobId(string Sha256, long Size);

/// <summary>A blob that is there.</summary>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="PutAt">When it was last put, be it that it was there already.</param>
public sealed record StoredBlob(string Sha256, long Size, DateTimeOffset PutAt);

/// <summary>Immutable bytes, addressed by their SHA-256. A blob is either whole and durable, or not there.</summary>
public interface IBlobStore
{
    /// <summary>Stores the rest of a stream. The same content twice is one blob, as young as it was put last.</summary>
    Task<BlobId> PutAsync(Stream content, CancellationToken cancellation = default);

    /// <summary>Stores a file's content; the file stays.</summary>
    Task<BlobId> PutFileAsync(string path, CancellationToken cancellation = default);

    /// <summary>Opens a blob for reading.</summary>
    /// <param name="sha256">Its hash.</param>
    /// <param name="offset">First byte wanted; past the end gives an empty stream.</param>
    /// <param name="length">Bytes wanted, or null for all that follow.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when there is no such blob, or the name is no hash.</returns>
    Task<BlobContent?> OpenReadAsync(string sha256, long offset = 0, long? length = null, CancellationToken cancellation = default);

    /// <summary>The blob's size, or null when it is not there.</summary>
    Task<long?> SizeAsync(string sha256, CancellationToken cancellation = default);

    /// <summary>All that is there, in no order. What is put or deleted meanwhile may be among it or not.</summary>
    IEnumerable<StoredBlob> List();

    /// <summary>When the blob was last put, or null when it is not there.</summary>
    Task<DateTimeOffset?> PutAtAsync(string sha256, CancellationToken cancellation = default);

    Task<bool> ExistsAsync(string sha256, CancellationToken cancellation = default);

    /// <returns>Whether there was something to delete.</returns>
    Task<bool> DeleteAsync(string sha256, CancellationToken cancellation = default);
}

/// <summary>An open blob; dispose it after reading.</summary>
/// <param name="Stream">The bytes asked for.</param>
/// <param name="TotalSize">The whole blob's size.</param>
/// <param name="Offset">Where the stream begins in the blob.</param>
/// <param name="Length">How many bytes the stream gives.</param>
public sealed record BlobContent(Stream Stream, long TotalSize, long Offset, long Length) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
