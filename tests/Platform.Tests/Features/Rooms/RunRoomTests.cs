using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Events.Platform.Roles;
using Events.Tests.Platform.Testing;
using Events.Tests.Rtc.Signalling.Fakes;
using Microsoft.AspNetCore.Builder;

namespace Events.Tests.Platform.Features.Rooms;

/// <summary>The platform and a real media node: who runs a room from outside and inside, what of it is written down, and who comes back.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class RunRoomTests(PlatformFixture fixture) : IAsyncLifetime
{
    private WebApplication? _media;

    public Task InitializeAsync() => StartMediaAsync();

    public Task DisposeAsync() => StopMediaAsync();

    [Fact]
    public async Task An_organiser_locks_limits_and_opens_a_room_that_nobody_is_in_yet()
    {
        var scene = await fixture.SceneAsync();
        var path = $"/api/v1/sessions/{scene.SessionId}/room";
        var before = await scene.Organiser.GetJsonAsync(path);
        Assert.Equal("False null 0", $"{before.GetProperty("locked")} {before.GetProperty("capacity").GetRawText()} {before.GetProperty("participants").GetArrayLength()}");
        await PostAsync(scene.Organiser, scene, new { action = "lock", locked = true });
        await PostAsync(scene.Organiser, scene, new { action = "capacity", participants = 1 });
        var after = await scene.Organiser.GetJsonAsync(path);
        Assert.Equal("True 1", $"{after.GetProperty("locked")} {after.GetProperty("capacity")}");

        await using var gil = await EnterAsync(scene, await scene.GuestAsync());
        Assert.Equal("room_locked", gil.Refusal);
        await PostAsync(scene.Organiser, scene, new { action = "lock", locked = false, trackId = new string('x', 3_500), grantId = new { nothing = "of ours" } });
        await scene.Organiser.PostAsJsonAsync(path, new { action = "lock", locked = false, trackId = new string('x', 5_000) }).ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await using var first = await EnterAsync(scene, await scene.GuestAsync());
        Assert.Null(first.Refusal);
        await using var second = await EnterAsync(scene, await scene.GuestAsync());
        Assert.Equal("room_full", second.Refusal);
        var audit = await AuditAsync(scene);
        Assert.Equal(["room.lock", "room.capacity", "room.lock"], audit.Select(i => i.GetProperty("action").GetString()));
        Assert.Equal(["locked", "sessionId"], audit[2].GetProperty("detail").EnumerateObject().Select(p => p.Name).Order());
    }

    [Fact]
    public async Task Only_those_who_moderate_look_and_act_and_a_refusal_leaves_no_trace()
    {
        var scene = await fixture.SceneAsync();
        var other = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        var path = $"/api/v1/sessions/{scene.SessionId}/room";
        await guest.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Forbidden, "moderation_not_allowed");
        await guest.PostAsJsonAsync(path, new { action = "lock", locked = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "moderation_not_allowed");
        await other.Organiser.PostAsJsonAsync(path, new { action = "lock", locked = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await other.Organiser.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await scene.Account.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_missing");
        await scene.Organiser.PostAsJsonAsync($"/api/v1/sessions/{Guid.NewGuid()}/room", new { action = "close" }).ShouldRefuseAsync(HttpStatusCode.NotFound, "session_not_found");
        foreach (var body in new object[] { new { }, new { action = "hang" }, new { action = "lock" }, new[] { 1 }, "lock", new { action = "bar", identity = new string('x', 200) } })
        {
            await scene.Organiser.PostAsJsonAsync(path, body).ShouldRefuseAsync(HttpStatusCode.BadRequest, "bad_request");
        }

        await scene.Organiser.PostAsJsonAsync(path, new { action = "remove", participantId = "PA_none" }).ShouldRefuseAsync(HttpStatusCode.NotFound, "participant_not_found");
        await scene.Organiser.PostAsJsonAsync(path, new { action = "mute", trackId = "none", muted = true }).ShouldRefuseAsync(HttpStatusCode.NotFound, "track_not_found");
        Assert.Empty(await AuditAsync(scene));

        await StopMediaAsync();
        await scene.Organiser.PostAsJsonAsync(path, new { action = "lock", locked = true }).ShouldRefuseAsync(HttpStatusCode.ServiceUnavailable, "media_unavailable");
        await scene.Organiser.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.ServiceUnavailable, "media_unavailable");
        Assert.Empty(await AuditAsync(scene));
    }

    [Fact]
    public async Task Those_who_moderate_see_how_media_flows_and_nobody_else_does()
    {
        var scene = await fixture.SceneAsync();
        var other = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        var path = $"/api/v1/sessions/{scene.SessionId}/room/stats";
        await guest.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Forbidden, "moderation_not_allowed");
        await other.Organiser.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await scene.Account.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_missing");
        await scene.Organiser.GetAsync($"/api/v1/sessions/{Guid.NewGuid()}/room/stats").ShouldRefuseAsync(HttpStatusCode.NotFound, "session_not_found");
        foreach (var viewers in new[] { "201", "-1", "all", "" })
        {
            await scene.Organiser.GetAsync($"{path}?viewers={viewers}").ShouldRefuseAsync(HttpStatusCode.BadRequest, "viewers_invalid");
        }

        var empty = await scene.Organiser.GetJsonAsync($"{path}?viewers=200");
        Assert.Equal("0 0 0 0", $"{empty.GetProperty("totals").GetProperty("viewers")} {empty.GetProperty("totals").GetProperty("bitrateOut")} {empty.GetProperty("publishers").GetArrayLength()} {empty.GetProperty("viewers").GetArrayLength()}");
        await using var inside = await EnterAsync(scene, guest);
        Assert.Equal(empty.GetProperty("room").GetString(), (await scene.Organiser.GetJsonAsync(path)).GetProperty("room").GetString());

        await StopMediaAsync();
        await scene.Organiser.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.ServiceUnavailable, "media_unavailable");
    }

    [Fact]
    public async Task Who_is_removed_by_a_moderator_gets_no_grant_is_written_down_and_may_be_let_in_again()
    {
        var scene = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        await using var host = await EnterAsync(scene, scene.Organiser);
        await using var tab = await EnterAsync(scene, guest);
        await using var otherTab = await EnterAsync(scene, guest);
        var spare = await GrantAsync(scene, guest);
        await host.OkAsync("moderate", new { action = "remove", participantId = tab.ParticipantId });
        Assert.Equal("removed", (await tab.Hub.EventAsync("closed")).GetProperty("code").GetString());
        Assert.Equal("removed", (await otherTab.Hub.EventAsync("closed")).GetProperty("code").GetString());

        // The node bars the grant that is out; the platform gives no other as soon as the node's journal has told it.
        await using var back = await JoinAsync(spare);
        Assert.Equal("participant_removed", back.Refusal);
        await Eventually.TrueAsync(async () => (await GrantStatusAsync(scene, guest)) == "participant_removed", "the platform refuses a new grant");
        var banned = Assert.Single((await scene.Organiser.GetJsonAsync($"/api/v1/sessions/{scene.SessionId}/room")).GetProperty("banned").EnumerateArray());
        Assert.Equal("Gil Guest", banned.GetProperty("name").GetString());
        var entry = Assert.Single(await AuditAsync(scene));
        Assert.Equal("room.remove user event_participant", $"{entry.GetProperty("action")} {entry.GetProperty("actorKind")} {entry.GetProperty("subjectType")}");
        Assert.Equal(banned.GetProperty("participantId").GetString(), entry.GetProperty("subjectId").GetString());

        // Other sessions of the event are open to the person, and another person to this one.
        Assert.Null(await GrantStatusAsync(scene, guest, scene.StageId));
        await PostAsync(scene.Organiser, scene, new { action = "readmit", identity = banned.GetProperty("participantId").GetString() });
        await using var again = await EnterAsync(scene, guest);
        Assert.Null(again.Refusal);
    }

    [Fact]
    public async Task A_ban_from_outside_a_restart_of_the_node_and_a_revoked_grant_keep_people_out()
    {
        var scene = await fixture.SceneAsync();
        var (gil, ben) = (await scene.GuestAsync(), await scene.GuestAsync("Ben"));
        var (gils, bens) = (await GrantAsync(scene, gil), await GrantAsync(scene, ben));
        await using var inside = await JoinAsync(bens);
        await PostAsync(scene.Organiser, scene, new { action = "bar", identity = gils.GetProperty("identity").GetString()!.Split('.')[0] });
        Assert.Equal("participant_removed", await GrantStatusAsync(scene, gil));
        await PostAsync(scene.Organiser, scene, new { action = "revokeGrant", grantId = bens.GetProperty("grantId").GetString() });
        Assert.Equal("grant_revoked", (await inside.Hub.EventAsync("closed")).GetProperty("code").GetString());

        await StopMediaAsync();
        await StartMediaAsync();
        await using var first = await JoinAsync(gils);
        Assert.Equal("participant_removed", first.Refusal);
        await using var second = await JoinAsync(bens);
        Assert.Equal("grant_revoked", second.Refusal);
        await using var third = await EnterAsync(scene, ben);
        Assert.Null(third.Refusal);
    }

    [Fact]
    public async Task An_attendee_of_a_stage_is_promoted_and_demoted_and_both_are_written_down()
    {
        var scene = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        await using var host = await EnterAsync(scene, scene.Organiser, scene.StageId);
        await using var viewer = await EnterAsync(scene, guest, scene.StageId);
        Assert.True(host.Answer.GetProperty("you").GetProperty("moderates").GetBoolean());
        Assert.False(viewer.Answer.GetProperty("you").GetProperty("canPublish").GetBoolean());
        await host.OkAsync("moderate", new { action = "invite", participantId = viewer.ParticipantId });
        await viewer.Hub.EventAsync("stageInvited");
        await viewer.OkAsync("answerInvitation", new { accepted = true });
        Assert.True((await viewer.Hub.EventAsync("rightsChanged")).GetProperty("canPublish").GetBoolean());

        // Coming back, the grant says "watch only" as before; the room knows better.
        await using var reloaded = await EnterAsync(scene, guest, scene.StageId);
        Assert.True(reloaded.Answer.GetProperty("you").GetProperty("canPublish").GetBoolean());
        await host.OkAsync("moderate", new { action = "setRights", participantId = viewer.ParticipantId, canPublish = false });
        await Eventually.TrueAsync(async () => (await AuditAsync(scene)).Count > 1, "both tabs' demotion is in the audit log");
        Assert.All(await AuditAsync(scene), i => Assert.Equal("room.set_rights False", $"{i.GetProperty("action")} {i.GetProperty("detail").GetProperty("canPublish")}"));
    }

    [Fact]
    public async Task Who_leaves_the_team_moderates_no_longer_not_in_a_running_call_and_not_by_a_token_from_before()
    {
        var scene = await fixture.SceneAsync();
        var (moderator, token, userId) = await ModeratorAsync(scene);
        await using var inside = await EnterAsync(scene, moderator);
        Assert.True(inside.Answer.GetProperty("you").GetProperty("moderates").GetBoolean());
        await PostAsync(moderator, scene, new { action = "lock", locked = false });

        // The node is away when the team changes: it is asked again until it has done it.
        await StopMediaAsync();
        using (var removed = await scene.Account.DeleteAsync($"/api/v1/events/{scene.EventId}/team/{userId}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await StartMediaAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await using var stale = await JoinAsync(token);
                return stale.Refusal == "grant_revoked";
            },
            "the grant from before is revoked");
        await moderator.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/room", new { action = "lock", locked = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "moderation_not_allowed");
        await moderator.GetAsync($"/api/v1/sessions/{scene.SessionId}/room").ShouldRefuseAsync(HttpStatusCode.Forbidden, "moderation_not_allowed");
        await moderator.PostAsJsonAsync($"/api/v1/sessions/{scene.StageId}/grants", new { publish = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "publish_not_allowed");

        // Grants are dated in whole seconds: one of the second of the change itself is revoked with those before it.
        await Eventually.TrueAsync(
            async () =>
            {
                await using var again = await EnterAsync(scene, moderator);
                Assert.True(again.Refusal is null or "grant_revoked", again.Refusal);
                return again.Refusal is null && !again.Answer.GetProperty("you").GetProperty("moderates").GetBoolean();
            },
            "a new grant opens the room to an attendee");
    }

    [Fact]
    public async Task A_moderator_puts_out_attendees_and_nobody_who_runs_the_room_too()
    {
        var scene = await fixture.SceneAsync();
        var (moderator, own, _) = await ModeratorAsync(scene);
        var organisers = await GrantAsync(scene, scene.Organiser);
        await using var inside = await JoinAsync(organisers);
        await Eventually.TrueAsync(async () => (await moderator.GetJsonAsync($"/api/v1/sessions/{scene.SessionId}/room")).GetProperty("participants").GetArrayLength() == 1, "the organiser is in");
        var path = $"/api/v1/sessions/{scene.SessionId}/room";
        var person = organisers.GetProperty("identity").GetString()!.Split('.')[0];
        foreach (var request in new object[]
        {
            new { action = "bar", identity = person },
            new { action = "bar", identity = organisers.GetProperty("identity").GetString() },
            new { action = "revokeGrants", identity = person, issuedUntil = DateTimeOffset.UtcNow.ToUnixTimeSeconds() },
            new { action = "revokeGrant", grantId = organisers.GetProperty("grantId").GetString() },
            new { action = "setRights", participantId = inside.ParticipantId, moderates = false },
        })
        {
            await moderator.PostAsJsonAsync(path, request).ShouldRefuseAsync(HttpStatusCode.Forbidden, "moderation_not_allowed");
        }

        Assert.Null(await GrantStatusAsync(scene, scene.Organiser));
        Assert.Empty(await AuditAsync(scene));
        var guest = await scene.GuestAsync();
        var gil = (await GrantAsync(scene, guest)).GetProperty("identity").GetString()!.Split('.')[0];
        await PostAsync(moderator, scene, new { action = "bar", identity = gil });
        Assert.Equal("participant_removed", await GrantStatusAsync(scene, guest));
        await PostAsync(scene.Organiser, scene, new { action = "revokeGrant", grantId = own.GetProperty("grantId").GetString() });
        await using var stale = await JoinAsync(own);
        Assert.Equal("grant_revoked", stale.Refusal);
    }

    [Fact]
    public async Task A_change_of_the_team_is_felt_in_a_running_call()
    {
        var scene = await fixture.SceneAsync();
        var (moderator, _, userId) = await ModeratorAsync(scene);
        await using var inside = await EnterAsync(scene, moderator);
        await using var guest = await EnterAsync(scene, await scene.GuestAsync());
        using var removed = await scene.Account.DeleteAsync($"/api/v1/events/{scene.EventId}/team/{userId}");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal("grant_revoked", (await inside.Hub.EventAsync("closed")).GetProperty("code").GetString());
        await guest.OkAsync("raiseHand", new { raised = true });
    }

    [Fact]
    public async Task A_room_is_closed_for_everyone_from_outside()
    {
        var scene = await fixture.SceneAsync();
        await using var gil = await EnterAsync(scene, await scene.GuestAsync());
        await PostAsync(scene.Organiser, scene, new { action = "close" });
        Assert.Equal("room_closed", (await gil.Hub.EventAsync("closed")).GetProperty("code").GetString());
        Assert.Equal(0, (await scene.Organiser.GetJsonAsync($"/api/v1/sessions/{scene.SessionId}/room")).GetProperty("participants").GetArrayLength());
    }

    [Fact]
    public async Task An_erased_person_is_in_no_room_any_more()
    {
        var scene = await fixture.SceneAsync();
        await using var host = await EnterAsync(scene, scene.Organiser);
        await Eventually.TrueAsync(async () => await PresentAsync() == 1, "the organiser's presence is known");
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        var user = await connection.QuerySingleAsync<Guid>("select user_id from platform.event_participants where event_id = @EventId", new { scene.EventId });
        var participation = new Events.Platform.Features.EventEntry.ParticipantPersonalData();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await participation.EraseAsync(new Events.Platform.Features.Privacy.PersonalSubject("x@example.org", user), transaction, CancellationToken.None);
            await transaction.CommitAsync();
        }

        Assert.Equal(0, await PresentAsync());

        async Task<int> PresentAsync()
        {
            await using var looking = await fixture.Database.OpenAsync(CancellationToken.None);
            return await looking.QuerySingleAsync<int>("select count(*)::int from platform.room_participants where room = @room", new { room = scene.SessionId.ToString() });
        }
    }

    /// <summary>A moderator of the scene's event, by token, and a grant of it that is out already.</summary>
    private async Task<(HttpClient Moderator, JsonElement Grant, Guid UserId)> ModeratorAsync(Scene scene)
    {
        var (userId, email) = await fixture.AddUserAsync("Mo Moderator");
        await using (var connection = await fixture.Database.OpenAsync(CancellationToken.None))
        {
            await connection.ExecuteAsync("insert into platform.event_roles (event_id, user_id, role) values (@EventId, @userId, 'moderator')", new { scene.EventId, userId });
        }

        var entry = await (await fixture.SignedInAsync(email)).PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { }, HttpStatusCode.OK);
        var moderator = fixture.Bearer(entry.GetProperty("token").GetString()!);
        var grant = await GrantAsync(scene, moderator);
        Assert.True(grant.GetProperty("moderates").GetBoolean());
        return (moderator, grant, userId);
    }

    private async Task StartMediaAsync()
    {
        var options = fixture.Options with { Role = Role.Media, RtcPort = 0, RtcWorkers = 1 };
        Directory.CreateDirectory(options.RunDirectory);
        _media = MediaRole.Build(options);
        await _media.StartAsync();
    }

    private async Task StopMediaAsync()
    {
        if (_media is { } media)
        {
            _media = null;
            await media.StopAsync();
            await media.DisposeAsync();
        }
    }

    private static async Task PostAsync(HttpClient client, Scene scene, object body)
    {
        using var response = await client.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/room", body);
        Assert.True(response.StatusCode == HttpStatusCode.NoContent, await response.Content.ReadAsStringAsync());
    }

    private static Task<JsonElement> GrantAsync(Scene scene, HttpClient person, Guid? session = null) =>
        person.PostJsonAsync($"/api/v1/sessions/{session ?? scene.SessionId}/grants", new { publish = session is null }, HttpStatusCode.OK);

    private static async Task<string?> GrantStatusAsync(Scene scene, HttpClient person, Guid? session = null)
    {
        using var response = await person.PostAsJsonAsync($"/api/v1/sessions/{session ?? scene.SessionId}/grants", new { publish = false });
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return response.IsSuccessStatusCode ? null : answer.GetProperty("code").GetString();
    }

    private async Task<Seat> EnterAsync(Scene scene, HttpClient person, Guid? session = null) => await JoinAsync(await GrantAsync(scene, person, session));

    private async Task<Seat> JoinAsync(JsonElement grant)
    {
        var hub = await HubClient.ConnectAsync(fixture.Options.MediaUrl, null);
        return new Seat(hub, await hub.CallAsync("join", new { grant = grant.GetProperty("grant").GetString() }));
    }

    private static async Task<List<JsonElement>> AuditAsync(Scene scene) =>
        [.. (await scene.Account.GetJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/audit")).GetProperty("items").EnumerateArray()
            .Where(i => i.GetProperty("action").GetString()!.StartsWith("room.", StringComparison.Ordinal)).Reverse()];

    private sealed record Seat(HubClient Hub, JsonElement Answer) : IAsyncDisposable
    {
        public string? Refusal => Answer.GetProperty("ok").GetBoolean() ? null : Answer.GetProperty("error").GetProperty("code").GetString();

        public string ParticipantId => Answer.GetProperty("you").GetProperty("participantId").GetString()!;

        public async Task OkAsync(string method, object argument)
        {
            var answer = await Hub.CallAsync(method, argument);
            Assert.True(answer.GetProperty("ok").GetBoolean(), answer.ToString());
        }

        public ValueTask DisposeAsync() => Hub.DisposeAsync();
    }
}
