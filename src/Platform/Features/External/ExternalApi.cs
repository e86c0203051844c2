using Events.Platform.Composition;
using Events.Platform.Features.Events;
using Events.Platform.Features.Schedule;
using Events.Platform.Features.Tickets;
using static Events.Platform.Features.External.ApiScopes;

namespace Events.Platform.Features.External;

/// <summary>
/// The external API domain: an organisation's systems read and change its events. What is not listed here no token opens. Writes
/// are the use cases that the organiser's pages have, and take an <c>Idempotency-Key</c>.
/// </summary>
internal static class ExternalApi
{
    public static void MapExternalApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(ExternalDoor.Root);
        Read(group, "/events", EventsRead, "listEvents", "The organisation's events in every state.", ExternalEvents.ListAsync);
        Write(group, "POST", "/events", EventsWrite, "createEvent", "Makes an event.", ExternalEvents.CreateAsync);
        Read(group, "/events/{id:guid}", EventsRead, "getEvent", "One event with its sessions.", ExternalEvents.GetAsync);
        Write(group, "PATCH", "/events/{id:guid}", EventsWrite, "changeEvent", "Changes what is named; the rest stays.", ChangeEvent.HandleAsync).TakesIfMatch();
        Write(group, "POST", "/events/{id:guid}/state", EventsWrite, "moveEvent", "Moves an event one step on: building, draft, live, ended, archived.", ChangeEvent.MoveAsync);

        Read(group, "/events/{id:guid}/sessions", EventsRead, "listSessions", "Sessions and stages.", ExternalEvents.SessionsAsync);
        Write(group, "POST", "/events/{id:guid}/sessions", EventsWrite, "createSession", "Adds a session or a stage.", CreateSession.HandleAsync);
        Write(group, "PUT", "/events/{id:guid}/sessions/{sessionId:guid}", EventsWrite, "replaceSession", "Replaces all of a session; its kind stays while people are inside.", ChangeSession.HandleAsync).TakesIfMatch();
        Write(group, "DELETE", "/events/{id:guid}/sessions/{sessionId:guid}", EventsWrite, "deleteSession", "Removes a session that was never used.", ChangeSession.RemoveAsync);
        Read(group, "/events/{id:guid}/speakers", EventsRead, "listSpeakers", "Speakers.", ExternalProgramme.SpeakersAsync);
        Write(group, "POST", "/events/{id:guid}/speakers", EventsWrite, "createSpeaker", "Adds a speaker.", ScheduleSetup.AddSpeakerAsync);
        Write(group, "PUT", "/events/{id:guid}/speakers/{partId:guid}", EventsWrite, "replaceSpeaker", "Replaces all of a speaker.", ScheduleSetup.ChangeSpeakerAsync).TakesIfMatch();
        Write(group, "DELETE", "/events/{id:guid}/speakers/{partId:guid}", EventsWrite, "deleteSpeaker", "Removes a speaker; schedule items stay.", ScheduleSetup.RemoveSpeakerAsync);
        Read(group, "/events/{id:guid}/areas", EventsRead, "listAreas", "Areas.", ExternalProgramme.AreasAsync);
        Write(group, "POST", "/events/{id:guid}/areas", EventsWrite, "createArea", "Adds an area.", ScheduleSetup.AddAreaAsync);
        Write(group, "PUT", "/events/{id:guid}/areas/{partId:guid}", EventsWrite, "replaceArea", "Replaces all of an area.", ScheduleSetup.ChangeAreaAsync).TakesIfMatch();
        Write(group, "DELETE", "/events/{id:guid}/areas/{partId:guid}", EventsWrite, "deleteArea", "Removes an area; schedule items stay.", ScheduleSetup.RemoveAreaAsync);
        Read(group, "/events/{id:guid}/schedule", EventsRead, "listScheduleItems", "The schedule's items.", ExternalProgramme.ScheduleAsync);
        Write(group, "POST", "/events/{id:guid}/schedule", EventsWrite, "createScheduleItem", "Adds an item to the schedule.", ScheduleSetup.AddItemAsync);
        Write(group, "PUT", "/events/{id:guid}/schedule/{itemId:guid}", EventsWrite, "replaceScheduleItem", "Replaces all of an item.", ScheduleSetup.ChangeItemAsync).TakesIfMatch();
        Write(group, "DELETE", "/events/{id:guid}/schedule/{itemId:guid}", EventsWrite, "deleteScheduleItem", "Removes an item.", ScheduleSetup.RemoveItemAsync);

        Read(group, "/events/{id:guid}/quotas", EventsRead, "listQuotas", "Stock, and what is left of it.", ExternalTickets.QuotasAsync);
        Write(group, "POST", "/events/{id:guid}/quotas", EventsWrite, "createQuota", "Adds a stock that ticket types draw from.", TicketSetup.AddQuotaAsync);
        Write(group, "PATCH", "/events/{id:guid}/quotas/{quotaId:guid}", EventsWrite, "changeQuota", "Changes a stock's name or size.", TicketSetup.ChangeQuotaAsync).TakesIfMatch();
        Read(group, "/events/{id:guid}/ticket-types", EventsRead, "listTicketTypes", "Ticket types, withdrawn ones too.", ExternalTickets.TypesAsync);
        Write(group, "POST", "/events/{id:guid}/ticket-types", EventsWrite, "createTicketType", "Adds a ticket type.", TicketTypes.AddAsync);
        Write(group, "PUT", "/events/{id:guid}/ticket-types/{typeId:guid}", EventsWrite, "replaceTicketType", "Replaces all of a ticket type; once one is sold, its price and stock stay.", TicketTypes.ChangeAsync).TakesIfMatch();
        Write(group, "DELETE", "/events/{id:guid}/ticket-types/{typeId:guid}", EventsWrite, "withdrawTicketType", "Takes a ticket type off sale for good.", TicketTypes.WithdrawAsync);

        Read(group, "/events/{id:guid}/orders", OrdersRead, "listOrders", "Orders with their buyers; audited.", ExternalTickets.OrdersAsync);
        Read(group, "/orders/{id:guid}", OrdersRead, "getOrder", "One order; audited.", ExternalTickets.OrderAsync);
        Read(group, "/events/{id:guid}/attendees", ParticipantsRead, "listAttendees", "Tickets with their holders; audited.", ExternalTickets.AttendeesAsync);
        Read(group, "/attendees/{id:guid}", ParticipantsRead, "getAttendee", "One ticket with its holder; audited.", ExternalTickets.AttendeeAsync);
        Read(group, "/events/{id:guid}/participants", ParticipantsRead, "listParticipants", "Who entered the event; audited.", ExternalTickets.ParticipantsAsync);

        Read(group, "/events/{id:guid}/check-ins", CheckInsRead, "listCheckIns", "Tickets that are in.", ExternalCheckIns.ListAsync);
        Write(group, "POST", "/events/{id:guid}/check-ins", CheckInsWrite, "checkIn", "Lets a ticket in, or says why not.", ExternalCheckIns.CheckInAsync);
        Write(group, "DELETE", "/events/{id:guid}/check-ins/{ticketId:guid}", CheckInsWrite, "takeCheckInBack", "Takes a check-in back.", ExternalCheckIns.TakeBackAsync);
    }

    private static void Read(RouteGroupBuilder group, string pattern, string scope, string name, string summary, Delegate handler) =>
        group.MapGet(pattern, handler).WithMetadata(new ScopeRequired(scope)).WithTags(scope.Split(':')[0]).WithName(name).WithSummary(summary);

    private static RouteHandlerBuilder Write(RouteGroupBuilder group, string method, string pattern, string scope, string name, string summary, Delegate handler) =>
        group.MapMethods(pattern, [method], handler).WithMetadata(new ScopeRequired(scope)).WithTags(scope.Split(':')[0]).WithName(name).WithSummary(summary).TakesIdempotencyKey();
}
