using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Tickets;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Onsite;

/// <param name="ServerTime">For a device that wants to know how far its clock is off.</param>
/// <param name="Keys">Public keys, each good for a ticket's signature: ECDSA P-256 with SHA-256 (IEEE P1363) over "events-ticket-1", event id, ticket id.</param>
public sealed record DeviceSelf(Guid Id, string Name, string Role, DeviceEvent Event, Entrance Entrance, IReadOnlyList<NamedType> Types, IReadOnlyList<CodeKey> Keys, DateTimeOffset ServerTime);

public sealed record DeviceEvent(Guid Id, string Name, string State, string TimeZone, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

/// <param name="TicketTypeIds">None: every type.</param>
public sealed record Entrance(IReadOnlyList<Guid> TicketTypeIds, DateTimeOffset? OpensAt, DateTimeOffset? ClosesAt, bool Readmits);

public sealed record NamedType(Guid Id, string Name);

/// <param name="X">Base64url, as in a JWK (RFC 7518 §6.2.1).</param>
public sealed record CodeKey(string Kid, string X, string Y);

/// <summary>What a device has to know to decide by itself.</summary>
internal static class DeviceInfo
{
    public static async Task<Ok<DeviceSelf>> GetAsync(DeviceCaller caller, Database database, TicketKeys keys, TimeProvider clock, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var device = (await DeviceRow.FindAsync(connection, caller.DeviceId))!;
        var of = await connection.QuerySingleAsync<DeviceEvent>("select id, name, state, time_zone, starts_at, ends_at from platform.events where id = @EventId", new { caller.EventId });
        var types = await connection.QueryAsync<NamedType>("select id, name from platform.ticket_types where event_id = @EventId order by id", new { caller.EventId });
        return TypedResults.Ok(new DeviceSelf(device.Id, device.Name, device.Role, of, new Entrance(device.TicketTypeIds, device.OpensAt, device.ClosesAt, device.Readmits), [.. types], [.. keys.CodeKeys.Select(Public)], clock.GetUtcNow()));
    }

    private static CodeKey Public(JwtVerificationKey key)
    {
        var (x, y) = key.Coordinates();
        return new CodeKey(key.KeyId, x, y);
    }
}

/// <summary>A device as its scans are judged by.</summary>
internal sealed class DeviceRow
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Role { get; init; }

    public required Guid[] TicketTypeIds { get; init; }

    public DateTimeOffset? OpensAt { get; init; }

    public DateTimeOffset? ClosesAt { get; init; }

    public required bool Readmits { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>How many it has sent.</summary>
    public int Scans { get; init; }

    /// <param name="connection">Open.</param>
    /// <param name="deviceId">Whose.</param>
    /// <param name="locking">" for no key update": its uploads come one after the other, and a revocation before or after them.</param>
    public static Task<DeviceRow?> FindAsync(Npgsql.NpgsqlConnection connection, Guid deviceId, string locking = "") => connection.QuerySingleOrDefaultAsync<DeviceRow>(
        $"select id, name, role, ticket_type_ids, opens_at, closes_at, readmits, created_at, revoked_at, scans from platform.check_in_devices where id = @deviceId{locking}", new { deviceId });

    /// <summary>Whether this entrance takes a ticket of this type at this time; null: it does.</summary>
    public string? Refuses(Guid typeId, DateTimeOffset at) =>
        TicketTypeIds.Length > 0 && !TicketTypeIds.Contains(typeId) ? Refusals.WrongTicketType
        : at < OpensAt ? Refusals.TooEarly
        : at >= ClosesAt ? Refusals.TooLate
        : null;
}
