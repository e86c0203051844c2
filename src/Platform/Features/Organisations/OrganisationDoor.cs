using Events.Platform.Composition;
using Events.Platform.Features.Accounts;
using Npgsql;

namespace Events.Platform.Features.Organisations;

/// <summary>Holds a signed-in user against the permission table.</summary>
internal static class OrganisationDoor
{
    public static readonly ApiError NotFound = ApiError.NotFound("organisation_not_found", "There is no such organisation, or you are no member of it.");

    private static readonly ApiError NotAllowed = ApiError.Forbidden("role_not_allowed", "Your role in this organisation does not allow it.");

    /// <summary>Null when allowed. A stranger learns nothing: to it the organisation does not exist.</summary>
    public static async Task<ApiError?> RefusalAsync(NpgsqlConnection connection, SignedIn account, Guid organiserId, OrganisationAction action)
    {
        var role = await Permissions.RoleAsync(connection, account.UserId, organiserId);
        return role is null ? NotFound : Permissions.Allows(role, action) ? null : NotAllowed;
    }
}
