using Dapper;
using Npgsql;

namespace Events.Platform.Features.Organisations;

/// <summary>What a member's role lets it do. One table, tested as such.</summary>
public static class Permissions
{
    public const string OrganizationAdmin = "organization_admin";
    public const string EventAdmin = "event_admin";
    public const string RegularMember = "regular_member";

    /// <summary>May create and change events, their sessions and stages, and enters them as an organiser.</summary>
    public static bool ManagesEvents(string? role) => role is OrganizationAdmin or EventAdmin;

    /// <summary>Sees events that are not public yet.</summary>
    public static bool SeesDrafts(string? role) => role is OrganizationAdmin or EventAdmin or RegularMember;

    /// <summary>The user's role in an organisation; null for strangers and disabled accounts.</summary>
    public static Task<string?> RoleAsync(NpgsqlConnection connection, Guid? userId, Guid organiserId) =>
        connection.QuerySingleOrDefaultAsync<string?>(
            """
            select m.role from platform.organization_members m join platform.users u on u.id = m.user_id
            where m.user_id = @userId and m.organiser_id = @organiserId and u.disabled_at is null
            """,
            new { userId, organiserId });
}
