using Events.Platform.Composition;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Organisations;
using Npgsql;

namespace Events.Platform.Features.Events;

/// <summary>Who may change an event. A stranger does not learn that a draft exists.</summary>
internal static class EventGuard
{
    public static readonly ApiError NotManager = ApiError.Forbidden("not_event_admin", "Only admins and event admins of the organisation may do this.");

    /// <summary>The event, if this account manages it.</summary>
    public static async Task<Outcome<EventRow>> ManagedAsync(NpgsqlConnection connection, SignedIn account, Guid eventId)
    {
        if (await EventQueries.FindAsync(connection, eventId.ToString()) is not { } row)
        {
            return EventsApi.NotFound;
        }

        var role = await Permissions.RoleAsync(connection, account.UserId, row.OrganiserId);
        return Permissions.ManagesEvents(role) ? row
            : row.IsPublic || Permissions.SeesDrafts(role) ? NotManager
            : EventsApi.NotFound;
    }
}
