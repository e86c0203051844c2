using Events.Platform.Features.Organisations;

namespace Events.Tests.Platform.Features;

public sealed class PermissionsTests
{
    // Columns: organization_admin, event_admin, regular_member.
    private static readonly Dictionary<OrganisationAction, string> InOrganisation = new()
    {
        [OrganisationAction.View] = "yyy",
        [OrganisationAction.ManageEvents] = "yy-",
        [OrganisationAction.ReadAnalytics] = "yy-",
        [OrganisationAction.ManageMembers] = "y--",
        [OrganisationAction.ManageApiTokens] = "y--",
        [OrganisationAction.ManagePayments] = "y--",
        [OrganisationAction.ReadAudit] = "y--",
        [OrganisationAction.ManageBranding] = "y--",
        [OrganisationAction.ManageSso] = "y--",
    };

    // Columns: organiser, host, cohost, speaker, moderator, judge, booth_staff, scanner, attendee.
    private static readonly Dictionary<EventAction, string> InEvent = new()
    {
        [EventAction.TakePart] = "yyyyyyyyy",
        [EventAction.EditEvent] = "yy-------",
        [EventAction.ManageTeam] = "yy-------",
        [EventAction.ReadRegistrations] = "yyy------",
        [EventAction.EndOrders] = "y--------",
        [EventAction.Record] = "yyy------",
        [EventAction.SpeakOnStage] = "yyyyy----",
        [EventAction.Moderate] = "yyy-y----",
        [EventAction.Judge] = "-----y---",
        [EventAction.StaffBooth] = "yy----y--",
        [EventAction.CheckIn] = "yyy----y-",
    };

    private static readonly string[] Members = ["organization_admin", "event_admin", "regular_member"];
    private static readonly string[] Roles = ["organiser", "host", "cohost", "speaker", "moderator", "judge", "booth_staff", "scanner", "attendee"];

    public static TheoryData<string, OrganisationAction, bool> OrganisationCells() => Cells(InOrganisation, Members);

    public static TheoryData<string, EventAction, bool> EventCells() => Cells(InEvent, Roles);

    [Theory]
    [MemberData(nameof(OrganisationCells))]
    public void A_member_may_what_the_table_says(string role, OrganisationAction action, bool allowed) => Assert.Equal(allowed, Permissions.Allows(role, action));

    [Theory]
    [MemberData(nameof(EventCells))]
    public void A_role_in_an_event_may_what_the_table_says(string role, EventAction action, bool allowed) => Assert.Equal(allowed, Permissions.Allows(role, action));

    [Fact]
    public void The_tables_here_have_every_action_and_every_role()
    {
        Assert.Equal(Enum.GetValues<OrganisationAction>().Order(), InOrganisation.Keys.Order());
        Assert.Equal(Enum.GetValues<EventAction>().Order(), InEvent.Keys.Order());
        Assert.Equal(Members.Order(), Permissions.OrganisationRoles.Order());
        Assert.Equal(Roles.Order(), Permissions.EventRoles.Order());
    }

    [Fact]
    public void No_role_and_an_unknown_role_may_nothing()
    {
        foreach (var role in new[] { null, "", "root", "Organiser", "organization_admin " })
        {
            Assert.All(Enum.GetValues<OrganisationAction>(), a => Assert.False(Permissions.Allows(role, a)));
            Assert.All(Enum.GetValues<EventAction>(), a => Assert.False(Permissions.Allows(role, a)));
        }
    }

    private static TheoryData<string, T, bool> Cells<T>(Dictionary<T, string> table, string[] roles)
        where T : notnull
    {
        var cells = new TheoryData<string, T, bool>();
        foreach (var (action, row) in table)
        {
            for (var i = 0; i < roles.Length; i++)
            {
                cells.Add(roles[i], action, row[i] == 'y');
            }
        }

        return cells;
    }
}
