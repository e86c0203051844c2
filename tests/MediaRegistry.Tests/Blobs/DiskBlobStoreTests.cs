using System.Security.Cryptography;
using Events.MediaRegistry.Blobs;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.MediaRegistry.Tests.Blobs;

public sealed class DiskBlobStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("blobs-").FullName;
    private readonly DiskBlobStore _store;

    public DiskBlobStoreTests() => _store = new(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_blob_is_found_by_the_hash_of_its_content()
    {
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var id = await _store.PutAsync(new MemoryStream(content));

        Assert.Equal(ContentHash.Of(content), id.Sha256);
        Assert.Equal(content.Length, id.Size);
        Assert.True(File.Exists(Path.Combine(_root, id.Sha256[..2], id.Sha256[2..4], id.Sha256)));
        Assert.Equal(content, await ReadAsync(id.Sha256, 0, null));
    }

    [Fact]
    public async Task The_same_content_twice_is_one_blob()
    {
        var first = await _store.PutAsync(new MemoryStream([1, 2, 3]));
        var second = await _store.PutAsync(new MemoryStream([1, 2, 3]));

        Assert.Equal(first, second);
        Assert.Single(Directory.GetFiles(_root, "*", SearchOption.AllDirectories));
        Assert.True(await _store.DeleteAsync(first.Sha256));
        Assert.False(await _store.DeleteAsync(first.Sha256));
        Assert.False(await _store.ExistsAsync(first.Sha256));
        Assert.Null(await _store.OpenReadAsync(first.Sha256));
    }

    [Fact]
    public async Task What_is_put_again_is_as_young_as_that()
    {
        var id = await _store.PutAsync(new MemoryStream([1, 2, 3]));
        File.SetLastWriteTimeUtc(Path.Combine(_root, id.Sha256[..2], id.Sha256[2..4], id.Sha256), DateTime.UtcNow.AddDays(-9));
        Assert.True(Assert.Single(_store.List()).PutAt < DateTimeOffset.UtcNow.AddDays(-8));
        await _store.PutAsync(new MemoryStream([1, 2, 3]));
        var stored = Assert.Single(_store.List());
        Assert.Equal((id.Sha256, 3L), (stored.Sha256, stored.Size));
        Assert.True(stored.PutAt > DateTimeOffset.UtcNow.AddHours(-1));
    }

    [Fact]
    public async Task A_range_gives_exactly_its_bytes()
    {
        var content = RandomNumberGenerator.GetBytes(10_000);
        var id = await _store.PutAsync(new MemoryStream(content));
        Check.QuickThrowOnFailure(Prop.ForAll<NonNegativeInt, NonNegativeInt>((offset, length) =>
        {
            var from = Math.Min(offset.Get * 37, content.Length);
            var to = Math.Min(from + (length.Get * 41L), content.Length);
            return ReadAsync(id.Sha256, offset.Get * 37, length.Get * 41L).GetAwaiter().GetResult().AsSpan().SequenceEqual(content.AsSpan(from..(int)to));
        }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    [InlineData("../aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task What_is_no_hash_names_no_blob(string name)
    {
        Assert.Null(await _store.OpenReadAsync(name));
        Assert.Null(await _store.SizeAsync(name));
        Assert.False(await _store.DeleteAsync(name));
    }

    [Fact]
    public async Task A_stream_that_breaks_leaves_nothing_behind()
    {
        await Assert.ThrowsAsync<IOException>(() => _store.PutAsync(new BreakingStream()));
        Assert.Empty(Directory.GetFiles(_root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_a_killed_process_left_goes_and_what_another_one_writes_stays()
    {
        var id = await _store.PutAsync(new MemoryStream([1, 2, 3]));
        var left = Path.Combine(_root, "tmp", "left");
        var written = Path.Combine(_root, "tmp", "written");
        await File.WriteAllBytesAsync(left, [1]);
        await File.WriteAllBytesAsync(written, [1]);
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-2));

        var again = new DiskBlobStore(_root);
        Assert.False(File.Exists(left));
        Assert.True(File.Exists(written));
        Assert.True(await again.ExistsAsync(id.Sha256));
    }

    private async Task<byte[]> ReadAsync(string hash, long offset, long? length)
    {
        await using var content = (await _store.OpenReadAsync(hash, offset, length))!;
        using var read = new MemoryStream();
        await content.Stream.CopyToAsync(read);
        Assert.Equal(content.Length, read.Length);
        return read.ToArray();
    }

    private sealed class BreakingStream : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _reads++ < 3 ? ValueTask.FromResult(100) : throw new IOException("the line broke");
    }
}
