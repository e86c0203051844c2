using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Data.Work;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Tickets.Widget;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Tickets;

/// <summary>What an event sells: for visitors what they can have, for organisers the setup.</summary>
internal static class TicketsApi
{
    public static void AddTickets(this IServiceCollection services, NodeOptions options)
    {
        services.AddSingleton(provider => TicketKeys.LoadOrCreate(options.KeysDirectory, provider.GetRequiredKeyedService<SigningKeyRing>(TicketKeys.Ring), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PlaceOrder>();
        services.AddSingleton<TicketMails>();
        services.AddSingleton<ITimerHandler, EventReminders>();
        services.AddSingleton<ITimerHandler, EventCancellation>();
        services.AddSingleton<ITimerHandler, ScheduleChanges>();
        services.AddSingleton<ITimerHandler, ScheduleNotices>();
        services.AddSingleton<AnswerFileLimits>();
        services.AddSingleton<OrderLimits>();
        services.AddSingleton<ITimerHandler, AnswerFileUpkeep>();
        services.AddRowWorker<TicketUpkeep>();
    }

    public static void MapTickets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/events/{id:guid}/tickets", OnSaleAsync).ReadableByAnySite();
        routes.MapPost("/api/v1/events/{id:guid}/waiting-list", WaitingList.JoinAsync);
        routes.MapGet("/api/v1/waiting-list/{key}", WaitingList.GetAsync);
        routes.MapDelete("/api/v1/waiting-list/{key}", WaitingList.LeaveAsync);
        routes.MapPost("/api/v1/invitations/{key}/{answer}", Invitations.AnswerAsync);
        routes.MapPost("/api/v1/events/{id:guid}/questions/{questionId:guid}/files", AnswerFiles.UploadAsync);
        routes.MapOrders();
        routes.MapWidget();

        var organisers = routes.MapGroup("").RequireAuthorization(AccountCookie.Scheme);
        organisers.MapGet("/api/v1/events/{id:guid}/quotas", TicketSetup.QuotasAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/quotas", TicketSetup.AddQuotaAsync).TakesIdempotencyKey();
        organisers.MapPatch("/api/v1/events/{id:guid}/quotas/{quotaId:guid}", TicketSetup.ChangeQuotaAsync).TakesIdempotencyKey();
        organisers.MapGet("/api/v1/events/{id:guid}/ticket-types", SetupAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/ticket-types", TicketTypes.AddAsync).TakesIdempotencyKey();
        organisers.MapPut("/api/v1/events/{id:guid}/ticket-types/{typeId:guid}", TicketTypes.ChangeAsync).TakesIdempotencyKey();
        organisers.MapDelete("/api/v1/events/{id:guid}/ticket-types/{typeId:guid}", TicketTypes.WithdrawAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/questions", Questions.AddAsync).TakesIdempotencyKey();
        organisers.MapPut("/api/v1/events/{id:guid}/questions/{questionId:guid}", Questions.ChangeAsync).TakesIdempotencyKey();
        organisers.MapDelete("/api/v1/events/{id:guid}/questions/{questionId:guid}", Questions.RemoveAsync);
        organisers.MapPut("/api/v1/events/{id:guid}/consent", TicketSetup.SetConsentAsync).TakesIdempotencyKey();
        organisers.MapPost("/api/v1/events/{id:guid}/vouchers", Vouchers.AddAsync).TakesIdempotencyKey();
        organisers.MapGet("/api/v1/events/{id:guid}/vouchers", Vouchers.ListAsync);
        organisers.MapPut("/api/v1/events/{id:guid}/vouchers/{voucherId:guid}", Vouchers.ChangeAsync).TakesIdempotencyKey();
        organisers.MapPost("/api/v1/events/{id:guid}/ticket-types/{typeId:guid}/invitations", Invitations.SendAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/ticket-types/{typeId:guid}/invitations/import", ImportInvitations.HandleAsync);
        organisers.MapGet("/api/v1/events/{id:guid}/invitations", Invitations.ListAsync);
        organisers.MapDelete("/api/v1/events/{id:guid}/invitations/{invitationId:guid}", Invitations.RevokeAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/cancellation", CancelEvent.StartAsync);
        organisers.MapGet("/api/v1/events/{id:guid}/cancellation", CancelEvent.GetAsync);
        organisers.MapPost("/api/v1/events/{id:guid}/cancellation/refunds", CancelEvent.RetryRefundsAsync);
        organisers.MapPost("/api/v1/tickets/check", CheckTicket.HandleAsync);
        organisers.MapPost("/api/v1/tickets/check-in", CheckIn.HandleAsync);
        organisers.MapDelete("/api/v1/tickets/{id:guid}/check-in", CheckIn.UndoAsync);
        organisers.MapGet("/api/v1/tickets/{id:guid}/answers", TicketAnswers.ListAsync);
        organisers.MapGet("/api/v1/answer-files/{id:guid}", TicketAnswers.FileAsync);
    }

    /// <summary>
    /// Public types with what is left of them, and what has to be asked and agreed to. A voucher shows the hidden types that it opens; the key of an
    /// invitation or of a place in the queue shows its type alone.
    /// </summary>
    private static async Task<Results<Ok<OnSale>, ProblemHttpResult>> OnSaleAsync(
        Guid id, Database database, TicketKeys keys, CancellationToken cancel, string? voucher = null, string? invitation = null, string? waitingList = null)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await EventQueries.FindAsync(connection, id.ToString()) is not { IsPublic: true } row)
        {
            return EventsApi.NotFound.ToResult();
        }

        if (row.State == "cancelled")
        {
            return TypedResults.Ok(new OnSale([], [], null));
        }

        var opens = voucher is { Length: > 0 and <= 40 } && FieldChecks.IsWellFormed(voucher)
            ? await connection.QuerySingleOrDefaultAsync<Opened>("select ticket_type_id from platform.ticket_vouchers where event_id = @id and code = @Code", new { id, Code = voucher.Trim().ToUpperInvariant() })
            : null;
        var invited = keys.TryReadLink("invitation", invitation, out var invitationId)
            ? await connection.QuerySingleOrDefaultAsync<Guid?>("select ticket_type_id from platform.ticket_invitations where id = @invitationId and event_id = @id and state in ('sent', 'opened', 'declined')", new { invitationId, id })
            : null;
        var offered = keys.TryReadLink("waiting", waitingList, out var waitingId)
            ? await connection.QuerySingleOrDefaultAsync<Guid?>("select ticket_type_id from platform.ticket_waiting_list where id = @waitingId and event_id = @id and state in ('waiting', 'offered')", new { waitingId, id })
            : null;
        var stock = await Stock.OfEventAsync(connection, id);
        var types = (await TicketQueries.TypesAsync(connection, id))
            .Where(t => (invited ?? offered) is { } only ? t.Id == only
                : t.Visibility == "public" || (t.Visibility == "hidden" && opens is not null && (opens.TicketTypeId is null || opens.TicketTypeId == t.Id)))
            .Select(t => t.ToDetails(stock[t.QuotaId].Available));
        return TypedResults.Ok(new OnSale([.. types], await TicketQueries.QuestionsAsync(connection, id), await ConsentRules.CurrentAsync(connection, id)));
    }

    /// <summary>All of it, whatever the event's state: every type, every question, the consent text.</summary>
    private static async Task<Results<Ok<OnSale>, ProblemHttpResult>> SetupAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if ((await EventGuard.ManagedAsync(connection, account, id, EventAction.ReadRegistrations)).Error is { } error)
        {
            return error.ToResult();
        }

        var (stock, sold) = (await Stock.OfEventAsync(connection, id), await TicketQueries.SoldAsync(connection, id));
        var types = (await TicketQueries.TypesAsync(connection, id)).Select(t => t.ToDetails(stock[t.QuotaId].Available, sold.GetValueOrDefault(t.Id)));
        return TypedResults.Ok(new OnSale([.. types], await TicketQueries.QuestionsAsync(connection, id), await ConsentRules.CurrentAsync(connection, id)));
    }

    private sealed record Opened(Guid? TicketTypeId);
}
