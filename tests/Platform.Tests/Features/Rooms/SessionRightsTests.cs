using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Rooms;
using Events.Rtc.Rooms;

namespace Events.Tests.Platform.Features.Rooms;

/// <summary>What each role may in each kind of room, cell by cell.</summary>
public sealed class SessionRightsTests
{
    private static readonly string[] Roles = ["organiser", "host", "cohost", "speaker", "moderator", "judge", "booth_staff", "scanner", "attendee"];

    // Columns as in Roles.
    private static readonly Dictionary<string, string> Table = new()
    {
        ["publish in a session"] = "yyyyyyyyy",
        ["publish on a stage"] = "yyyyy----",
        ["moderate"] = "yyy-y----",
        ["change who moderates"] = "yy-------",
    };

    public static TheoryData<string, string, bool> Cells()
    {
        var cells = new TheoryData<string, string, bool>();
        foreach (var (what, row) in Table)
        {
            for (var i = 0; i < Roles.Length; i++)
            {
                cells.Add(what, Roles[i], row[i] == 'y');
            }
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_role_may_what_the_table_says_and_a_preview_may_nothing(string what, string role, bool allowed)
    {
        Assert.Equal(allowed, May(what, Pass(role)));
        Assert.False(May(what, Pass(role) with { Preview = true }));
    }

    [Fact]
    public void The_table_here_has_every_role() => Assert.Equal(Roles.Order(), Permissions.EventRoles.Order());

    [Theory]
    [InlineData("session", true)]
    [InlineData("session", false)]
    [InlineData("stage", false)]
    public void A_grant_carries_who_it_is_for_and_no_more_than_was_asked(string kind, bool publish)
    {
        foreach (var role in Roles)
        {
            var rights = SessionRights.Of("room", "p.1", kind, Pass(role), publish).Value!;
            Assert.Equal(("room", "p.1", "Ada", role, publish, true, false), (rights.Room, rights.Identity, rights.Name, rights.Role, rights.CanPublish, rights.CanSubscribe, rights.Hidden));
            Assert.Equal((May("moderate", Pass(role)), TrackSources.All, false), (rights.Moderates, rights.Sources, rights.Recorder));
        }
    }

    [Fact]
    public void A_preview_watches_hidden()
    {
        var rights = SessionRights.Of("room", "p.1", "stage", Pass("organiser") with { Preview = true }, publish: false).Value!;
        Assert.True(rights is { Hidden: true, CanPublish: false, Moderates: false });
    }

    public static TheoryData<RoomRequest> Everyday => new()
    {
        new RoomRequest.Invite("p"),
        new RoomRequest.SetRights("p", new RightsChange(CanPublish: false, Sources: TrackSources.Microphone)),
        new RoomRequest.LowerHand("p"),
        new RoomRequest.MuteTrack("t", true),
        new RoomRequest.AskToUnmute("t"),
        new RoomRequest.Remove("p"),
        new RoomRequest.Lock(true),
        new RoomRequest.Capacity(5),
        new RoomRequest.Close(),
        new RoomRequest.Bar("p"),
        new RoomRequest.Readmit("p"),
        new RoomRequest.RevokeGrant("g"),
        new RoomRequest.RevokeGrants("p", DateTimeOffset.UnixEpoch),
    };

    [Theory]
    [MemberData(nameof(Everyday))]
    public void Who_moderates_asks_every_request_but_those_that_make_moderators(RoomRequest request)
    {
        foreach (var role in Roles)
        {
            Assert.Equal(May("moderate", Pass(role)), SessionRights.MayAsk(Pass(role), request));
        }
    }

    private static bool May(string what, EventPass pass) => what switch
    {
        "publish in a session" => SessionRights.Of("room", "p.1", "session", pass, publish: true).Value is { CanPublish: true },
        "publish on a stage" => SessionRights.Of("room", "p.1", "stage", pass, publish: true).Value is { CanPublish: true },
        "moderate" => SessionRights.Runs(pass),
        _ => SessionRights.MayAsk(pass, new RoomRequest.SetRights("p", new RightsChange(Moderates: true)))
            && SessionRights.MayAsk(pass, new RoomRequest.SetRights("p", new RightsChange(CanSubscribe: false))),
    };

    private static EventPass Pass(string role) => new(Guid.NewGuid(), Guid.NewGuid(), "Ada", role);
}
