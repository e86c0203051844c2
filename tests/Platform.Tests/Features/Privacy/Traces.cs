using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Events.Platform.Data;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Platform.Features.Privacy;

/// <summary>Looks everywhere for words: every column of every table, every blob (also inside archives), every mail, every line of the log.</summary>
internal static partial class Traces
{
    public static async Task<List<string>> FindAsync(Database database, string blobs, string mails, CapturedLog log, IReadOnlyCollection<string> words)
    {
        var found = new List<string>();
        await LookInDatabaseAsync(database, words, found);
        foreach (var path in Directory.EnumerateFiles(blobs, "*", SearchOption.AllDirectories))
        {
            LookInFile(path, await File.ReadAllBytesAsync(path), words, found);
        }

        foreach (var path in Directory.EnumerateFiles(mails, "*", SearchOption.AllDirectories))
        {
            var text = await File.ReadAllTextAsync(path);
            Look(path, text, words, found);
            foreach (Match body in Body().Matches(text))
            {
                Look(path, Encoding.UTF8.GetString(Convert.FromBase64String(body.Groups[1].Value)), words, found);
            }
        }

        Look("log", string.Join('\n', log.Lines), words, found);
        return found;
    }

    private static async Task LookInDatabaseAsync(Database database, IReadOnlyCollection<string> words, List<string> found)
    {
        await using var connection = await database.OpenAsync(default);
        var tables = (await connection.QueryAsync<string>(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')")).AsList();
        Assert.Contains("platform.users", tables);
        foreach (var table in tables)
        {
            // As JSON every column is text, and JSON in it is decoded; bytes are looked at besides, as what they are.
            foreach (var row in await connection.QueryAsync<string>($"select to_jsonb(t)::text from {table} t"))
            {
                Look(table, row, words, found);
            }

            foreach (var column in await connection.QueryAsync<string>(
                "select quote_ident(column_name) from information_schema.columns where format('%I.%I', table_schema, table_name) = @table and data_type = 'bytea'", new { table }))
            {
                foreach (var bytes in await connection.QueryAsync<byte[]>($"select {column} from {table} where {column} is not null"))
                {
                    Look($"{table}.{column}", Encoding.UTF8.GetString(bytes), words, found);
                }
            }
        }
    }

    private static void LookInFile(string path, byte[] content, IReadOnlyCollection<string> words, List<string> found)
    {
        Look(path, Encoding.UTF8.GetString(content), words, found);
        if (content.AsSpan().StartsWith("PK"u8))
        {
            using var zip = new ZipArchive(new MemoryStream(content));
            foreach (var entry in zip.Entries)
            {
                using var stream = entry.Open();
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                Look($"{path}/{entry.FullName}", entry.FullName + Encoding.UTF8.GetString(copy.ToArray()), words, found);
            }
        }
    }

    private static void Look(string where, string text, IReadOnlyCollection<string> words, List<string> found) =>
        found.AddRange(words.Where(w => text.Contains(w, StringComparison.OrdinalIgnoreCase)).Select(w => $"'{w}' in {where}: {text[..Math.Min(text.Length, 300)]}"));

    [GeneratedRegex(@"\r\n\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex Body();
}

/// <summary>Keeps what the platform logs, at the levels at which it logs in production.</summary>
internal sealed class CapturedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _lines.Enqueue($"{formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
