using System.Net;
using System.Text;
using System.Text.Json;
using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Http;

public sealed class NodeApiTests : IAsyncLifetime
{
    private MediaNode _node = null!;

    public async Task InitializeAsync()
    {
        _node = await MediaNode.StartAsync();
        using HttpRequestMessage whip = new(HttpMethod.Post, "/whip/stage") { Content = new StringContent("v=0", Encoding.UTF8, "application/sdp") };
        whip.Headers.Add("Authorization", $"Bearer {_node.Grant()}");
        (await _node.Http.SendAsync(whip)).Dispose();
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Without_the_node_key_nothing_is_told_and_nothing_done()
    {
        foreach ((string? key, string code) in new[] { (null, "node_key_missing"), ("Bearer wrong", "node_key_invalid"), ($"Basic {MediaNode.NodeKey}", "node_key_missing"), ($"Bearer {MediaNode.NodeKey}x", "node_key_invalid") })
        {
            foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Get, "/node/rooms"), (HttpMethod.Get, "/node/rooms/stage"), (HttpMethod.Get, "/node/rooms/stage/stats"), (HttpMethod.Post, "/node/rooms/stage/moderate") })
            {
                (HttpStatusCode status, JsonElement body) = await Send(method, path, method == HttpMethod.Post ? """{"action":"close"}""" : null, key);
                Assert.Equal(HttpStatusCode.Unauthorized, status);
                Assert.Equal(code, body.GetProperty("code").GetString());
            }
        }

        Assert.Empty(_node.Server.Requests);
    }

    [Fact]
    public async Task The_rooms_and_one_room_are_shown()
    {
        (_, JsonElement rooms) = await Send(HttpMethod.Get, "/node/rooms");
        JsonElement room = Assert.Single(rooms.GetProperty("rooms").EnumerateArray());
        Assert.Equal("stage", room.GetProperty("room").GetString());
        Assert.Equal("Ada", room.GetProperty("participants")[0].GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.OK, (await Send(HttpMethod.Get, "/node/rooms/stage")).Status);
        (HttpStatusCode status, JsonElement problem) = await Send(HttpMethod.Get, "/node/rooms/other");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("room_not_found", problem.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_rooms_statistics_are_shown_with_as_many_viewers_as_are_asked_for()
    {
        foreach ((string query, int viewers) in new[] { ("", 100), ("?viewers=7", 7), ("?viewers=0", 0), ("?viewers=1000", 1000) })
        {
            (HttpStatusCode status, JsonElement stats) = await Send(HttpMethod.Get, "/node/rooms/stage/stats" + query);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(viewers, stats.GetProperty("totals").GetProperty("viewers").GetInt32()); // the fake tells what it was asked
        }

        foreach (string viewers in new[] { "1001", "-1", "many", "", "99999999999", "1.5" })
        {
            (HttpStatusCode status, JsonElement problem) = await Send(HttpMethod.Get, $"/node/rooms/stage/stats?viewers={viewers}");
            Assert.Equal((HttpStatusCode.BadRequest, "viewers_invalid"), (status, problem.GetProperty("code").GetString()));
        }

        (HttpStatusCode gone, JsonElement nobody) = await Send(HttpMethod.Get, "/node/rooms/other/stats");
        Assert.Equal((HttpStatusCode.NotFound, "room_not_found"), (gone, nobody.GetProperty("code").GetString()));
    }

    public static TheoryData<string, RoomRequest> Requests => new()
    {
        { """{"action":"invite","participantId":"p1"}""", new RoomRequest.Invite("p1") },
        { """{"action":"setRights","participantId":"p1","canPublish":true}""", new RoomRequest.SetRights("p1", new RightsChange(CanPublish: true)) },
        { """{"action":"setRights","participantId":"p1","canSubscribe":false,"moderates":true,"sources":[]}""", new RoomRequest.SetRights("p1", new RightsChange(null, false, TrackSources.None, true)) },
        { """{"action":"setRights","participantId":"p1","sources":["camera","screen_audio"]}""", new RoomRequest.SetRights("p1", new RightsChange(Sources: TrackSources.Camera | TrackSources.ScreenAudio)) },
        { """{"action":"lowerHand","participantId":"p1"}""", new RoomRequest.LowerHand("p1") },
        { """{"action":"mute","trackId":"t7","muted":true}""", new RoomRequest.MuteTrack("t7", true) },
        { """{"action":"askToUnmute","trackId":"t7"}""", new RoomRequest.AskToUnmute("t7") },
        { """{"action":"remove","participantId":"p1"}""", new RoomRequest.Remove("p1") },
        { """{"action":"lock","locked":false}""", new RoomRequest.Lock(false) },
        { """{"action":"capacity","participants":12}""", new RoomRequest.Capacity(12) },
        { """{"action":"capacity","participants":null}""", new RoomRequest.Capacity(null) },
        { """{"action":"close"}""", new RoomRequest.Close() },
        { """{"action":"bar","identity":"p"}""", new RoomRequest.Bar("p") },
        { """{"action":"readmit","identity":"p"}""", new RoomRequest.Readmit("p") },
        { """{"action":"revokeGrant","grantId":"g"}""", new RoomRequest.RevokeGrant("g") },
        { """{"action":"revokeGrants","identity":"p","issuedUntil":1767268800}""", new RoomRequest.RevokeGrants("p", DateTimeOffset.FromUnixTimeSeconds(1_767_268_800)) },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Every_request_is_read_and_handed_on(string body, RoomRequest expected)
    {
        Assert.Equal(HttpStatusCode.NoContent, (await Send(HttpMethod.Post, "/node/rooms/stage/moderate", body)).Status);
        Assert.Equal(expected, Assert.Single(_node.Server.Requests));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"action":"mute","trackId":"t7","muted":1}""")]
    [InlineData("""{"action":"mute","muted":true}""")]
    [InlineData("""{"action":"bar","identity":""}""")]
    [InlineData("""{"action":"revokeGrants","identity":"p"}""")]
    [InlineData("""{"action":"revokeGrants","identity":"p","issuedUntil":1e300}""")]
    [InlineData("""{"action":"revokeGrants","identity":"p","issuedUntil":-1}""")]
    public async Task A_malformed_request_is_refused(string body)
    {
        (HttpStatusCode status, JsonElement problem) = await Send(HttpMethod.Post, "/node/rooms/stage/moderate", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("bad_request", problem.GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Send(HttpMethod.Post, "/node/rooms/stage/moderate", new string(' ', 5000))).Status);
        Assert.Empty(_node.Server.Requests);
    }

    [Theory]
    [InlineData("room_locked", 423)]
    [InlineData("room_full", 503)]
    [InlineData("participant_removed", 403)]
    [InlineData("grant_revoked", 403)]
    [InlineData("source_not_allowed", 403)]
    public async Task An_encoder_that_a_room_refuses_is_told_with_a_status_of_its_own(string code, int status)
    {
        _node.Server.Refusal = new RtcError(code, "No.");
        using HttpRequestMessage whip = new(HttpMethod.Post, "/whip/stage") { Content = new StringContent("v=0", Encoding.UTF8, "application/sdp") };
        whip.Headers.Add("Authorization", $"Bearer {_node.Grant(identity: "p.2")}");
        using HttpResponseMessage response = await _node.Http.SendAsync(whip);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(code, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("moderation_not_allowed", 403)]
    [InlineData("already_on_stage", 409)]
    [InlineData("not_invited", 409)]
    [InlineData("muted_by_moderator", 409)]
    [InlineData("participant_not_found", 404)]
    [InlineData("track_not_found", 404)]
    public async Task What_a_room_refuses_the_platform_has_a_status_of_its_own(string code, int status)
    {
        _node.Server.Refusal = new RtcError(code, "No.");
        Assert.Equal((status, code), await _node.ModerateAsync(new { action = "lock", locked = true }));
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> Send(HttpMethod method, string path, string? body = null, string? key = $"Bearer {MediaNode.NodeKey}")
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", key);
        using HttpResponseMessage response = await _node.Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }
}
