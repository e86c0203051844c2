using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.Rtc.Signalling;
using Events.Tests.Rtc.Signalling.Fakes;
using Events.Tests.Rtc.Signalling.Hubs;

namespace Events.Tests.Rtc.Signalling.Http;

/// <summary>Credentials of TURN servers (draft-uberti-behave-turn-rest-00), by the hub and by Link headers.</summary>
public sealed class IceServersTests : IAsyncLifetime
{
    private const string Secret = "a secret shared with coturn";

    private MediaNode _node = null!;

    public async Task InitializeAsync() => _node = await MediaNode.StartAsync(options => options with
    {
        IceServers = [],
        Turn = new TurnOptions { Urls = ["stun:turn.example.org", "turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"], Secret = Secret },
    });

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Joining_and_asking_again_give_credentials_that_end_an_hour_later()
    {
        await using HubClient client = await _node.ConnectAsync();
        JsonElement entered = await client.CallAsync("join", new { grant = _node.Grant(identity: "p.1") });
        AssertServers(entered, "p.1");
        string first = entered.GetProperty("iceServers")[1].GetProperty("username").GetString()!;

        _node.Time.Advance(TimeSpan.FromMinutes(4));
        JsonElement again = await client.CallAsync("iceServers");
        Assert.True(RtcHubTests.Ok(again));
        AssertServers(again, "p.1");
        Assert.NotEqual(first, again.GetProperty("iceServers")[1].GetProperty("username").GetString());
    }

    [Fact]
    public async Task Only_who_is_in_a_room_may_ask()
    {
        await using HubClient client = await _node.ConnectAsync();
        Assert.Equal("not_joined", RtcHubTests.Code(await client.CallAsync("iceServers")));
    }

    [Fact]
    public async Task Whip_says_them_with_the_answer_and_to_who_asks_first_with_a_grant()
    {
        using HttpRequestMessage post = Request(HttpMethod.Post, _node.Grant(identity: "p.1"));
        post.Content = new StringContent("v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n", Encoding.UTF8, "application/sdp");
        using HttpResponseMessage created = await _node.Http.SendAsync(post);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        AssertLinks(created);

        using HttpResponseMessage asked = await _node.Http.SendAsync(Request(HttpMethod.Options, _node.Grant(identity: "p.1")));
        Assert.Equal(HttpStatusCode.NoContent, asked.StatusCode);
        AssertLinks(asked);
    }

    [Fact]
    public async Task Preflights_and_strangers_are_told_of_none()
    {
        foreach (string? grant in new[] { null, "a.b.c", _node.Grant(room: "other") })
        {
            using HttpResponseMessage asked = await _node.Http.SendAsync(Request(HttpMethod.Options, grant));
            Assert.Equal(HttpStatusCode.NoContent, asked.StatusCode);
            Assert.False(asked.Headers.Contains("Link"));
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string? grant)
    {
        HttpRequestMessage request = new(method, "/whip/stage");
        if (grant is not null)
            request.Headers.Authorization = new("Bearer", grant);
        return request;
    }

    private void AssertLinks(HttpResponseMessage response)
    {
        List<string> links = [.. response.Headers.GetValues("Link")];
        Assert.Equal(3, links.Count);
        Assert.Equal("<stun:turn.example.org>; rel=\"ice-server\"", links[0]);
        string username = $"{(_node.Time.GetUtcNow() + TimeSpan.FromHours(1)).ToUnixTimeSeconds()}:p.1";
        Assert.Equal(
            $"<turn:turn.example.org:3478?transport=udp>; rel=\"ice-server\"; username=\"{username}\"; credential=\"{Signature(username)}\"; credential-type=\"password\"",
            links[1]);
    }

    private void AssertServers(JsonElement answer, string identity)
    {
        Assert.Equal(3_600, answer.GetProperty("iceServersTtl").GetInt32());
        JsonElement servers = answer.GetProperty("iceServers");
        Assert.Equal(2, servers.GetArrayLength());
        Assert.Equal("stun:turn.example.org", servers[0].GetProperty("urls")[0].GetString());
        Assert.Equal(2, servers[1].GetProperty("urls").GetArrayLength());
        string username = servers[1].GetProperty("username").GetString()!;
        Assert.Equal($"{(_node.Time.GetUtcNow() + TimeSpan.FromHours(1)).ToUnixTimeSeconds()}:{identity}", username);
        Assert.Equal(Signature(username), servers[1].GetProperty("credential").GetString());
    }

    private static string Signature(string username)
    {
#pragma warning disable CA5350 // what TURN servers verify
        using HMACSHA1 mac = new(Encoding.UTF8.GetBytes(Secret));
#pragma warning restore CA5350
        return Convert.ToBase64String(mac.ComputeHash(Encoding.UTF8.GetBytes(username)));
    }
}
