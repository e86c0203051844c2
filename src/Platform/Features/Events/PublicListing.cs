using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Events.Platform.Data;

namespace Events.Platform.Features.Events;

/// <summary>What is asked of the public listing; equal questions have one answer.</summary>
internal sealed record ListingQuery(Guid? After, int Limit, string? Type, string? Text, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>A page of the listing as it is sent.</summary>
internal sealed record PreparedPage(byte[] Json, string ETag);

/// <summary>
/// The public listing, which everybody opens first. A page is read from the database at most twice a second and kept as the bytes to
/// send; who asks while it is being read waits for the same read. So an edit shows within <see cref="FreshFor"/> and one query on every
/// platform process, whoever made it, and at once on the process that made it.
/// </summary>
internal sealed class PublicListing(Database database, TimeProvider clock)
{
    public static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(500);

    /// <summary>Pages kept at a time: of 100 events with the longest descriptions one has 1 MB.</summary>
    private const int MostPages = 64;

    private readonly ConcurrentDictionary<ListingQuery, Entry> _pages = new();
    private long _generation;

    /// <summary>After an event was changed here.</summary>
    public void Forget() => Interlocked.Increment(ref _generation);

    public Task<PreparedPage> GetAsync(ListingQuery query)
    {
        // Words and spans of time are anybody's to make up: kept pages of them would push those out that everyone reads.
        if (query is not { Text: null, From: null, Until: null })
        {
            return ReadAsync(query);
        }

        var (now, generation) = (clock.GetTimestamp(), Interlocked.Read(ref _generation));
        if (_pages.TryGetValue(query, out var entry) && IsFresh(entry, now, generation))
        {
            return entry.Page.Value;
        }

        if (_pages.Count >= MostPages)
        {
            foreach (var old in _pages.Where(p => !IsFresh(p.Value, now, generation)))
            {
                _pages.TryRemove(old);
            }
        }

        if (entry is null && _pages.Count >= MostPages)
        {
            return ReadAsync(query);
        }

        var mine = new Entry(now, generation, new Lazy<Task<PreparedPage>>(() => ReadAsync(query)));
        return _pages.AddOrUpdate(query, mine, (_, other) => IsFresh(other, now, generation) ? other : mine).Page.Value;
    }

    /// <summary>A read that failed is not kept.</summary>
    private bool IsFresh(Entry entry, long now, long generation) =>
        entry.Generation == generation && clock.GetElapsedTime(entry.At, now) < FreshFor && !(entry.Page.IsValueCreated && entry.Page.Value.IsFaulted);

    /// <summary>Belongs to all who wait for it, so none of them can cancel it; the database's own time limit ends it.</summary>
    private async Task<PreparedPage> ReadAsync(ListingQuery query)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        var rows = (await connection.QueryAsync<EventRow>(
            $"""
            select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id
            where e.state in ('live', 'ended')
              {(query.Type is null ? "" : "and e.business_type = @Type")}
              {(string.IsNullOrWhiteSpace(query.Text) ? "" : "and e.search @@ plainto_tsquery('simple', @Text)")}
              {(query.From is null ? "" : "and e.ends_at >= @From")}
              {(query.Until is null ? "" : "and e.starts_at < @Until")}
              and (@After::uuid is null or (e.starts_at, e.id) < (select c.starts_at, c.id from platform.events c where c.id = @After))
            order by e.starts_at desc, e.id desc limit @Take
            """,
            new { query.After, Take = query.Limit + 1, query.Type, query.Text, From = query.From?.UtcDateTime, Until = query.Until?.UtcDateTime })).AsList();
        var items = rows.Take(query.Limit).Select(r => r.ToSummary()).ToList();
        var json = JsonSerializer.SerializeToUtf8Bytes(new EventPage(items, rows.Count > query.Limit ? items[^1].Id.ToString() : null), JsonSerializerOptions.Web);
        return new PreparedPage(json, $"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 16))}\"");
    }

    private sealed record Entry(long At, long Generation, Lazy<Task<PreparedPage>> Page);
}
