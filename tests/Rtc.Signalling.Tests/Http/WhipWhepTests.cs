using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Events.Rtc;
using Events.Rtc.Signalling.Http;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Http;

public sealed class WhipWhepTests : IAsyncLifetime
{
    private const string Offer = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";
    private const string SameFragment = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n";
    private const string NewFragment = "a=ice-ufrag:wxyz\r\na=ice-pwd:9999999999999999999999\r\n";

    private MediaNode _node = null!;

    public async Task InitializeAsync() => _node = await MediaNode.StartAsync();

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task An_offer_with_a_grant_becomes_a_session()
    {
        using HttpResponseMessage response = await Post("/whip/stage", _node.Grant());

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("application/sdp", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("v=0\r\nanswer", await response.Content.ReadAsStringAsync());
        Assert.Equal("\"ice1\"", response.Headers.ETag!.Tag);
        Assert.Matches("^/whip/stage/[A-Za-z0-9_-]{22}$", response.Headers.Location!.ToString());
        Assert.Equal(
            """<turn:turn.example.org:3478?transport=udp>; rel="ice-server"; username="ada"; credential="se\"cret"; credential-type="password" """.TrimEnd(),
            response.Headers.GetValues("Link").Single());
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("Location", response.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_player_watches_a_room_that_has_someone_and_not_an_empty_one()
    {
        await Refused(404, "room_not_found", await Post("/whep/stage", _node.Grant(publish: false)));
        using (await Post("/whip/stage", _node.Grant()))
        using (HttpResponseMessage watching = await Post("/whep/stage", _node.Grant(identity: "p.2", publish: false)))
            Assert.StartsWith("/whep/stage/", watching.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_may_not_gets_the_reason()
    {
        await Refused(401, "grant_missing", await Post("/whip/stage", null));
        await Refused(401, "grant_invalid", await Post("/whip/stage", "a.b.c"));
        await Refused(401, "grant_invalid", await Send("/whip/stage", HttpMethod.Post, Offer, SessionDoor.Sdp, "Basic YTpi"));
        string old = _node.Grant();
        _node.Time.Advance(TimeSpan.FromMinutes(6));
        using HttpResponseMessage expired = await Post("/whip/stage", old);
        Assert.Equal("Bearer", expired.Headers.WwwAuthenticate.Single().Scheme);
        await Refused(401, "grant_expired", expired);
        await Refused(403, "grant_wrong_room", await Post("/whip/other", _node.Grant()));
        await Refused(403, "publish_not_allowed", await Post("/whip/stage", _node.Grant(publish: false)));
        await Refused(403, "subscribe_not_allowed", await Post("/whep/stage", _node.Grant(subscribe: false)));
        await Refused(400, "room_name_invalid", await Post("/whip/a%20b", _node.Grant()));
        await Refused(400, "room_name_invalid", await Post("/whip/" + new string('x', 65), _node.Grant()));
        Assert.Empty(_node.Server.Participants);
    }

    [Fact]
    public async Task Bodies_that_are_no_offer_are_refused()
    {
        string bearer = $"Bearer {_node.Grant()}";
        using HttpResponseMessage wrongType = await Send("/whip/stage", HttpMethod.Post, Offer, "text/plain", bearer);
        Assert.Equal("application/sdp", wrongType.Headers.GetValues("Accept-Post").Single());
        await Refused(415, "unsupported_media_type", wrongType);
        await Refused(415, "unsupported_media_type", await Send("/whip/stage", HttpMethod.Post, Offer, null, bearer));
        await Refused(400, "sdp_empty", await Send("/whip/stage", HttpMethod.Post, "", SessionDoor.Sdp, bearer));
        await Refused(400, "sdp_invalid", await Send("/whip/stage", HttpMethod.Post, "hello", SessionDoor.Sdp, bearer));
        await Refused(413, "body_too_large", await Send("/whip/stage", HttpMethod.Post, new string('v', 262_145), SessionDoor.Sdp, bearer));
        using HttpResponseMessage parameters = await Send("/whip/stage", HttpMethod.Post, Offer, "Application/SDP; charset=utf-8", bearer);
        Assert.Equal(HttpStatusCode.Created, parameters.StatusCode);

        using HttpRequestMessage chunked = new(HttpMethod.Post, "/whip/stage") { Content = new StreamContent(new MemoryStream(new byte[300_000])) };
        chunked.Headers.TransferEncodingChunked = true;
        chunked.Headers.TryAddWithoutValidation("Authorization", bearer);
        chunked.Content.Headers.ContentType = new MediaTypeHeaderValue("application/sdp");
        await Refused(413, "body_too_large", await _node.Http.SendAsync(chunked));

        using HttpRequestMessage latin = new(HttpMethod.Post, "/whip/stage") { Content = new ByteArrayContent([0x76, 0xFF, 0xFE]) };
        latin.Headers.TryAddWithoutValidation("Authorization", bearer);
        latin.Content.Headers.ContentType = new MediaTypeHeaderValue("application/sdp");
        await Refused(400, "sdp_not_utf8", await _node.Http.SendAsync(latin));
    }

    [Theory]
    [InlineData("room_full", 503)]
    [InlineData("too_many_rooms", 503)]
    [InlineData("too_many_participants", 409)]
    [InlineData("too_many_tracks", 400)]
    [InlineData("sdp_no_ice", 400)]
    public async Task What_the_server_refuses_is_passed_on(string code, int status)
    {
        _node.Server.Refusal = new RtcError(code, "No.");
        await Refused(status, code, await Post("/whip/stage", _node.Grant()));
    }

    [Fact]
    public async Task Trickling_is_taken_and_a_restart_gives_a_new_ICE_session()
    {
        string grant = _node.Grant();
        string session = await Begin(grant);

        using (HttpResponseMessage trickled = await Patch(session, SameFragment, "\"ice1\"", grant))
            Assert.Equal(HttpStatusCode.NoContent, trickled.StatusCode);
        using (HttpResponseMessage lenient = await Patch(session, SameFragment, "*", grant))
            Assert.Equal(HttpStatusCode.NoContent, lenient.StatusCode);
        using (HttpResponseMessage restarted = await Patch(session, NewFragment, "*", grant))
        {
            Assert.Equal(HttpStatusCode.OK, restarted.StatusCode);
            Assert.Equal("\"ice2\"", restarted.Headers.ETag!.Tag);
            Assert.Equal("application/trickle-ice-sdpfrag", restarted.Content.Headers.ContentType!.MediaType);
        }

        await Refused(412, "etag_mismatch", await Patch(session, SameFragment, "\"ice1\"", grant));
        await Refused(412, "etag_mismatch", await Patch(session, SameFragment, "W/\"ice2\"", grant));
        using (HttpResponseMessage after = await Patch(session, NewFragment, "\"ice2\"", grant))
            Assert.Equal(HttpStatusCode.NoContent, after.StatusCode);
    }

    [Fact]
    public async Task Patches_that_are_malformed_or_unauthorised_are_refused()
    {
        string grant = _node.Grant();
        string session = await Begin(grant);

        await Refused(428, "if_match_missing", await Patch(session, SameFragment, null, grant));
        await Refused(400, "sdp_fragment_invalid", await Patch(session, NewFragment, "\"ice1\"", grant));
        await Refused(400, "sdp_fragment_invalid", await Patch(session, "a=ice-ufrag:abcd\r\n", "*", grant));
        await Refused(400, "sdp_fragment_invalid", await Patch(session, "a=ice-ufrag:a\r\na=ice-pwd:0123456789012345678901\r\n", "*", grant));
        await Refused(400, "sdp_fragment_invalid", await Patch(session, "GET / HTTP/1.1\r\n", "*", grant));
        await Refused(415, "unsupported_media_type", await Send(session, HttpMethod.Patch, SameFragment, SessionDoor.Sdp, $"Bearer {grant}"));
        await Refused(401, "grant_missing", await Patch(session, SameFragment, "*", null));
        await Refused(403, "grant_wrong_room", await Patch(session, SameFragment, "*", _node.Grant(identity: "stranger")));
        await Refused(404, "resource_not_found", await Patch("/whip/stage/AAAAAAAAAAAAAAAAAAAAAA", SameFragment, "*", grant));
        await Refused(404, "resource_not_found", await Patch(session.Replace("/whip/", "/whep/", StringComparison.Ordinal), SameFragment, "*", grant));
        await Refused(404, "resource_not_found", await Patch(session.Replace("/stage/", "/other/", StringComparison.Ordinal), SameFragment, "*", grant));
    }

    [Fact]
    public async Task Delete_ends_the_session_even_after_the_end_of_its_grant()
    {
        string grant = _node.Grant();
        string session = await Begin(grant);
        _node.Time.Advance(TimeSpan.FromHours(1));

        await Refused(401, "grant_missing", await Send(session, HttpMethod.Delete, null, null, null));
        using (HttpResponseMessage deleted = await Send(session, HttpMethod.Delete, null, null, $"Bearer {grant}"))
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Equal("left", _node.Server.Participants.Values.Single().LeftBecause);
        await Refused(404, "resource_not_found", await Send(session, HttpMethod.Delete, null, null, $"Bearer {grant}"));
    }

    [Fact]
    public async Task A_session_dies_with_its_participant()
    {
        string grant = _node.Grant();
        string session = await Begin(grant);
        _node.Server.Participants.Values.Single().Close(new RtcError("transport_lost", "Gone."));
        Assert.Equal(0, _node.Service<SessionResources>().Count);
        await Refused(404, "resource_not_found", await Patch(session, SameFragment, "*", grant));

        string second = await Begin(grant);
        await _node.Server.Participants.Values.Single(participant => !participant.IsGone).LeaveAsync("quietly");
        await Refused(404, "resource_not_found", await Patch(second, SameFragment, "*", grant));
        Assert.Equal(0, _node.Service<SessionResources>().Count);
    }

    [Fact]
    public async Task Sessions_that_ended_without_a_word_are_swept_when_others_come()
    {
        for (int i = 0; i < 5; i++)
            await Begin(_node.Grant());
        foreach (FakeParticipant participant in _node.Server.Participants.Values)
            await participant.LeaveAsync("quietly");
        Assert.Equal(5, _node.Service<SessionResources>().Count);
        _node.Time.Advance(TimeSpan.FromSeconds(11));
        await Begin(_node.Grant());
        Assert.Equal(1, _node.Service<SessionResources>().Count);
    }

    [Fact]
    public async Task Options_says_what_may_be_posted_and_other_methods_are_refused()
    {
        using HttpResponseMessage endpoint = await Send("/whip/stage", HttpMethod.Options, null, null, null);
        Assert.Equal(HttpStatusCode.NoContent, endpoint.StatusCode);
        Assert.Equal("application/sdp", endpoint.Headers.GetValues("Accept-Post").Single());
        Assert.Contains("POST", endpoint.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
        Assert.Contains("Authorization", endpoint.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
        using HttpResponseMessage resource = await Send("/whep/stage/x", HttpMethod.Options, null, null, null);
        Assert.Contains("PATCH", resource.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);

        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Put, HttpMethod.Delete })
            await Refused(405, "method_not_allowed", await Send("/whip/stage", method, null, null, null));
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Put, HttpMethod.Post })
            await Refused(405, "method_not_allowed", await Send("/whep/stage/x", method, null, null, null));
    }

    [Fact]
    public async Task One_address_cannot_ask_more_often_than_its_rate()
    {
        await using MediaNode node = await MediaNode.StartAsync(options => options with { HttpRequestBurst = 3, HttpRequestsPerSecond = 1 });
        List<int> statuses = [];
        for (int i = 0; i < 12; i++)
        {
            using HttpResponseMessage response = await node.Http.GetAsync(new Uri("/whip/stage", UriKind.Relative));
            statuses.Add((int)response.StatusCode);
        }

        Assert.Equal([405, 405, 405], statuses[..3]);
        Assert.Contains(429, statuses);
    }

    [Fact]
    public async Task Open_mode_lets_loopback_in_without_a_grant_but_verifies_one_that_is_given()
    {
        await using MediaNode open = await MediaNode.StartAsync(options => options with { OpenWhip = true });

        using (HttpResponseMessage published = await SendTo(open, "/whip/demo", HttpMethod.Post, Offer, SessionDoor.Sdp, null))
        {
            Assert.Equal(HttpStatusCode.Created, published.StatusCode);
            using HttpResponseMessage watched = await SendTo(open, "/whep/demo", HttpMethod.Post, Offer, SessionDoor.Sdp, null);
            Assert.Equal(HttpStatusCode.Created, watched.StatusCode);
            using HttpResponseMessage deleted = await SendTo(open, published.Headers.Location!.ToString(), HttpMethod.Delete, null, null, null);
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        }

        await Refused(401, "grant_invalid", await SendTo(open, "/whip/demo", HttpMethod.Post, Offer, SessionDoor.Sdp, "Bearer x.y.z"));
        await Refused(400, "room_name_invalid", await SendTo(open, "/whip/a%21b", HttpMethod.Post, Offer, SessionDoor.Sdp, null));
        foreach (string header in new[] { "Forwarded", "X-Forwarded-For", "X-Forwarded-Host" })
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/whip/demo") { Content = new StringContent(Offer, Encoding.UTF8, "application/sdp") };
            request.Headers.TryAddWithoutValidation(header, "for=192.0.2.1");
            await Refused(403, "forwarded_refused", await open.Http.SendAsync(request));
        }
    }

    private static async Task Refused(int status, string code, HttpResponseMessage response)
    {
        using (response)
        {
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode} {body}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
            using JsonDocument problem = JsonDocument.Parse(body);
            Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
            Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
            Assert.NotEqual("", problem.RootElement.GetProperty("detail").GetString());
        }
    }

    private static async Task<HttpResponseMessage> SendTo(MediaNode node, string path, HttpMethod method, string? body, string? type, string? authorization, string? ifMatch = null)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await node.Http.SendAsync(request);
    }

    private Task<HttpResponseMessage> Send(string path, HttpMethod method, string? body, string? type, string? authorization) =>
        SendTo(_node, path, method, body, type, authorization);

    private Task<HttpResponseMessage> Post(string path, string? grant) =>
        Send(path, HttpMethod.Post, Offer, SessionDoor.Sdp, grant is null ? null : $"Bearer {grant}");

    private Task<HttpResponseMessage> Patch(string path, string body, string? ifMatch, string? grant) =>
        SendTo(_node, path, HttpMethod.Patch, body, SessionDoor.Fragment, grant is null ? null : $"Bearer {grant}", ifMatch);

    private async Task<string> Begin(string grant)
    {
        using HttpResponseMessage response = await Post("/whip/stage", grant);
        return response.Headers.Location!.ToString();
    }
}
