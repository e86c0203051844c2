using System.IO.Compression;
using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Media;

namespace Events.Platform.Features.Privacy;

/// <summary>Writes the archive into the blob store.</summary>
internal sealed class ExportFile(Database database, IBlobStore blobs)
{
    public const string OwnerType = "privacy_export";

    /// <summary>Long enough for a holiday's mailbox, short enough for what it holds.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    /// <summary>By then the file is registered, or the platform that wrote it is dead.</summary>
    private static readonly TimeSpan Unregistered = TimeSpan.FromHours(1);

    public async Task<AssetFile> WriteAsync(IEnumerable<IPersonalData> parts, PersonalSubject subject, CancellationToken cancel)
    {
        // Without a name from the start: a platform that is killed leaves nothing behind.
        var path = Path.GetTempFileName();
        await using var content = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Delete, 64 * 1024, FileOptions.Asynchronous);
        File.Delete(path);
        using (var zip = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
        {
            var archive = new PersonalArchive(zip, blobs);
            await using var connection = await database.OpenAsync(cancel);
            foreach (var part in parts)
            {
                await part.ExportAsync(subject, connection, archive, cancel);
            }
        }

        content.Position = 0;
        var sha256 = Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(content, cancel));

        // Its row and the sweep come before the file: one that is never registered is found and deleted.
        await database.InTransactionAsync(
            async transaction =>
            {
                await TimerTable.SetAsync(transaction, BlobSweep.TimerKind, Guid.CreateVersion7().ToString(), TimeProvider.System.GetUtcNow() + Unregistered, new[] { sha256 });
                return await transaction.Connection!.ExecuteAsync("insert into media.blobs (sha256, size) values (@sha256, @Length) on conflict (sha256) do nothing", new { sha256, content.Length }, transaction);
            },
            cancel);
        content.Position = 0;
        var blob = await blobs.PutAsync(content, cancel);
        return new AssetFile(blob.Sha256, blob.Size, "application/zip", "personal-data.zip");
    }
}
