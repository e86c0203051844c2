using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Codes that make tickets cheaper, or hidden ones buyable.</summary>
internal static class Vouchers
{
    private const int MaxVouchers = 5_000;

    private const string Query =
        """
        select v.id, v.code, v.ticket_type_id, v.percent_off, v.max_uses, v.valid_until,
               (select count(*)::int from platform.orders o where o.voucher_id = v.id and (o.state = 'confirmed' or o.state = 'pending' and o.expires_at > now())) as used, v.version
        from platform.ticket_vouchers v where v.event_id = @id
        """;

    public static async Task<Results<Created<VoucherDetails>, ProblemHttpResult>> AddAsync(Guid id, NewVoucher request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var code = request.Code?.Trim().ToUpperInvariant() ?? "";
        checks.Require(code.Length is >= 4 and <= 40 && code.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '-'), "code_invalid", "'code' takes 4 to 40 letters, digits and hyphens.");
        Check(checks, request.PercentOff, request.MaxUses);
        try
        {
            return (await TicketSetup.ManageAsync<VoucherDetails>(checks, id, manager, database, "voucher.added", async (connection, _) =>
            {
                if (request.TicketTypeId is { } typeId && (await TicketQueries.TypesAsync(connection, id)).All(t => t.Id != typeId))
                {
                    return ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");
                }

                if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.ticket_vouchers where event_id = @id", new { id }) >= MaxVouchers)
                {
                    return ApiError.Conflict("too_many_vouchers", $"An event has at most {MaxVouchers} vouchers.");
                }

                var voucher = new VoucherDetails(Guid.CreateVersion7(), code, request.TicketTypeId, request.PercentOff ?? 0, request.MaxUses ?? 1, request.ValidUntil, 0, 1);
                await connection.ExecuteAsync(
                    "insert into platform.ticket_vouchers (id, event_id, code, ticket_type_id, percent_off, max_uses, valid_until) values (@Id, @EventId, @Code, @TicketTypeId, @PercentOff, @MaxUses, @ValidUntil)",
                    new { voucher.Id, EventId = id, voucher.Code, voucher.TicketTypeId, voucher.PercentOff, voucher.MaxUses, voucher.ValidUntil });
                return voucher;
            }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/vouchers");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return ApiError.Conflict("voucher_exists", "The event has a voucher with this code.").ToResult();
        }
    }

    /// <summary>Replaces all but the code. Orders that used it keep what it gave them.</summary>
    public static async Task<Results<Ok<VoucherDetails>, ProblemHttpResult>> ChangeAsync(Guid id, Guid voucherId, VoucherChange request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        Check(checks, request.PercentOff, request.MaxUses);
        return (await TicketSetup.ManageAsync<VoucherDetails>(checks, id, manager, database, "voucher.changed", async (connection, _) =>
        {
            // Orders count its uses under its lock.
            await connection.ExecuteAsync("select 1 from platform.ticket_vouchers where id = @voucherId and event_id = @id for update", new { voucherId, id });
            if (await connection.QuerySingleOrDefaultAsync<VoucherDetails>($"{Query} and v.id = @voucherId", new { id, voucherId }) is not { } before)
            {
                return ApiError.NotFound("voucher_not_found", "The event has no such voucher.");
            }

            if (IfMatch.Refuses(http, before.Version) is { } changed)
            {
                return changed;
            }

            if (request.TicketTypeId is { } typeId && typeId != before.TicketTypeId && (await TicketQueries.TypesAsync(connection, id)).All(t => t.Id != typeId))
            {
                return ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");
            }

            var after = before with { TicketTypeId = request.TicketTypeId, PercentOff = request.PercentOff ?? 0, MaxUses = request.MaxUses ?? 1, ValidUntil = request.ValidUntil, Version = before.Version + 1 };
            if (after.MaxUses < after.Used)
            {
                return ApiError.Conflict("max_uses_below_used", $"{after.Used} orders have used it: 'maxUses' cannot be less. To end it, set 'validUntil'.");
            }

            await connection.ExecuteAsync(
                "update platform.ticket_vouchers set ticket_type_id = @TicketTypeId, percent_off = @PercentOff, max_uses = @MaxUses, valid_until = @ValidUntil, version = @Version where id = @Id", after);
            return after;
        }, cancel)).ToOk();
    }

    public static async Task<Results<Ok<IReadOnlyList<VoucherDetails>>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 100)
    {
        await using var connection = await database.OpenAsync(cancel);
        if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } error)
        {
            return error.ToResult();
        }

        return TypedResults.Ok<IReadOnlyList<VoucherDetails>>((await connection.QueryAsync<VoucherDetails>(
            $"{Query} and (@after::uuid is null or v.id > @after) order by v.id limit @Take", new { id, after, Take = Math.Clamp(limit, 1, 200) })).AsList());
    }

    private static void Check(FieldChecks checks, int? percentOff, int? maxUses)
    {
        checks.Require(percentOff is null or (>= 0 and <= 100), "percent_off_invalid", "'percentOff' is 0 to 100.");
        checks.Require(maxUses is null or (>= 1 and <= 1_000_000), "max_uses_invalid", "'maxUses' is 1 to 1,000,000.");
    }
}
