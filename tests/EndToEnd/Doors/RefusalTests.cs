using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Installation;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Doors;

/// <summary>What a client that does something wrong is told, through the real processes.</summary>
[Collection(SharedInstallation.Name)]
public sealed class RefusalTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Garbage = "v=0\r\no=garbage\r\nm=\r\n\0\u0001";

    [Fact]
    public async Task An_empty_room_cannot_be_watched()
    {
        var (api, ticket) = await TicketAsync();
        using (api)
        {
            await ExpectAsync(await PostAsync(api, $"/whep/{ticket.Room}", Offer("recvonly"), ticket.Grant), HttpStatusCode.NotFound, "room_not_found");
        }
    }

    [Fact]
    public async Task A_grant_must_be_there_be_ours_and_be_for_this_room()
    {
        var (api, ticket) = await TicketAsync();
        using (api)
        {
            await ExpectAsync(await PostAsync(api, $"/whep/{ticket.Room}", Offer("recvonly"), null), HttpStatusCode.Unauthorized, "grant_missing");
            await ExpectAsync(await PostAsync(api, $"/whep/{ticket.Room}", Offer("recvonly"), "not.a.grant"), HttpStatusCode.Unauthorized, "grant_invalid");
            await ExpectAsync(await PostAsync(api, $"/whip/{ticket.Room}", Offer("sendonly"), Tampered(ticket.Grant)), HttpStatusCode.Unauthorized, "grant_invalid");
            await ExpectAsync(await PostAsync(api, "/whip/another-room", Offer("sendonly"), ticket.Grant), HttpStatusCode.Forbidden, "grant_wrong_room");
        }
    }

    [Fact]
    public async Task A_description_that_is_none_is_refused_with_a_reason()
    {
        var (api, ticket) = await TicketAsync();
        using (api)
        {
            foreach (var body in (string[])["", Garbage, "v=0\r\n", new string('a', 10_000), Offer("sendonly").Replace("fingerprint", "finger", StringComparison.Ordinal)])
            {
                using var response = await PostAsync(api, $"/whip/{ticket.Room}", body, ticket.Grant);
                var code = await CodeAsync(response);
                Output.WriteLine($"{body.Length,6} characters: {(int)response.StatusCode} {code}");
                Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
                Assert.StartsWith("sdp_", code, StringComparison.Ordinal);
            }

            using var large = await PostAsync(api, $"/whip/{ticket.Room}", new string('a', 300_000), ticket.Grant);
            await ExpectAsync(large, HttpStatusCode.RequestEntityTooLarge, "body_too_large");
            using var json = await PostAsync(api, $"/whip/{ticket.Room}", "{}", ticket.Grant, "application/json");
            await ExpectAsync(json, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        }
    }

    [Fact]
    public async Task The_platform_sends_WHIP_and_WHEP_on_to_the_media_node()
    {
        using var api = Installation.NewApi();
        foreach (var door in (string[])["whip", "whep"])
        {
            using var content = new StringContent(Offer("sendonly"), new MediaTypeHeaderValue("application/sdp"));
            using var response = await api.Http.PostAsync(new Uri($"/{door}/some-room", UriKind.Relative), content);
            Assert.Equal(HttpStatusCode.TemporaryRedirect, response.StatusCode);
            Assert.Equal(new Uri(Installation.MediaUrl, $"/{door}/some-room"), response.Headers.Location);
        }
    }

    [Theory]
    [InlineData("GET", "/api/v1/no-such-thing", HttpStatusCode.NotFound, "route_not_found")]
    [InlineData("GET", "/api/v1/me", HttpStatusCode.Unauthorized, "not_signed_in")]
    [InlineData("GET", "/media/0000000000000000000000000000000000000000000000000000000000000000/x.mp4?exp=1&sig=AA", HttpStatusCode.Forbidden, "signature_invalid")]
    public async Task The_platform_answers_with_a_problem_and_its_code(string method, string path, HttpStatusCode status, string code)
    {
        using var api = Installation.NewApi();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        await ExpectAsync(await api.Http.SendAsync(request), status, code);
    }

    [Fact]
    public async Task Every_role_says_that_it_lives_is_ready_and_what_it_counts()
    {
        using var http = new HttpClient();
        foreach (var port in (int[])[Installation.Ports.Http, Installation.Ports.Media, Installation.Ports.Mixer])
        {
            foreach (var path in (string[])["healthz", "readyz", "metrics"])
            {
                using var response = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/{path}"));
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }
    }

    private async Task<(PlatformApi Api, RoomTicket Ticket)> TicketAsync()
    {
        var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Refusals");
        return (api, await api.GrantAsync(session.Id, publish: true));
    }

    private async Task<HttpResponseMessage> PostAsync(PlatformApi api, string path, string body, string? bearer, string type = "application/sdp")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Installation.MediaUrl, path)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new(type);
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return await api.Http.SendAsync(request);
    }

    private async Task ExpectAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var got = await CodeAsync(response);
        Output.WriteLine($"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath}: {(int)response.StatusCode} {got}");
        Assert.Equal((status, code), (response.StatusCode, got));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        response.Dispose();
    }

    private static async Task<string> CodeAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        return body.StartsWith('{') ? (string?)JsonNode.Parse(body)!["code"] ?? "" : $"(no problem document: {body})";
    }

    /// <summary>Another last character would only change unused bits of the signature: one in its middle is changed.</summary>
    private static string Tampered(string token)
    {
        var at = token.Length - 20;
        return $"{token[..at]}{(token[at] == 'A' ? 'B' : 'A')}{token[(at + 1)..]}";
    }

    private static string Offer(string direction) => string.Join("\r\n",
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp-mux",
        "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=setup:actpass", "a=mid:0", $"a={direction}", "a=rtpmap:111 opus/48000/2", "a=ssrc:1234 cname:x",
        $"a=fingerprint:sha-256 {string.Join(':', Enumerable.Repeat("AB", 32))}", "");
}
