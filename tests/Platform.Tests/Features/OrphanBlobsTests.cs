using System.Net;
using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Features.Media;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features;

/// <summary>What was put into the blob store and never registered goes, and nothing else.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class OrphanBlobsTests(PlatformFixture fixture)
{
    private readonly IBlobStore _blobs = fixture.Services.GetRequiredService<IBlobStore>();

    [Fact]
    public async Task A_blob_that_is_never_registered_goes_a_week_after_it_was_found()
    {
        var (young, old) = (await PutAsync(), await PutAsync());
        Age(old, days: 20);
        await LookAsync();
        Assert.Equal((false, true), (await HasRowAsync(young), await HasRowAsync(old)));
        await LookAsync();
        Assert.True(await _blobs.ExistsAsync(old));

        await FoundLongAgoAsync(old);
        await LookAsync();
        Assert.Equal((false, false, true), (await _blobs.ExistsAsync(old), await HasRowAsync(old), await _blobs.ExistsAsync(young)));
    }

    [Fact]
    public async Task What_is_registered_or_put_again_in_that_week_stays()
    {
        var again = Guid.NewGuid().ToByteArray();
        var (registered, renewed) = (await PutAsync(), (await _blobs.PutAsync(new MemoryStream(again))).Sha256);
        foreach (var sha256 in new[] { registered, renewed })
        {
            Age(sha256, days: 20);
        }

        await LookAsync();
        foreach (var sha256 in new[] { registered, renewed })
        {
            await FoundLongAgoAsync(sha256);
        }

        await using (var connection = await fixture.Database.OpenAsync(CancellationToken.None))
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await AssetStore.RegisterAsync(transaction, new NewDocument("answer_file", Guid.NewGuid(), new AssetFile(registered, 16, "text/plain", "a.txt")));
            await transaction.CommitAsync();
        }

        await _blobs.PutAsync(new MemoryStream(again));
        await LookAsync();
        Assert.Equal((true, true), (await _blobs.ExistsAsync(registered), await _blobs.ExistsAsync(renewed)));
    }

    [Fact]
    public async Task What_is_put_again_while_the_sweep_is_under_way_stays()
    {
        var sha256 = await PutAsync();
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("insert into media.blobs (sha256, size) values (@sha256, 16)", new { sha256 });
        Assert.Equal(0, await Deletion.SweepAsync(connection, _blobs, [sha256], CancellationToken.None, putBefore: DateTimeOffset.UtcNow.AddDays(-1)));
        Assert.Equal((true, true), (await _blobs.ExistsAsync(sha256), await HasRowAsync(sha256)));
    }

    [Fact]
    public async Task A_composite_that_the_mixer_may_still_tell_of_stays_however_old_it_is()
    {
        var scene = await fixture.SceneAsync();
        var recording = (await scene.Organiser.PostJsonAsync($"/api/v1/sessions/{scene.SessionId}/recordings", new { }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("update platform.recordings set requested_at = now() - interval '21 days', status = 'composing' where id = @recording", new { recording });
        var composite = await PutAsync();
        Age(composite, days: 20);
        await LookAsync();
        Assert.False(await HasRowAsync(composite));
        await connection.ExecuteAsync("insert into media.blobs (sha256, size, created_at) values (@composite, 16, now() - interval '8 days')", new { composite });
        await LookAsync();
        Assert.True(await _blobs.ExistsAsync(composite));

        // It has failed, its tracks are gone, and it is heard of no more.
        await connection.ExecuteAsync("update platform.recordings set status = 'failed', failed_at = now(), working_files = false where id = @recording", new { recording });
        await LookAsync();
        Assert.False(await _blobs.ExistsAsync(composite));
    }

    private async Task<string> PutAsync() => (await _blobs.PutAsync(new MemoryStream(Guid.NewGuid().ToByteArray()))).Sha256;

    private void Age(string sha256, int days) => File.SetLastWriteTimeUtc(Path.Combine(fixture.Options.BlobsDirectory, sha256[..2], sha256[2..4], sha256), DateTime.UtcNow.AddDays(-days));

    private Task LookAsync() => fixture.Services.GetRequiredService<OrphanBlobs>().LookAsync(CancellationToken.None);

    private async Task FoundLongAgoAsync(string sha256)
    {
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        Assert.Equal(1, await connection.ExecuteAsync("update media.blobs set created_at = now() - interval '8 days' where sha256 = @sha256", new { sha256 }));
    }

    private async Task<bool> HasRowAsync(string sha256)
    {
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        return await connection.ExecuteScalarAsync<bool>("select exists (select from media.blobs where sha256 = @sha256)", new { sha256 });
    }
}
