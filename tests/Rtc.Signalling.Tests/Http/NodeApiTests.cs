using System.Net;
using System.Text;
using System.Text.Json;
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
            foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Get, "/node/rooms"), (HttpMethod.Post, "/node/rooms/stage/participants/p1/remove"), (HttpMethod.Post, "/node/rooms/stage/tracks/t/mute") })
            {
                (HttpStatusCode status, JsonElement body) = await Send(method, path, null, key);
                Assert.Equal(HttpStatusCode.Unauthorized, status);
                Assert.Equal(code, body.GetProperty("code").GetString());
            }
        }

        Assert.False(_node.Server.Participants.Values.Single().IsGone);
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
    public async Task A_removed_encoder_is_out_and_cannot_come_back_with_its_grant()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await Send(HttpMethod.Post, "/node/rooms/stage/participants/p1/remove")).Status);
        Assert.True(_node.Server.Participants["p1"].IsGone);
        Assert.Equal(HttpStatusCode.NotFound, (await Send(HttpMethod.Post, "/node/rooms/stage/participants/p1/remove")).Status);

        using HttpRequestMessage whip = new(HttpMethod.Post, "/whip/stage") { Content = new StringContent("v=0", Encoding.UTF8, "application/sdp") };
        whip.Headers.Add("Authorization", $"Bearer {_node.Grant()}");
        using HttpResponseMessage response = await _node.Http.SendAsync(whip);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("participant_removed", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Muting_is_carried_out_and_a_malformed_body_refused()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await Send(HttpMethod.Post, "/node/rooms/stage/tracks/t7/mute", """{"muted":true}""")).Status);
        Assert.Equal(("stage", "t7", true), Assert.Single(_node.Server.Mutes));
        foreach (string body in new[] { "", "{", "[]", """{"muted":"x"}""", """{"muted":1}""" })
            Assert.Equal(HttpStatusCode.BadRequest, (await Send(HttpMethod.Post, "/node/rooms/stage/tracks/t7/mute", body)).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Send(HttpMethod.Post, "/node/rooms/stage/tracks/t7/mute", new string(' ', 5000))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Send(HttpMethod.Post, "/node/rooms/stage/tracks/none/mute", """{"muted":true}""")).Status);
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
