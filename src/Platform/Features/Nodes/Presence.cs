using Dapper;
using Npgsql;

namespace Events.Platform.Features.Nodes;

public sealed record ParticipantEvent(string Room, string ParticipantId, string Identity, string Name, string Role);

/// <summary>Who is in which room at the moment, as media nodes report it.</summary>
internal static class Presence
{
    public static Task JoinedAsync(NpgsqlTransaction transaction, string node, DateTimeOffset at, ParticipantEvent e) => transaction.Connection!.ExecuteAsync(
        """
        insert into platform.room_participants (node, participant_id, room, identity, name, role, joined_at)
        values (@node, @ParticipantId, @Room, @Identity, @Name, @Role, @at)
        on conflict (node, participant_id) do update set room = excluded.room, identity = excluded.identity, name = excluded.name, role = excluded.role
        """,
        new { node, at, e.ParticipantId, e.Room, e.Identity, e.Name, e.Role },
        transaction);

    public static Task LeftAsync(NpgsqlTransaction transaction, string node, ParticipantEvent e) => transaction.Connection!.ExecuteAsync(
        "delete from platform.room_participants where node = @node and participant_id = @ParticipantId", new { node, e.ParticipantId }, transaction);

    /// <summary>A node's process has begun: one that was killed before it reported nobody's leaving.</summary>
    public static Task NobodyAsync(NpgsqlTransaction transaction, string node) => transaction.Connection!.ExecuteAsync(
        "delete from platform.room_participants where node = @node", new { node }, transaction);

    /// <summary>Whom the rows have on a node.</summary>
    public static async Task<IReadOnlyList<string>> OnAsync(NpgsqlConnection connection, string node) =>
        (await connection.QueryAsync<string>("select participant_id from platform.room_participants where node = @node", new { node })).AsList();

    public static Task ForgetAsync(NpgsqlConnection connection, string node, IEnumerable<string> gone) => connection.ExecuteAsync(
        "delete from platform.room_participants where node = @node and participant_id = any(@Gone)", new { node, Gone = gone.ToArray() });
}
