using System.Text.Json;
using Dapper;
using Npgsql;

namespace Events.Platform.Data;

/// <summary>What happened, for other parts to follow. Ids only, never personal data.</summary>
public static class Outbox
{
    /// <summary>Appends an entry in the transaction of its cause: both are kept, or neither.</summary>
    /// <param name="transaction">The cause's transaction.</param>
    /// <param name="aggregate">"event", "session", "recording", …</param>
    /// <param name="id">The aggregate's id.</param>
    /// <param name="type">"recording.requested", …</param>
    /// <param name="payload">Ids that a consumer needs; serialised as camelCase JSON.</param>
    public static Task AppendAsync(NpgsqlTransaction transaction, string aggregate, Guid id, string type, object payload) =>
        transaction.Connection!.ExecuteAsync(
            "insert into platform.outbox (id, aggregatetype, aggregateid, type, payload) values (@Key, @aggregate, @Id, @type, @Payload::jsonb)",
            new { Key = Guid.CreateVersion7(), aggregate, Id = id.ToString(), type, Payload = JsonSerializer.Serialize(payload, JsonSerializerOptions.Web) },
            transaction);
}
