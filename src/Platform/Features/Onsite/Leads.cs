using System.Globalization;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Onsite;

/// <param name="Code">From the ticket or the badge.</param>
/// <param name="Consent">True: its holder has just said that this booth may have name and address.</param>
public sealed record NewLead(string? Code, bool? Consent);

public sealed record Lead(Guid Id, string Name, string Email, string TypeName, DateTimeOffset ConsentedAt);

public sealed record LeadPage(IReadOnlyList<Lead> Items, string? Next);

/// <summary>Lead retrieval: a booth's device reads a badge, and with its holder's consent has the name and address. Taken back, it has neither.</summary>
internal static class Leads
{
    private const int MaxPage = 200;
    private const int MaxPerDevice = 20_000;

    private const string Select =
        """
        select l.id, t.holder_name as name, t.holder_email as email, y.name as type_name, l.consented_at, d.name as booth
        from platform.leads l join platform.tickets t on t.id = l.ticket_id join platform.ticket_types y on y.id = t.ticket_type_id join platform.check_in_devices d on d.id = l.device_id
        """;

    /// <summary>The same ticket again is the same lead.</summary>
    public static async Task<Results<Ok<Lead>, ProblemHttpResult>> AddAsync(NewLead request, DeviceCaller caller, Database database, TicketKeys keys, CancellationToken cancel)
    {
        if (request.Consent != true)
        {
            return ApiError.BadRequest("consent_missing", "Ask the holder first; 'consent' is true when they agree.").ToResult();
        }

        if (keys.ReadCode(request.Code, out var eventId, out var ticketId) != TicketCodeReading.Verified)
        {
            return ApiError.BadRequest("code_invalid", "This is no ticket's code.").ToResult();
        }

        if (eventId != caller.EventId)
        {
            return ApiError.BadRequest("code_wrong_event", "This ticket is of another event.").ToResult();
        }

        return (await database.TryInTransactionAsync<Lead>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var values = new { Id = Guid.CreateVersion7(), caller.EventId, caller.DeviceId, ticketId };
                if (await connection.QuerySingleOrDefaultAsync<string>("select state from platform.tickets where id = @ticketId and event_id = @EventId for key share", values) is not "valid")
                {
                    return ApiError.Conflict("ticket_not_valid", "This ticket does not count any more.");
                }

                if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.leads where device_id = @DeviceId", values) >= MaxPerDevice)
                {
                    return ApiError.Conflict("too_many_leads", $"A device collects at most {MaxPerDevice}.");
                }

                await connection.ExecuteAsync("insert into platform.leads (id, event_id, device_id, ticket_id) values (@Id, @EventId, @DeviceId, @ticketId) on conflict (device_id, ticket_id) do nothing", values);
                return (await connection.QuerySingleAsync<Row>($"{Select} where l.device_id = @DeviceId and l.ticket_id = @ticketId", values)).ToLead();
            },
            cancel)).ToOk();
    }

    /// <summary>This device's, latest first.</summary>
    public static async Task<Ok<LeadPage>> ListAsync(DeviceCaller caller, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var connection = await database.OpenAsync(cancel);
        var rows = (await connection.QueryAsync<Row>(
            $"{Select} where l.device_id = @DeviceId and (@after::uuid is null or l.id < @after) order by l.id desc limit @Take", new { caller.DeviceId, after, Take = limit + 1 })).AsList();
        return TypedResults.Ok(new LeadPage([.. rows.Take(limit).Select(r => r.ToLead())], rows.Count > limit ? rows[limit - 1].Id.ToString() : null));
    }

    /// <summary>The holder thought better of it.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, DeviceCaller caller, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await connection.ExecuteAsync("delete from platform.leads where id = @id and device_id = @DeviceId", new { id, caller.DeviceId }) > 0
            ? TypedResults.NoContent()
            : ApiError.NotFound("lead_not_found", "This device has no such lead.").ToResult();
    }

    public static async Task<FileContentHttpResult> CsvOfDeviceAsync(DeviceCaller caller, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await CsvAsync(connection, "l.device_id = @Of", caller.DeviceId);
    }

    public static async Task<Results<FileContentHttpResult, ProblemHttpResult>> CsvOfEventAsync(Guid id, SignedIn account, Database database, HttpContext context, CancellationToken cancel)
    {
        var allowed = await database.TryInTransactionAsync<EventRow>(
            async transaction =>
            {
                var managed = await EventGuard.ManagedAsync(transaction.Connection!, account, id);
                if (managed.Error is null)
                {
                    await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "leads.exported", managed.Value!.OrganiserId, id));
                }

                return managed;
            },
            cancel);
        if (allowed.Error is not null)
        {
            return allowed.Error.ToResult();
        }

        context.Response.Headers.CacheControl = "private, no-store";
        await using var connection = await database.OpenAsync(cancel);
        return await CsvAsync(connection, "l.event_id = @Of", id);
    }

    private static async Task<FileContentHttpResult> CsvAsync(NpgsqlConnection connection, string condition, Guid of)
    {
        var text = new StringBuilder().Append(CsvWriter.ByteOrderMark);
        CsvWriter.AppendRow(text, ["booth", "name", "email", "ticket_type", "consented_at"]);
        foreach (var row in await connection.QueryAsync<Row>($"{Select} where {condition} order by l.id", new { Of = of }))
        {
            CsvWriter.AppendRow(text, [row.Booth, row.Name, row.Email, row.TypeName, row.ConsentedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)]);
        }

        return TypedResults.File(Encoding.UTF8.GetBytes(text.ToString()), "text/csv; charset=utf-8; header=present", "leads.csv");
    }

    private sealed record Row(Guid Id, string Name, string Email, string TypeName, DateTimeOffset ConsentedAt, string Booth)
    {
        public Lead ToLead() => new(Id, Name, Email, TypeName, ConsentedAt);
    }
}
