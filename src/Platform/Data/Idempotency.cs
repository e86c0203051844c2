using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Data;

/// <summary>A write that its sender may repeat (header <c>Idempotency-Key</c>, draft-ietf-httpapi-idempotency-key-header).</summary>
/// <param name="Owner">The account or token that sends: keys of two of them never meet.</param>
/// <param name="Key">8 to 128 visible characters.</param>
/// <param name="Fingerprint">SHA-256 over method, address and body: another request under the same key is a mistake.</param>
public sealed record IdempotentRequest(Guid Owner, string Key, byte[] Fingerprint);

/// <summary>
/// Makes a write happen once however often it is sent. Key, write and answer are one transaction: a second request under the key
/// waits for the first and gets its answer, a crash leaves either all or nothing, and a refused write leaves its key free.
/// </summary>
public static class Idempotency
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private const int SweptAtOnce = 20;

    private static readonly ApiError Reused = new(422, "idempotency_key_reused", "This Idempotency-Key came with another request before; use a new one for each write.");

    /// <summary>Works in one transaction, or gives what the same request was answered before.</summary>
    /// <param name="database">Where.</param>
    /// <param name="request">Null: nobody asked for it, the work is done.</param>
    /// <param name="work">Its value must survive a way through JSON, and hold no personal data: it is kept for a day.</param>
    /// <param name="cancel">Rolls back.</param>
    public static Task<Outcome<T>> OnceAsync<T>(this Database database, IdempotentRequest? request, Func<NpgsqlTransaction, Task<Outcome<T>>> work, CancellationToken cancel)
        where T : class => database.TryInTransactionAsync<T>(
            async transaction =>
            {
                if (request is null)
                {
                    return await work(transaction);
                }

                if (await ClaimAsync(transaction.Connection!, request))
                {
                    var outcome = await work(transaction);
                    if (outcome.Error is null)
                    {
                        await transaction.Connection!.ExecuteAsync(
                            "update platform.idempotency_keys set answer = @Answer where owner_id = @Owner and key = @Key",
                            new { request.Owner, request.Key, Answer = JsonSerializer.Serialize(outcome.Value, JsonSerializerOptions.Web) });
                    }

                    return outcome;
                }

                var before = await transaction.Connection!.QuerySingleAsync<Row>("select fingerprint, answer from platform.idempotency_keys where owner_id = @Owner and key = @Key", request);
                return before.Fingerprint.AsSpan().SequenceEqual(request.Fingerprint) ? JsonSerializer.Deserialize<T>(before.Answer, JsonSerializerOptions.Web)! : Reused;
            },
            cancel);

    /// <summary>False when the key has been used; waits while somebody else is just using it. Takes some of the old ones along.</summary>
    private static async Task<bool> ClaimAsync(NpgsqlConnection connection, IdempotentRequest request)
    {
        var values = new { request.Owner, request.Key, request.Fingerprint, KeptFor, SweptAtOnce };
        await connection.ExecuteAsync(
            """
            delete from platform.idempotency_keys where owner_id = @Owner and key = @Key and created_at <= now() - @KeptFor;
            delete from platform.idempotency_keys where ctid in
                (select ctid from platform.idempotency_keys where created_at <= now() - @KeptFor order by created_at limit @SweptAtOnce for update skip locked)
            """,
            values);
        return await connection.ExecuteAsync("insert into platform.idempotency_keys (owner_id, key, fingerprint) values (@Owner, @Key, @Fingerprint) on conflict do nothing", values) == 1;
    }

    /// <summary>By properties: Dapper cannot match a constructor that takes an array.</summary>
    private sealed record Row
    {
        public required byte[] Fingerprint { get; init; }

        public required string Answer { get; init; }
    }
}
