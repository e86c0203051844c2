using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Onsite;

/// <param name="Name">Where it stands: "Door A".</param>
/// <param name="Role">"scanner" (when left out), or "lead": collects contacts at a booth.</param>
/// <param name="TicketTypeIds">What this entrance takes; none: every type.</param>
/// <param name="OpensAt">Before, nobody is let in; null: at any time.</param>
/// <param name="ClosesAt">From then on, nobody is let in.</param>
/// <param name="Readmits">Whether who has left may come in again.</param>
public sealed record NewDevice(string? Name, string? Role, IReadOnlyList<Guid>? TicketTypeIds, DateTimeOffset? OpensAt, DateTimeOffset? ClosesAt, bool? Readmits);

/// <param name="State">waiting (to be enrolled), active or revoked.</param>
/// <param name="LastSeenAt">To the minute.</param>
public sealed record DeviceDetails(
    Guid Id, string Name, string Role, IReadOnlyList<Guid> TicketTypeIds, DateTimeOffset? OpensAt, DateTimeOffset? ClosesAt, bool Readmits,
    string State, DateTimeOffset CreatedAt, DateTimeOffset? EnrolledAt, DateTimeOffset? LastSeenAt, DateTimeOffset? RevokedAt);

/// <param name="Url">Opened on the device, it enrols it; the key is behind the <c>#</c>.</param>
/// <param name="Qr">The same as a picture: a <c>data:</c> address of a PNG.</param>
public sealed record Enrolment(DeviceDetails Device, string Url, string Qr, DateTimeOffset ExpiresAt);

public sealed record DeviceList(IReadOnlyList<DeviceDetails> Items);

/// <summary>An event's devices: registered, enrolled anew, revoked, listed, by who manages the event.</summary>
internal static class Devices
{
    public const string Scanner = "scanner";
    public const string Lead = "lead";

    private const int MaxPerEvent = 200;
    private const int MaxTypes = 100;

    private static readonly TimeSpan EnrolmentLife = TimeSpan.FromDays(1);

    private static readonly ApiError NotFound = ApiError.NotFound("device_not_found", "The event has no such device.");

    public static async Task<Results<Ok<DeviceList>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } error)
        {
            return error.ToResult();
        }

        var rows = await connection.QueryAsync<Row>($"select {Row.Columns} from platform.check_in_devices where event_id = @id order by revoked_at nulls first, id limit {MaxPerEvent * 2}", new { id });
        return TypedResults.Ok(new DeviceList([.. rows.Select(r => r.ToDetails())]));
    }

    public static async Task<Results<Created<Enrolment>, ProblemHttpResult>> RegisterAsync(Guid id, NewDevice request, SignedIn account, Database database, NodeOptions options, HttpContext context, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        return (await database.TryInTransactionAsync<Enrolment>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var managed = await EventGuard.ManagedAsync(connection, account, id);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                var checks = new FieldChecks();
                var (name, types) = (checks.Text("name", request.Name, 100), request.TicketTypeIds?.Distinct().ToArray() ?? []);
                checks.Require(request.Role is null or Scanner or Lead, "role_unknown", "'role' is \"scanner\" or \"lead\".");
                checks.Require(request.OpensAt is null || request.ClosesAt is null || request.ClosesAt > request.OpensAt, "closes_at_invalid", "'closesAt' is after 'opensAt'.");
                checks.Require(types.Length <= MaxTypes, "ticket_type_ids_invalid", $"'ticketTypeIds' names at most {MaxTypes} types.");
                if (checks.Error is not null)
                {
                    return checks.Error;
                }

                if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.ticket_types where event_id = @id and id = any(@types)", new { id, types }) != types.Length)
                {
                    return ApiError.BadRequest("ticket_type_ids_invalid", "'ticketTypeIds' names types of this event.");
                }

                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.check_in_devices where event_id = @id and revoked_at is null", new { id }) >= MaxPerEvent)
                {
                    return ApiError.Conflict("too_many_devices", $"An event has at most {MaxPerEvent} devices; revoke some.");
                }

                var (key, hash) = DeviceTokens.NewSecret("");
                var device = await connection.QuerySingleAsync<Row>(
                    $"""
                    insert into platform.check_in_devices (id, event_id, name, role, ticket_type_ids, opens_at, closes_at, readmits, enrol_hash, enrol_until, created_by)
                    values (@DeviceId, @id, @name, @Role, @types, @OpensAt, @ClosesAt, @Readmits, @hash, now() + @EnrolmentLife, @UserId) returning {Row.Columns}
                    """,
                    new { DeviceId = Guid.CreateVersion7(), id, name, Role = request.Role ?? Scanner, types, OpensAt = request.OpensAt?.ToUniversalTime(), ClosesAt = request.ClosesAt?.ToUniversalTime(), Readmits = request.Readmits ?? false, hash, EnrolmentLife, account.UserId });
                await AuditAsync(transaction, account, "check_in_device.registered", managed.Value!, device.Id);
                return Enrolment(device, key, options);
            },
            cancel)).ToCreated(e => $"/api/v1/events/{id}/check-in/devices/{e.Device.Id}");
    }

    /// <summary>Another key: the first was lost, or the device was. The token in use ends when the new key is used.</summary>
    public static async Task<Results<Ok<Enrolment>, ProblemHttpResult>> EnrolAnewAsync(Guid id, Guid deviceId, SignedIn account, Database database, NodeOptions options, HttpContext context, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        return (await database.TryInTransactionAsync<Enrolment>(
            async transaction =>
            {
                var managed = await EventGuard.ManagedAsync(transaction.Connection!, account, id);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                var (key, hash) = DeviceTokens.NewSecret("");
                if (await transaction.Connection!.QuerySingleOrDefaultAsync<Row>(
                    $"update platform.check_in_devices set enrol_hash = @hash, enrol_until = now() + @EnrolmentLife, enrol_used_at = null where id = @deviceId and event_id = @id and revoked_at is null returning {Row.Columns}",
                    new { id, deviceId, hash, EnrolmentLife }) is not { } device)
                {
                    return NotFound;
                }

                await AuditAsync(transaction, account, "check_in_device.enrolment_renewed", managed.Value!, device.Id);
                return Enrolment(device, key, options);
            },
            cancel)).ToOk();
    }

    /// <summary>Ends its credential at the next request; again, nothing happens.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(Guid id, Guid deviceId, SignedIn account, Database database, CancellationToken cancel)
    {
        var outcome = await database.TryInTransactionAsync<DeviceDetails>(
            async transaction =>
            {
                var managed = await EventGuard.ManagedAsync(transaction.Connection!, account, id);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                var values = new { id, deviceId };
                if (await transaction.Connection!.QuerySingleOrDefaultAsync<Row>($"select {Row.Columns} from platform.check_in_devices where id = @deviceId and event_id = @id for update", values) is not { } device)
                {
                    return NotFound;
                }

                if (device.RevokedAt is null)
                {
                    await transaction.Connection!.ExecuteAsync("update platform.check_in_devices set revoked_at = clock_timestamp(), enrol_hash = null, enrol_until = null, enrol_used_at = null where id = @deviceId", values);
                    await AuditAsync(transaction, account, "check_in_device.revoked", managed.Value!, deviceId);
                }

                return device.ToDetails();
            },
            cancel);
        return outcome.Error is { } refused ? refused.ToResult() : TypedResults.NoContent();
    }

    private static Task AuditAsync(NpgsqlTransaction transaction, SignedIn account, string action, EventRow of, Guid deviceId) =>
        AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), action, of.OrganiserId, of.Id, "check_in_device", deviceId));

    private static Enrolment Enrolment(Row device, string key, NodeOptions options)
    {
        var url = new Uri(options.PublicUrl, $"/scan#enrol={key}").AbsoluteUri;
        return new Enrolment(device.ToDetails(), url, $"data:image/png;base64,{Convert.ToBase64String(TicketCode.ToPng(url))}", DateTimeOffset.UtcNow + EnrolmentLife);
    }

    /// <summary>No positional record: drivers say of arrays no more than that they are some.</summary>
    private sealed class Row
    {
        public const string Columns = "id, name, role, ticket_type_ids, opens_at, closes_at, readmits, token_hash is null as is_waiting, created_at, enrolled_at, last_seen_at, revoked_at";

        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public required string Role { get; init; }

        public required Guid[] TicketTypeIds { get; init; }

        public DateTimeOffset? OpensAt { get; init; }

        public DateTimeOffset? ClosesAt { get; init; }

        public required bool Readmits { get; init; }

        public required bool IsWaiting { get; init; }

        public required DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset? EnrolledAt { get; init; }

        public DateTimeOffset? LastSeenAt { get; init; }

        public DateTimeOffset? RevokedAt { get; init; }

        public DeviceDetails ToDetails() => new(
            Id, Name, Role, TicketTypeIds, OpensAt, ClosesAt, Readmits, RevokedAt is not null ? "revoked" : IsWaiting ? "waiting" : "active", CreatedAt, EnrolledAt, LastSeenAt, RevokedAt);
    }
}
