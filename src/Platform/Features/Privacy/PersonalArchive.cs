using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Blobs;
using Npgsql;

namespace Events.Platform.Features.Privacy;

/// <summary>Everything about a person as a ZIP: a JSON file for each feature, and the person's own files.</summary>
internal sealed class PersonalArchive(ZipArchive zip, IBlobStore blobs)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes <c>{part}.json</c>: an object with one list of rows for each section.</summary>
    /// <param name="part">The feature.</param>
    /// <param name="connection">Where the rows are.</param>
    /// <param name="values">The queries' parameters.</param>
    /// <param name="sections">Names with their queries, whose columns become the rows' members.</param>
    public async Task WriteAsync(string part, NpgsqlConnection connection, object values, params (string Name, string Sql)[] sections)
    {
        var all = new Dictionary<string, JsonElement>();
        foreach (var (name, sql) in sections)
        {
            var rows = await connection.ExecuteScalarAsync<string>($"select coalesce(jsonb_agg(to_jsonb(r)), '[]')::text from ({sql}) r", values);
            all[name] = JsonSerializer.Deserialize<JsonElement>(rows!);
        }

        await using var entry = await zip.CreateEntry($"{part}.json").OpenAsync();
        await entry.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(all, Readable)));
    }

    /// <summary>Adds a file of the person's. One that is gone from the store is left out; its row tells of it.</summary>
    public async Task AddFileAsync(string path, string sha256, CancellationToken cancel)
    {
        if (await blobs.OpenReadAsync(sha256, cancellation: cancel) is { } blob)
        {
            await using (blob)
            {
                await using var entry = await zip.CreateEntry(path).OpenAsync(cancel);
                await blob.Stream.CopyToAsync(entry, cancel);
            }
        }
    }
}
