using Events.Platform.Composition;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Organisations;
using Npgsql;

namespace Events.Platform.Features.Events;

/// <summary>Who may do what with an event, by the permission table. A stranger does not learn that a draft exists.</summary>
internal static class EventGuard
{
    public static readonly ApiError NotManager = ApiError.Forbidden("not_event_admin", "Your role in this event does not allow it; its organisers may do it.");

    /// <summary>The event, if this account's role in it allows the action.</summary>
    public static async Task<Outcome<EventRow>> ManagedAsync(NpgsqlConnection connection, SignedIn account, Guid eventId, EventAction action = EventAction.EditEvent)
    {
        if (await EventQueries.FindAsync(connection, eventId.ToString()) is not { } row)
        {
            return EventsApi.NotFound;
        }

        return Permissions.Allows(await Permissions.EventRoleAsync(connection, account.UserId, eventId), action) ? row
            : await SeesAsync(connection, account, row) ? NotManager
            : EventsApi.NotFound;
    }

    /// <summary>Whether somebody may look at the event: everybody once it is public, before that the organisation and who has a part in it.</summary>
    public static async Task<bool> SeesAsync(NpgsqlConnection connection, SignedIn? account, EventRow row) =>
        row.IsPublic || (account is not null
            && (Permissions.SeesDrafts(await Permissions.RoleAsync(connection, account.UserId, row.OrganiserId)) || await Permissions.EventRoleAsync(connection, account.UserId, row.Id) is not null));
}
