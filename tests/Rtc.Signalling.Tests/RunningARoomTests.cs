using System.Text;
using System.Text.Json;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling;
using Events.Tests.Rtc.Signalling.Fakes;
using Events.Tests.Rtc.Signalling.Hubs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Rtc.Signalling;

/// <summary>The doors before real rooms: who runs one, who is let in, and what of that a restart keeps.</summary>
public sealed class RunningARoomTests : IAsyncLifetime
{
    private MediaNode _node = null!;

    public async Task InitializeAsync() => _node = await MediaNode.StartAsync(realRooms: true);

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task A_moderator_invites_promotes_demotes_and_locks_through_the_hub_and_everyone_is_told()
    {
        await using HubClient host = await _node.ConnectAsync();
        await using HubClient guest = await _node.ConnectAsync();
        JsonElement hosted = await Join(host, _node.Grant(identity: "host.1", moderates: true));
        Assert.True(hosted.GetProperty("you").GetProperty("moderates").GetBoolean());
        JsonElement joined = await Join(guest, _node.Grant(identity: "guest.1", publish: false));
        Assert.False(joined.GetProperty("you").GetProperty("moderates").GetBoolean());
        Assert.Equal(4, joined.GetProperty("you").GetProperty("sources").GetArrayLength());
        string id = Id(joined);

        Assert.True(RtcHubTests.Ok(await guest.CallAsync("raiseHand", new { raised = true })));
        Assert.Equal(1, (await host.EventAsync("handRaised")).GetProperty("hand").GetInt64());
        Assert.True(RtcHubTests.Ok(await host.CallAsync("moderate", new { action = "invite", participantId = id })));
        Assert.Equal(Id(hosted), (await guest.EventAsync("stageInvited")).GetProperty("participantId").GetString());
        Assert.True(RtcHubTests.Ok(await guest.CallAsync("answerInvitation", new { accepted = true })));
        Assert.True((await guest.EventAsync("rightsChanged")).GetProperty("canPublish").GetBoolean());
        Assert.True((await host.EventAsync("invitationAnswered")).GetProperty("accepted").GetBoolean());
        Assert.Equal("moderation_not_allowed", RtcHubTests.Code(await guest.CallAsync("moderate", new { action = "lock", locked = true })));
        Assert.Equal("moderation_not_allowed", RtcHubTests.Code(await host.CallAsync("moderate", new { action = "close" })));
        Assert.Equal("moderation_not_allowed", RtcHubTests.Code(await host.CallAsync("moderate", new { action = "setRights", participantId = id, moderates = true })));
        Assert.True(RtcHubTests.Ok(await host.CallAsync("moderate", new { action = "setRights", participantId = id, canPublish = false })));
        Assert.False((await guest.EventAsync("rightsChanged")).GetProperty("canPublish").GetBoolean());

        Assert.True(RtcHubTests.Ok(await host.CallAsync("moderate", new { action = "lock", locked = true })));
        Assert.True((await guest.EventAsync("roomLocked")).GetProperty("locked").GetBoolean());
        await using HubClient late = await _node.ConnectAsync();
        Assert.Equal("room_locked", RtcHubTests.Code(await late.CallAsync("join", new { grant = _node.Grant(identity: "late.1") })));
        await using HubClient reloaded = await _node.ConnectAsync();
        Assert.True((await Join(reloaded, _node.Grant(identity: "guest.2"))).GetProperty("room").GetProperty("locked").GetBoolean());

        // A node that starts again knows whom the lock is to keep out, and whom not.
        await _node.RestartAsync();
        await using HubClient again = await _node.ConnectAsync();
        await Refused(again, _node.Grant(identity: "late.2"), "room_locked");
        await Join(again, _node.Grant(identity: "guest.3"));
    }

    [Fact]
    public async Task Others_see_that_one_reconnects_until_it_is_back_and_who_comes_meanwhile_sees_it_too()
    {
        await using HubClient host = await _node.ConnectAsync();
        await using HubClient guest = await _node.ConnectAsync();
        await Join(host, _node.Grant(identity: "host.1"));
        JsonElement joined = await Join(guest, _node.Grant(identity: "guest.1"));
        Assert.False(Person(joined, Id(joined)).GetProperty("reconnecting").GetBoolean());
        guest.Drop();
        Assert.Equal(Id(joined), (await host.EventAsync("participantReconnecting")).GetProperty("participantId").GetString());

        await using HubClient late = await _node.ConnectAsync();
        JsonElement seen = await Join(late, _node.Grant(identity: "late.1"));
        Assert.True(Person(seen, Id(joined)).GetProperty("reconnecting").GetBoolean());

        await using HubClient again = await _node.ConnectAsync();
        JsonElement resumed = await again.CallAsync("resume", new { resumeToken = joined.GetProperty("resumeToken").GetString() });
        Assert.False(Person(resumed, Id(joined)).GetProperty("reconnecting").GetBoolean());
        Assert.Equal(Id(joined), (await host.EventAsync("participantReconnected")).GetProperty("participantId").GetString());
        Assert.Equal(Id(joined), (await late.EventAsync("participantReconnected")).GetProperty("participantId").GetString());

        static JsonElement Person(JsonElement room, string id) =>
            room.GetProperty("participants").EnumerateArray().Single(p => p.GetProperty("participantId").GetString() == id);
    }

    [Fact]
    public async Task Who_is_removed_is_told_cannot_resume_and_comes_in_by_no_door_not_even_after_a_restart()
    {
        await using HubClient host = await _node.ConnectAsync();
        await using HubClient guest = await _node.ConnectAsync();
        await Join(host, _node.Grant(identity: "host.1", moderates: true));
        string grant = _node.Grant(identity: "guest.1");
        JsonElement joined = await Join(guest, grant);
        Assert.True(RtcHubTests.Ok(await host.CallAsync("moderate", new { action = "remove", participantId = Id(joined) })));
        Assert.Equal("removed", (await guest.EventAsync("closed")).GetProperty("code").GetString());
        Assert.Equal("resume_expired", RtcHubTests.Code(await guest.CallAsync("resume", new { resumeToken = joined.GetProperty("resumeToken").GetString() })));
        await Refused(guest, grant, "participant_removed");
        await Refused(guest, _node.Grant(identity: "guest.2"), "participant_removed");

        await _node.RestartAsync();
        await using HubClient again = await _node.ConnectAsync();
        await Refused(again, _node.Grant(identity: "guest.3"), "participant_removed");
        using HttpRequestMessage whip = new(HttpMethod.Post, "/whip/stage") { Content = new StringContent(Offer, Encoding.UTF8, "application/sdp") };
        whip.Headers.Add("Authorization", $"Bearer {_node.Grant(identity: "guest.4")}");
        using HttpResponseMessage response = await _node.Http.SendAsync(whip);
        Assert.Equal(403, (int)response.StatusCode);
        Assert.Contains("participant_removed", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        Assert.Equal((204, null), await _node.ModerateAsync(new { action = "readmit", identity = "guest" }));
        await Join(again, _node.Grant(identity: "guest.5"));
    }

    [Fact]
    public async Task Locks_capacities_demotions_and_revoked_grants_hold_after_a_restart()
    {
        await using HubClient guest = await _node.ConnectAsync();
        JsonElement joined = await Join(guest, _node.Grant(identity: "guest.1"));
        string grant = _node.Grant(identity: "ben.1");
        string grantId = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(grant.Split('.')[1])).RootElement.GetProperty("jti").GetString()!;
        Assert.Equal((204, null), await _node.ModerateAsync(new { action = "setRights", participantId = Id(joined), canPublish = false }));
        Assert.Equal((204, null), await _node.ModerateAsync(new { action = "capacity", participants = 2 }));
        Assert.Equal((204, null), await _node.ModerateAsync(new { action = "revokeGrant", grantId }));
        Assert.Equal((204, null), await _node.ModerateAsync(new { action = "lock", locked = true }, "another"));

        await _node.RestartAsync();
        JsonElement empty = JsonDocument.Parse(await RoomAsync("another")).RootElement;
        Assert.True(empty.GetProperty("locked").GetBoolean());
        Assert.Contains("room_not_found", await RoomAsync("nowhere"), StringComparison.Ordinal);
        await using HubClient first = await _node.ConnectAsync();
        await Refused(first, grant, "grant_revoked");
        await Refused(first, _node.Grant("another", "ben.1"), "room_locked");
        Assert.False((await Join(first, _node.Grant(identity: "guest.2"))).GetProperty("you").GetProperty("canPublish").GetBoolean());
        await using HubClient second = await _node.ConnectAsync();
        await Join(second, _node.Grant(identity: "ben.2"));
        await using HubClient third = await _node.ConnectAsync();
        await Refused(third, _node.Grant(identity: "cleo.1"), "room_full");
    }

    [Fact]
    public async Task A_persons_grants_until_a_moment_are_revoked_and_newer_ones_are_not()
    {
        await using HubClient guest = await _node.ConnectAsync();
        string old = _node.Grant(identity: "guest.1", moderates: true);
        await Join(guest, old);
        Assert.Equal((204, null), await _node.ModerateAsync(new { action = "revokeGrants", identity = "guest", issuedUntil = _node.Time.GetUtcNow().ToUnixTimeSeconds() }));
        Assert.Equal("grant_revoked", (await guest.EventAsync("closed")).GetProperty("code").GetString());

        await _node.RestartAsync();
        _node.Time.Advance(TimeSpan.FromSeconds(1));
        await using HubClient again = await _node.ConnectAsync();
        await Refused(again, old, "grant_revoked");
        Assert.False((await Join(again, _node.Grant(identity: "guest.2"))).GetProperty("you").GetProperty("moderates").GetBoolean());
        await using HubClient other = await _node.ConnectAsync();
        await Join(other, _node.Grant(identity: "other.1"));
    }

    [Fact]
    public async Task Rules_are_forgotten_a_week_after_the_last_change_when_every_grant_has_long_expired()
    {
        await _node.ModerateAsync(new { action = "lock", locked = true });
        _node.Time.Advance(RoomRulesFiles.Kept - TimeSpan.FromMinutes(1));
        await using HubClient guest = await _node.ConnectAsync();
        await Refused(guest, _node.Grant(), "room_locked");
        _node.Time.Advance(TimeSpan.FromMinutes(1)); // which ends a connection that has not joined
        await using HubClient later = await _node.ConnectAsync();
        await Join(later, _node.Grant());
    }

    [Fact]
    public async Task A_file_that_a_crash_cut_short_is_dropped_and_a_damaged_one_stops_the_start()
    {
        string directory = Directory.CreateTempSubdirectory("events-rules-").FullName;
        try
        {
            RoomRulesFiles files = new(directory, _node.Time, NullLogger<RoomRulesFiles>.Instance);
            await files.SaveAsync("stage", RoomRules.None with { Locked = true });
            await File.WriteAllTextAsync(Path.Combine(directory, "stage.json.new"), "{\"at\":");
            RoomRulesFiles again = new(directory, _node.Time, NullLogger<RoomRulesFiles>.Instance);
            Assert.True(again.Load("stage").Locked);
            Assert.Single(Directory.GetFiles(directory));

            foreach (string damage in new[] { "{\"at\":", "null", new string('x', 17_000_000) })
            {
                await File.WriteAllTextAsync(Path.Combine(directory, "stage.json"), damage);
                Assert.Throws<InvalidDataException>(() => new RoomRulesFiles(directory, _node.Time, NullLogger<RoomRulesFiles>.Instance));
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_burst_of_changes_ends_with_the_last_one_on_disk_and_a_disk_that_fails_is_said()
    {
        string directory = Directory.CreateTempSubdirectory("events-rules-").FullName;
        RoomRulesFiles files = new(directory, _node.Time, NullLogger<RoomRulesFiles>.Instance);
        await Task.WhenAll(Enumerable.Range(1, 200).Select(n => files.SaveAsync("stage", (RoomRules.None with { Capacity = n }).WithBarred($"p{n}").WithRuling("ada", new RightsChange(false, null, TrackSources.Screen)))));
        RoomRules read = new RoomRulesFiles(directory, _node.Time, NullLogger<RoomRulesFiles>.Instance).Load("stage");
        Assert.Equal(200, read.Capacity);
        Assert.Equal(["p200"], read.Barred);
        Assert.Equal(new RightsChange(false, null, TrackSources.Screen), read.Of("ada"));

        Directory.Delete(directory, recursive: true);
        await Assert.ThrowsAnyAsync<IOException>(() => files.SaveAsync("stage", RoomRules.None));
        Directory.CreateDirectory(directory);
        await files.SaveAsync("stage", RoomRules.None with { Capacity = 1 });
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void The_lists_of_a_room_are_bounded_and_the_latest_stay()
    {
        RoomRules rules = RoomRules.None;
        for (int n = 0; n < RoomRules.MaxEntries + 5; n++)
            rules = rules.WithBarred($"p{n}").WithRevoked($"g{n}").WithRuling($"r{n}", new RightsChange(false));
        Assert.Equal([RoomRules.MaxEntries, RoomRules.MaxEntries, RoomRules.MaxEntries], [rules.Barred.Count, rules.RevokedGrants.Count, rules.Rulings.Count]);
        Assert.Equal("p5 g1004", $"{rules.Barred[0]} {rules.RevokedGrants[^1]}");
        Assert.Null(rules.Of("r0"));
    }

    private const string Offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    private async Task<string> RoomAsync(string room)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/node/rooms/{room}");
        request.Headers.Add("Authorization", $"Bearer {MediaNode.NodeKey}");
        using HttpResponseMessage response = await _node.Http.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    private static string Id(JsonElement joined) => joined.GetProperty("you").GetProperty("participantId").GetString()!;

    private static async Task<JsonElement> Join(HubClient client, string grant)
    {
        JsonElement answer = await client.CallAsync("join", new { grant });
        Assert.True(RtcHubTests.Ok(answer), answer.ToString());
        return answer;
    }

    private static async Task Refused(HubClient client, string grant, string code) =>
        Assert.Equal(code, RtcHubTests.Code(await client.CallAsync("join", new { grant })));
}
