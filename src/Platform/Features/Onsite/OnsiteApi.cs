using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Onsite;

/// <param name="Key">From the enrolment's address, behind its <c>#enrol=</c>.</param>
public sealed record EnrolRequest(string? Key);

/// <summary>How often enrolling may be tried from one network address. Keys cannot be guessed: nobody's attempts are in anybody else's way.</summary>
internal sealed class EnrolLimits(NodeOptions options) : AttemptLimits(options.AttemptsPerAddress, perEmail: options.AttemptsPerAddress, TimeSpan.FromMinutes(1));

/// <summary>An event's doors: the devices at them, the lists that they keep, and what they scanned.</summary>
internal static class OnsiteApi
{
    public static void AddOnsite(this IServiceCollection services) => services.AddSingleton<EnrolLimits>();

    public static void MapOnsite(this IEndpointRouteBuilder routes)
    {
        var devices = routes.MapGroup(DeviceDoor.Root);
        devices.MapPost("/enrol", EnrolAsync).WithMetadata(new DeviceDoor.OpenToEveryone());
        devices.MapGet("/device", DeviceInfo.GetAsync);
        var scanners = devices.MapGroup("").WithMetadata(new DeviceDoor.OnlyFor(Devices.Scanner));
        scanners.MapGet("/tickets", ScanList.GetAsync);
        scanners.MapGet("/conflicts", ScanQueries.OfDeviceAsync);
        scanners.MapPost("/scans", UploadScans.HandleAsync).WithMetadata(new DeviceDoor.OpenToRevoked());
        var booths = devices.MapGroup("").WithMetadata(new DeviceDoor.OnlyFor(Devices.Lead));
        booths.MapGet("/leads", Leads.ListAsync);
        booths.MapPost("/leads", Leads.AddAsync);
        booths.MapDelete("/leads/{id:guid}", Leads.RemoveAsync);
        booths.MapGet("/leads.csv", Leads.CsvOfDeviceAsync);

        var organisers = routes.MapGroup("").RequireAuthorization(AccountCookie.Scheme);
        organisers.MapGet("/api/v1/events/{id:guid}/check-in", ScanQueries.CountsAsync);
        organisers.MapGet("/api/v1/events/{id:guid}/check-in/conflicts", ScanQueries.OfEventAsync);
        organisers.MapGet("/api/v1/events/{id:guid}/check-in/devices", Devices.ListAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/check-in/devices", Devices.RegisterAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/check-in/devices/{deviceId:guid}/enrolment", Devices.EnrolAnewAsync);
        organisers.MapDelete("/api/v1/events/{id:guid}/check-in/devices/{deviceId:guid}", Devices.RevokeAsync);
        organisers.MapGet("/api/v1/events/{id:guid}/leads.csv", Leads.CsvOfEventAsync);
        organisers.MapGet("/api/v1/events/{id:guid}/badges.pdf", Badges.OfEventAsync);
        organisers.MapGet("/api/v1/tickets/{id:guid}/badge.pdf", Badges.OfTicketAsync);
        organisers.MapPut("/api/v1/tickets/{id:guid}/block", (Guid id, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel) => BlockAsync(id, true, account, database, keys, cancel));
        organisers.MapDelete("/api/v1/tickets/{id:guid}/block", (Guid id, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel) => BlockAsync(id, false, account, database, keys, cancel));
    }

    private static async Task<Results<Ok<DeviceEnrolled>, ProblemHttpResult>> EnrolAsync(EnrolRequest request, Database database, EnrolLimits limits, HttpContext context, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        return limits.Admits(context.Connection.RemoteIpAddress)
            ? (await database.TryInTransactionAsync<DeviceEnrolled>(transaction => DeviceTokens.EnrolAsync(transaction, request.Key), cancel)).ToOk()
            : new ApiError(429, "too_many_attempts", "Too many attempts; wait a minute.").ToResult();
    }

    /// <summary>Whoever holds the ticket is not let in, until that is lifted. The seat stays taken and nothing is refunded.</summary>
    private static async Task<Results<Ok<TicketDetails>, ProblemHttpResult>> BlockAsync(Guid id, bool isBlocked, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel) => (await database.TryInTransactionAsync<TicketDetails>(
        async transaction =>
        {
            var connection = transaction.Connection!;
            var notFound = ApiError.NotFound("ticket_not_found", "There is no such ticket.");
            if (await connection.QuerySingleOrDefaultAsync<Guid?>("select event_id from platform.tickets where id = @id", new { id }) is not { } eventId || await EventGuard.ManagedAsync(connection, account, eventId) is not { Value: { } of })
            {
                return notFound;
            }

            if (await connection.ExecuteAsync("update platform.tickets set blocked_at = case when @isBlocked then now() end where id = @id and (blocked_at is not null) <> @isBlocked", new { id, isBlocked }) > 0)
            {
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), isBlocked ? "ticket.blocked" : "ticket.unblocked", of.OrganiserId, eventId, "ticket", id));
            }

            return (await OrderQueries.TicketAsync(connection, id, keys))!;
        },
        cancel)).ToOk();
}
