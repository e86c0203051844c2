using System.Collections.Frozen;
using Dapper;
using Npgsql;

namespace Events.Platform.Features.Organisations;

/// <summary>What members do in their organisation.</summary>
public enum OrganisationAction
{
    /// <summary>See the organisation, its members, and its events that are not public yet.</summary>
    View,

    /// <summary>Create and change events; enter them as organiser.</summary>
    ManageEvents,

    /// <summary>Read the analytics of its events.</summary>
    ReadAnalytics,

    /// <summary>Change its name, invite, change and remove members.</summary>
    ManageMembers,

    /// <summary>See and revoke tokens of the external API (issuing is the operator's).</summary>
    ManageApiTokens,

    /// <summary>Connect the account that payments go to.</summary>
    ManagePayments,

    /// <summary>Read the audit log.</summary>
    ReadAudit,

    /// <summary>Its logo and colours, which its events inherit.</summary>
    ManageBranding,

    /// <summary>Set up company sign-in, prove mail domains, demand it for an event.</summary>
    ManageSso,
}

/// <summary>What people do in an event.</summary>
public enum EventAction
{
    /// <summary>Enter, watch stages, speak in sessions, chat.</summary>
    TakePart,

    /// <summary>Change the event, its schedule, tickets and branding.</summary>
    EditEvent,

    /// <summary>Invite co-hosts and the other roles.</summary>
    ManageTeam,

    /// <summary>See who registered, and how the event fares.</summary>
    ReadRegistrations,

    /// <summary>Give money back, cancel orders, take tickets back, call the event off: what cannot be undone.</summary>
    EndOrders,

    /// <summary>Start and stop recordings, delete them.</summary>
    Record,

    /// <summary>Publish on stages.</summary>
    SpeakOnStage,

    /// <summary>Mute and remove participants, delete messages, answer questions.</summary>
    Moderate,

    /// <summary>Score what is judged.</summary>
    Judge,

    /// <summary>Look after a booth of the expo.</summary>
    StaffBooth,

    /// <summary>Scan tickets at the door.</summary>
    CheckIn,
}

/// <summary>Who may do what: two tables, tested cell by cell.</summary>
public static class Permissions
{
    public const string OrganizationAdmin = "organization_admin";
    public const string EventAdmin = "event_admin";
    public const string RegularMember = "regular_member";

    public const string Organiser = "organiser";
    public const string Host = "host";
    public const string Cohost = "cohost";
    public const string Speaker = "speaker";
    public const string Moderator = "moderator";
    public const string JudgeRole = "judge";
    public const string BoothStaff = "booth_staff";
    public const string Scanner = "scanner";
    public const string Attendee = "attendee";

    /// <summary>Roles of members of an organisation.</summary>
    public static readonly FrozenSet<string> OrganisationRoles = FrozenSet.Create(OrganizationAdmin, EventAdmin, RegularMember);

    /// <summary>Roles in an event. Organiser follows from the membership, attendee is everyone else; the rest is assigned.</summary>
    public static readonly FrozenSet<string> EventRoles = FrozenSet.Create(Organiser, Host, Cohost, Speaker, Moderator, JudgeRole, BoothStaff, Scanner, Attendee);

    private static readonly FrozenDictionary<OrganisationAction, string[]> InOrganisation = new Dictionary<OrganisationAction, string[]>
    {
        [OrganisationAction.View] = [OrganizationAdmin, EventAdmin, RegularMember],
        [OrganisationAction.ManageEvents] = [OrganizationAdmin, EventAdmin],
        [OrganisationAction.ReadAnalytics] = [OrganizationAdmin, EventAdmin],
        [OrganisationAction.ManageMembers] = [OrganizationAdmin],
        [OrganisationAction.ManageApiTokens] = [OrganizationAdmin],
        [OrganisationAction.ManagePayments] = [OrganizationAdmin],
        [OrganisationAction.ReadAudit] = [OrganizationAdmin],
        [OrganisationAction.ManageBranding] = [OrganizationAdmin],
        [OrganisationAction.ManageSso] = [OrganizationAdmin],
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<EventAction, string[]> InEvent = new Dictionary<EventAction, string[]>
    {
        [EventAction.TakePart] = [Organiser, Host, Cohost, Speaker, Moderator, JudgeRole, BoothStaff, Scanner, Attendee],
        [EventAction.EditEvent] = [Organiser, Host],
        [EventAction.ManageTeam] = [Organiser, Host],
        [EventAction.ReadRegistrations] = [Organiser, Host, Cohost],
        [EventAction.EndOrders] = [Organiser],
        [EventAction.Record] = [Organiser, Host, Cohost],
        [EventAction.SpeakOnStage] = [Organiser, Host, Cohost, Speaker, Moderator],
        [EventAction.Moderate] = [Organiser, Host, Cohost, Moderator],
        [EventAction.Judge] = [JudgeRole],
        [EventAction.StaffBooth] = [Organiser, Host, BoothStaff],
        [EventAction.CheckIn] = [Organiser, Host, Cohost, Scanner],
    }.ToFrozenDictionary();

    /// <summary>Whether a member with this role may do it; no role, nothing.</summary>
    public static bool Allows(string? role, OrganisationAction action) => role is not null && InOrganisation[action].Contains(role);

    /// <summary>Whether someone with this role in an event may do it.</summary>
    public static bool Allows(string? role, EventAction action) => role is not null && InEvent[action].Contains(role);

    /// <summary>May create and change events, their sessions and stages, and enters them as an organiser.</summary>
    public static bool ManagesEvents(string? role) => Allows(role, OrganisationAction.ManageEvents);

    /// <summary>Sees events that are not public yet.</summary>
    public static bool SeesDrafts(string? role) => Allows(role, OrganisationAction.View);

    /// <summary>The user's role in an organisation; null for strangers and disabled accounts.</summary>
    public static Task<string?> RoleAsync(NpgsqlConnection connection, Guid? userId, Guid organiserId) =>
        connection.QuerySingleOrDefaultAsync<string?>(
            """
            select m.role from platform.organization_members m join platform.users u on u.id = m.user_id
            where m.user_id = @userId and m.organiser_id = @organiserId and u.disabled_at is null
            """,
            new { userId, organiserId });

    /// <summary>The user's role in an event: organiser by membership, else what was assigned, else null.</summary>
    public static async Task<string?> EventRoleAsync(NpgsqlConnection connection, Guid userId, Guid eventId) =>
        await connection.QuerySingleOrDefaultAsync<EventRoleRow>(
            """
            select (select m.role from platform.organization_members m where m.organiser_id = e.organiser_id and m.user_id = u.id) as member,
                   (select r.role from platform.event_roles r where r.event_id = e.id and r.user_id = u.id) as assigned
            from platform.events e, platform.users u where e.id = @eventId and u.id = @userId and u.disabled_at is null
            """,
            new { userId, eventId }) is { } row ? (ManagesEvents(row.Member) ? Organiser : row.Assigned) : null;

    private sealed record EventRoleRow(string? Member, string? Assigned);
}
