using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Hubs;

public sealed class RtcHubTests : IAsyncLifetime
{
    private MediaNode _node = null!;

    public async Task InitializeAsync() => _node = await MediaNode.StartAsync();

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Join_answers_with_who_you_are_and_the_room()
    {
        await using HubClient client = await _node.ConnectAsync();
        JsonElement answer = await client.CallAsync("join", new { grant = _node.Grant(), client = "test" });

        Assert.True(answer.GetProperty("ok").GetBoolean());
        Assert.Equal("p.1", answer.GetProperty("you").GetProperty("identity").GetString());
        Assert.True(answer.GetProperty("you").GetProperty("canPublish").GetBoolean());
        Assert.Equal("stage", answer.GetProperty("room").GetProperty("id").GetString());
        Assert.Equal(43, answer.GetProperty("resumeToken").GetString()!.Length);
        Assert.Equal("Ada", Assert.Single(answer.GetProperty("participants").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal("ada", answer.GetProperty("iceServers")[0].GetProperty("username").GetString());
        Assert.Equal("screen_audio", answer.GetProperty("offer").GetProperty("tracks")[0].GetProperty("source").GetString());
        Assert.False(answer.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task Every_method_carries_to_the_participant()
    {
        await using HubClient client = await _node.ConnectAsync();
        await client.CallAsync("join", new { grant = _node.Grant() });

        JsonElement published = await client.CallAsync("publish", new { sdp = "v=0", tracks = new object[] { new { mid = "0", source = "camera" }, new { mid = "1", source = "screen_audio", muted = true, name = "x", dynacast = true, encryption = "gcm" } } });
        Assert.Equal("v=0 answer", published.GetProperty("sdp").GetString());
        Assert.Equal([new TrackDeclaration("0", TrackSource.Camera), new TrackDeclaration("1", TrackSource.ScreenAudio, true, true) { Encryption = TrackEncryption.Gcm }], Participant.Declared);
        Assert.Equal("bad_request", Code(await client.CallAsync("publish", new { sdp = "v=0", tracks = new object[] { new { mid = "0", source = "camera", encryption = "rot13" } } })));
        Assert.True(Ok(await client.CallAsync("subscribeAnswer", new { revision = 1, sdp = "v=0" })));
        Assert.Equal("stale_revision", Code(await client.CallAsync("subscribeAnswer", new { revision = 9, sdp = "v=0" })));
        Assert.Equal(2, (await client.CallAsync("restartSubscriber")).GetProperty("offer").GetProperty("revision").GetInt32());
        Assert.True(Ok(await client.CallAsync("mute", new { trackId = "t", muted = true })));
        Assert.True(Ok(await client.CallAsync("subscribe", new { trackId = "t", enabled = false })));
        Assert.True(Ok(await client.CallAsync("setVideo", new { trackId = "t", maxWidth = 640, maxHeight = 360, paused = true })));
        Assert.True(Ok(await client.CallAsync("setVideo", new { trackId = "t" })));
        Assert.Equal([("t", new VideoPreference(640, 360, 0, true)), ("t", new VideoPreference(0, 0, 0, false))], Participant.Preferred);
        Assert.True(Ok(await client.CallAsync("setLastN", new { count = 4 })));
        Assert.Equal(4, Participant.LastN);
        Assert.True(Ok(await client.CallAsync("setLastN", new { count = (int?)null })));
        Assert.Null(Participant.LastN);
        Assert.True(Ok(await client.CallAsync("raiseHand", new { raised = true })));
        Assert.True(Participant.HandRaised);
        Assert.Equal("not_invited", Code(await client.CallAsync("answerInvitation", new { accepted = true })));
        Assert.Equal("moderation_not_allowed", Code(await client.CallAsync("moderate", new { action = "lock", locked = true })));
        Assert.True(Ok(await client.CallAsync("leave")));
        Assert.Equal("left", Participant.LeftBecause);
        Assert.Equal("not_joined", Code(await client.CallAsync("leave")));
    }

    [Fact]
    public async Task The_events_of_a_room_arrive_in_order_and_in_the_documented_shape()
    {
        await using HubClient client = await _node.ConnectAsync();
        await client.CallAsync("join", new { grant = _node.Grant() });
        IParticipantEvents events = Participant.Events!;

        events.ParticipantJoined(new ParticipantInfo("p9", "i", "Bob", "attendee", false, []));
        events.TrackPublished("p9", new TrackInfo("t1", TrackKind.Audio, TrackSource.Microphone, false, "opus"));
        events.TrackMuted("p9", "t1", true, true);
        events.RightsChanged("p9", new RightsInfo(true, true, [TrackSource.Microphone, TrackSource.ScreenAudio], false));
        events.HandRaised("p9", 3);
        events.HandRaised("p9", null);
        events.StageInvited(null);
        events.InvitationAnswered("p9", true);
        events.UnmuteAsked("t1");
        events.RoomLocked(true);
        events.ActiveSpeakers([new SpeakerLevel("p9", 0.5)]);
        events.PublishLayers("t2", "1", [new EncodingDemand("l", true), new EncodingDemand("h", false)]);
        events.VideoHeld(["t1"]);
        events.SubscribeOffer(new SubscribeOffer(2, "v=0", []));
        events.ParticipantReconnecting("p9", true);
        events.ParticipantReconnecting("p9", false);
        events.TrackUnpublished("p9", "t1");
        events.ParticipantLeft("p9");
        events.Closed(new RtcError("removed", "Out."));

        Assert.Equal("Bob", (await client.EventAsync("participantJoined")).GetProperty("name").GetString());
        JsonElement track = (await client.EventAsync("trackPublished")).GetProperty("track");
        Assert.Equal("audio microphone opus", $"{track.GetProperty("kind").GetString()} {track.GetProperty("source").GetString()} {track.GetProperty("codec").GetString()}");
        JsonElement muted = await client.EventAsync("trackMuted");
        Assert.True(muted.GetProperty("muted").GetBoolean() && muted.GetProperty("silenced").GetBoolean());
        JsonElement rights = await client.EventAsync("rightsChanged");
        Assert.Equal("p9 True True False", $"{rights.GetProperty("participantId")} {rights.GetProperty("canPublish")} {rights.GetProperty("canSubscribe")} {rights.GetProperty("moderates")}");
        Assert.Equal(["microphone", "screen_audio"], rights.GetProperty("sources").EnumerateArray().Select(s => s.GetString()!));
        Assert.Equal(3, (await client.EventAsync("handRaised")).GetProperty("hand").GetInt64());
        Assert.Equal(JsonValueKind.Null, (await client.EventAsync("handRaised")).GetProperty("hand").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await client.EventAsync("stageInvited")).GetProperty("participantId").ValueKind);
        Assert.True((await client.EventAsync("invitationAnswered")).GetProperty("accepted").GetBoolean());
        Assert.Equal("t1", (await client.EventAsync("unmuteAsked")).GetProperty("trackId").GetString());
        Assert.True((await client.EventAsync("roomLocked")).GetProperty("locked").GetBoolean());
        Assert.Equal(0.5, (await client.EventAsync("activeSpeakers")).GetProperty("speakers")[0].GetProperty("level").GetDouble());
        JsonElement demand = await client.EventAsync("publishLayers");
        Assert.Equal("t2 1", $"{demand.GetProperty("trackId").GetString()} {demand.GetProperty("mid").GetString()}");
        Assert.Equal([("l", true), ("h", false)], demand.GetProperty("encodings").EnumerateArray().Select(e => (e.GetProperty("rid").GetString()!, e.GetProperty("active").GetBoolean())));
        Assert.Equal("t1", (await client.EventAsync("videoHeld")).GetProperty("trackIds")[0].GetString());
        Assert.Equal(2, (await client.EventAsync("subscribeOffer")).GetProperty("revision").GetInt32());
        Assert.Equal("p9", (await client.EventAsync("participantReconnecting")).GetProperty("participantId").GetString());
        Assert.Equal("p9", (await client.EventAsync("participantReconnected")).GetProperty("participantId").GetString());
        Assert.Equal("t1", (await client.EventAsync("trackUnpublished")).GetProperty("trackId").GetString());
        Assert.Equal("p9", (await client.EventAsync("participantLeft")).GetProperty("participantId").GetString());
        Assert.Equal("removed", (await client.EventAsync("closed")).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_grant_that_does_not_hold_is_refused_and_the_connection_may_try_again()
    {
        await using HubClient client = await _node.ConnectAsync();
        string grant = _node.Grant();

        Assert.Equal("grant_invalid", Code(await client.CallAsync("join", new { grant = grant[..^2] })));
        Assert.Equal("bad_request", Code(await client.CallAsync("join", new { grant = 7 })));
        Assert.Equal("not_joined", Code(await client.CallAsync("publish", new { sdp = "v=0", tracks = Array.Empty<object>() })));
        _node.Server.Refusal = new RtcError("room_full", "Full.");
        Assert.Equal("room_full", Code(await client.CallAsync("join", new { grant })));
        _node.Server.Refusal = null;
        Assert.True(Ok(await client.CallAsync("join", new { grant })));
        Assert.Equal("already_joined", Code(await client.CallAsync("join", new { grant })));
    }

    [Fact]
    public async Task An_expired_grant_does_not_join_but_a_running_call_goes_on()
    {
        await using HubClient client = await _node.ConnectAsync();
        string grant = _node.Grant();
        await client.CallAsync("join", new { grant });
        _node.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.True(Ok(await client.CallAsync("mute", new { trackId = "t", muted = true })));

        await using HubClient late = await _node.ConnectAsync();
        Assert.Equal("grant_expired", Code(await late.CallAsync("join", new { grant })));
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "join", "[null]" },
        { "join", "[5]" },
        { "join", """[{"grant":{"a":1}}]""" },
        { "join", """[{"grant":"\ud800"}]""" },
        { "join", "[[[[[[[[[[]]]]]]]]]]" },
        { "resume", """[{"resumeToken":""}]""" },
        { "resume", """[{"resumeToken":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}]""" },
        { "publish", """["v=0"]""" },
        { "publish", """[{"sdp":"v=0","tracks":{}}]""" },
        { "publish", """[{"sdp":"v=0","tracks":[{"mid":"0","source":"sofa"}]}]""" },
        { "publish", """[{"sdp":"v=0","tracks":[7]}]""" },
        { "publish", """[{"sdp":"","tracks":[]}]""" },
        { "subscribeAnswer", """[{"revision":1.5,"sdp":"v=0"}]""" },
        { "subscribeAnswer", """[{"revision":99999999999,"sdp":"v=0"}]""" },
        { "mute", """[{"trackId":"t","muted":"yes"}]""" },
        { "mute", """[{"trackId":7,"muted":true}]""" },
        { "subscribe", """[{"enabled":true}]""" },
        { "setVideo", """[{"maxWidth":640}]""" },
        { "setVideo", """[{"trackId":"t","maxWidth":-1}]""" },
        { "setVideo", """[{"trackId":"t","maxHeight":1.5}]""" },
        { "setVideo", """[{"trackId":"t","maxFrameRate":null}]""" },
        { "setLastN", """[{}]""" },
        { "setLastN", """[{"count":1001}]""" },
        { "raiseHand", """[{"raised":"yes"}]""" },
        { "answerInvitation", """[{}]""" },
        { "moderate", """[{}]""" },
        { "moderate", """["lock"]""" },
        { "moderate", """[{"action":"lock"}]""" },
        { "moderate", """[{"action":"hang","participantId":"p1"}]""" },
        { "moderate", """[{"action":"capacity","participants":0}]""" },
        { "moderate", """[{"action":"capacity","participants":100001}]""" },
        { "moderate", """[{"action":"setRights","participantId":"p1"}]""" },
        { "moderate", """[{"action":"setRights","participantId":"p1","canPublish":1}]""" },
        { "moderate", """[{"action":"setRights","participantId":"p1","sources":["sofa"]}]""" },
        { "moderate", """[{"action":"setRights","participantId":"p1","sources":"camera"}]""" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_argument_gets_bad_request(string method, string arguments)
    {
        await using HubClient client = await _node.ConnectAsync();
        if (method is not ("join" or "resume"))
            await client.CallAsync("join", new { grant = _node.Grant() });
        Assert.Equal("bad_request", Code(await client.CallRawAsync(method, arguments)));
        if (method is not ("join" or "resume"))
            Assert.True(Ok(await client.CallAsync("leave")));
    }

    [Fact]
    public async Task Unknown_methods_wrong_argument_counts_and_garbage_never_hurt_others()
    {
        await using HubClient witness = await _node.ConnectAsync();
        await witness.CallAsync("join", new { grant = _node.Grant() });

        await using (HubClient client = await _node.ConnectAsync())
        {
            Assert.True((await client.CallAsync("noSuchMethod", 1)).TryGetProperty("error", out _));
            Assert.True((await client.CallAsync("onConnectedAsync")).TryGetProperty("error", out _));
            Assert.True((await client.CallAsync("leave", 1, 2, 3)).TryGetProperty("error", out _));
            Assert.True((await client.CallAsync("join")).TryGetProperty("error", out _));
            Assert.Equal("bad_request", Code(await client.CallAsync("join", new { }))); // still connected
        }

        int seed = Random.Shared.Next();
        Random random = new(seed);
        string[] openings = ["", "{", """{"type":1,"target":"join","arguments":[""", """{"type":99}""", """{"type":"x"}""", "[]", new string('[', 2000), """{"type":1,"invocationId":"1","target":"mute","arguments":[{"trackId":"""];
        foreach (string opening in openings)
        {
            await using HubClient client = await _node.ConnectAsync();
            byte[] noise = new byte[random.Next(0, 200)];
            random.NextBytes(noise);
            await client.SendBytesAsync([.. Encoding.UTF8.GetBytes(opening), .. noise, 0x1E]);
            Assert.True(Ok(await witness.CallAsync("mute", new { trackId = "t", muted = true })), $"seed {seed}");
        }
    }

    [Fact]
    public async Task A_message_above_the_bound_ends_its_connection_only()
    {
        await using HubClient witness = await _node.ConnectAsync();
        await witness.CallAsync("join", new { grant = _node.Grant() });
        await using HubClient client = await _node.ConnectAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => client.CallAsync("join", new { grant = new string('x', 400_000) }));
        await client.Ended.WaitAsync(Wait.Deadline);
        Assert.True(Ok(await witness.CallAsync("mute", new { trackId = "t", muted = true })));
    }

    [Fact]
    public async Task A_large_offer_within_the_bound_passes()
    {
        await using HubClient client = await _node.ConnectAsync();
        await client.CallAsync("join", new { grant = _node.Grant() });
        string sdp = "v=0\r\n" + string.Concat(Enumerable.Repeat("a=candidate:0123456789012345678901234567890\r\n", 5_500));
        Assert.True(Ok(await client.CallAsync("publish", new { sdp, tracks = Array.Empty<object>() })));
        Assert.Equal("bad_request", Code(await client.CallAsync("publish", new { sdp = new string('v', 262_145), tracks = Array.Empty<object>() })));
    }

    [Fact]
    public async Task A_bug_of_ours_is_an_answer_and_not_the_end()
    {
        await using HubClient client = await _node.ConnectAsync();
        _node.Server.Failure = new InvalidOperationException("a bug of ours");
        JsonElement answer = await client.CallAsync("join", new { grant = _node.Grant() });
        Assert.Equal("internal_error", Code(answer));
        Assert.DoesNotContain("bug", answer.ToString(), StringComparison.Ordinal);
        _node.Server.Failure = null;
        Assert.True(Ok(await client.CallAsync("join", new { grant = _node.Grant() })));
        Assert.Equal("internal_error", Code(await client.CallAsync("publish", new { sdp = "throw", tracks = Array.Empty<object>() })));
        Assert.True(Ok(await client.CallAsync("leave")));
    }

    [Fact]
    public async Task Calls_above_the_rate_are_refused_and_abuse_ends_the_connection()
    {
        await using HubClient client = await _node.ConnectAsync();
        await client.CallAsync("join", new { grant = _node.Grant() });
        for (int i = 0; i < 99; i++)
            Assert.True(Ok(await client.CallAsync("mute", new { trackId = "t", muted = true })));
        Assert.Equal("too_many_requests", Code(await client.CallAsync("mute", new { trackId = "t", muted = true })));
        _node.Time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.True(Ok(await client.CallAsync("mute", new { trackId = "t", muted = true })));

        for (int i = 0; i < 500; i++)
            await client.SendRawAsync("""{"type":1,"target":"leave","arguments":[]}""");
        await client.Ended.WaitAsync(Wait.Deadline);
    }

    [Fact]
    public async Task A_connection_that_does_not_join_is_dropped()
    {
        await using HubClient client = await _node.ConnectAsync();
        await using HubClient joined = await _node.ConnectAsync();
        await joined.CallAsync("join", new { grant = _node.Grant() });
        _node.Time.Advance(TimeSpan.FromSeconds(31));
        await client.Ended.WaitAsync(Wait.Deadline);
        Assert.True(Ok(await joined.CallAsync("leave")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_whose_session_is_over_is_dropped_unless_another_begins(bool leaves)
    {
        await using HubClient client = await _node.ConnectAsync();
        await client.CallAsync("join", new { grant = _node.Grant() });
        _node.Time.Advance(TimeSpan.FromMinutes(1));
        await EndAsync();
        _node.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(Ok(await client.CallAsync("join", new { grant = _node.Grant(identity: "p.2") })));
        _node.Time.Advance(TimeSpan.FromMinutes(1));
        await EndAsync();
        _node.Time.Advance(TimeSpan.FromSeconds(31));
        await client.Ended.WaitAsync(Wait.Deadline);

        async Task EndAsync()
        {
            if (leaves)
                Assert.True(Ok(await client.CallAsync("leave")));
            else
                _node.Server.Participants.Values.Single(p => !p.IsGone).Close(new RtcError("removed", "Out."));
        }
    }

    [Fact]
    public async Task The_hub_is_asked_for_within_the_budget_of_an_address()
    {
        await using MediaNode node = await MediaNode.StartAsync(options => options with { HttpRequestBurst = 1, HttpRequestsPerSecond = 1 });
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => node.Http.PostAsync("/hubs/rtc/negotiate?negotiateVersion=1", null)));
        HttpResponseMessage refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        Assert.Contains(answers, answer => answer.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("https://events.example.org", true)]
    [InlineData("HTTPS://EVENTS.EXAMPLE.ORG", true)]
    [InlineData("http://127.0.0.1:8081", false)]
    [InlineData("http://evil.example:8080", false)]
    [InlineData("https://events.example.org.evil.example", false)]
    [InlineData("http://127.0.0.1:8080/path", false)]
    [InlineData("http://user@127.0.0.1:8080", false)]
    [InlineData("null", false)]
    [InlineData("file://127.0.0.1:8080", false)]
    public async Task The_origin_decides_who_may_open_the_hub(string? origin, bool allowed)
    {
        if (allowed)
        {
            await using HubClient client = await _node.ConnectAsync(origin);
            return;
        }

        await Assert.ThrowsAsync<WebSocketException>(() => _node.ConnectAsync(origin));
        using HttpRequestMessage negotiate = new(HttpMethod.Post, "/hubs/rtc/negotiate?negotiateVersion=1");
        negotiate.Headers.TryAddWithoutValidation("Origin", origin);
        using HttpResponseMessage response = await _node.Http.SendAsync(negotiate);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("origin_refused", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_gets_its_preflight_and_its_CORS_headers()
    {
        using HttpRequestMessage preflight = new(HttpMethod.Options, "/hubs/rtc/negotiate?negotiateVersion=1");
        preflight.Headers.Add("Origin", "http://127.0.0.1:8080");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage allowed = await _node.Http.SendAsync(preflight);
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal("http://127.0.0.1:8080", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());

        using HttpRequestMessage negotiate = new(HttpMethod.Post, "/hubs/rtc/negotiate?negotiateVersion=1");
        negotiate.Headers.Add("Origin", "http://127.0.0.1:8080");
        using HttpResponseMessage response = await _node.Http.SendAsync(negotiate);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("true", response.Headers.GetValues("Access-Control-Allow-Credentials").Single());
    }

    internal static bool Ok(JsonElement answer) => answer.GetProperty("ok").GetBoolean();

    internal static string? Code(JsonElement answer)
    {
        Assert.False(answer.GetProperty("ok").GetBoolean());
        return answer.GetProperty("error").GetProperty("code").GetString();
    }

    private FakeParticipant Participant => _node.Server.Participants.Values.Single();
}
