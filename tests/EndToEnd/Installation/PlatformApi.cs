using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Events.Tests.EndToEnd.Installation;

/// <summary>A session (room) of the demo event.</summary>
public sealed record DemoSession(string EventId, string EventSlug, string Id, string Name);

/// <summary>The way into a room.</summary>
public sealed record RoomTicket(string Grant, Uri MediaUrl, string Room, string Identity);

/// <summary>A client of docs/api.md: one account (cookie) and one participant (event token) at a time.</summary>
public sealed class PlatformApi : IDisposable
{
    /// <summary>The demo organiser's cookie of each installation: an account may sign in ten times a minute, and tests are faster.</summary>
    private static readonly ConcurrentDictionary<Uri, CookieCollection> SignedIn = new();

    private readonly CookieContainer _cookies;
    private readonly HttpClient _http;
    private readonly Uri _platform;
    private string? _eventToken;

    public PlatformApi(Uri platform)
    {
        _platform = platform;
        _cookies = new();
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = _cookies }) { BaseAddress = platform };
    }

    public HttpClient Http => _http;

    /// <summary>Signs in as the demo's organiser, makes a session of its own in the demo event, and enters the event.</summary>
    public async Task<DemoSession> OrganiseAsync(string name, string kind = "session")
    {
        var slug = Text(await SignInAsync(), "eventSlug");
        var eventId = Text(await CallAsync(HttpMethod.Get, $"/api/v1/events/{slug}"), "id");
        var session = await CallAsync(HttpMethod.Post, $"/api/v1/events/{eventId}/sessions", new JsonObject { ["name"] = name, ["kind"] = kind });
        await EnterAsync(eventId, null);
        return new(eventId, slug, Text(session, "id"), name);
    }

    /// <summary>What a browser shows to be whoever is signed in here.</summary>
    public IEnumerable<Cookie> Cookies => _cookies.GetCookies(_platform);

    /// <summary>As the demo's organiser.</summary>
    /// <returns>What <c>/api/v1/demo</c> says.</returns>
    public async Task<JsonObject> SignInAsync()
    {
        var demo = await CallAsync(HttpMethod.Get, "/api/v1/demo");
        if (SignedIn.TryGetValue(_platform, out var kept))
        {
            _cookies.Add(kept);
            using var me = await _http.GetAsync("/api/v1/me");
            if (me.IsSuccessStatusCode)
            {
                return demo;
            }
        }

        await CallAsync(HttpMethod.Post, "/api/v1/auth/sign-in", new JsonObject { ["email"] = Text(demo, "email"), ["password"] = Text(demo, "password") });
        SignedIn[_platform] = _cookies.GetCookies(_platform);
        return demo;
    }

    /// <summary>Enters the event; a guest when no account is signed in.</summary>
    public async Task EnterAsync(string eventId, string? name)
    {
        var entry = await CallAsync(HttpMethod.Post, $"/api/v1/events/{eventId}/entry", name is null ? [] : new JsonObject { ["name"] = name });
        _eventToken = Text(entry, "token");
    }

    public async Task<RoomTicket> GrantAsync(string sessionId, bool publish)
    {
        var grant = await CallAsync(HttpMethod.Post, $"/api/v1/sessions/{sessionId}/grants", new JsonObject { ["publish"] = publish });
        return new(Text(grant, "grant"), new(Text(grant, "mediaUrl")), Text(grant, "room"), Text(grant, "identity"));
    }

    public async Task<string> StartRecordingAsync(string sessionId) =>
        Text(await CallAsync(HttpMethod.Post, $"/api/v1/sessions/{sessionId}/recordings", []), "id");

    public async Task StopRecordingAsync(string recordingId) => await CallAsync(HttpMethod.Post, $"/api/v1/recordings/{recordingId}/stop");

    public Task<JsonObject> RecordingAsync(string recordingId) => CallAsync(HttpMethod.Get, $"/api/v1/recordings/{recordingId}");

    public Task<JsonObject> PlaybackAsync(string recordingId) => CallAsync(HttpMethod.Get, $"/api/v1/recordings/{recordingId}/playback");

    public async Task<IReadOnlyList<JsonObject>> RecordingsAsync(string sessionId)
    {
        var list = await CallAsync(HttpMethod.Get, $"/api/v1/sessions/{sessionId}/recordings");
        return [.. list["items"]!.AsArray().Select(i => i!.AsObject())];
    }

    /// <summary>Waits for a status; fails at once when the recording has failed. A platform that restarts meanwhile is waited for.</summary>
    public Task<JsonObject> WaitForRecordingAsync(string recordingId, string status, TimeSpan patience) =>
        Until.Some($"recording {recordingId} is {status}", patience, async () =>
        {
            JsonObject recording;
            try
            {
                recording = await RecordingAsync(recordingId);
            }
            catch (HttpRequestException e) when (e.StatusCode is null or >= HttpStatusCode.InternalServerError)
            {
                return null;
            }

            var now = Text(recording, "status");
            return now == status ? recording
                : now == "failed" ? throw new InvalidOperationException($"The recording failed: {recording.ToJsonString()}")
                : null;
        });

    /// <summary>Asks again until the platform answers: it may be restarting.</summary>
    public Task PatientlyAsync(string what, TimeSpan patience, Func<Task> ask) =>
        Until.True(what, patience, async () =>
        {
            try
            {
                await ask();
                return true;
            }
            catch (HttpRequestException e) when (e.StatusCode is null or >= HttpStatusCode.InternalServerError)
            {
                return false;
            }
        });

    /// <summary>Downloads what playback links to.</summary>
    public async Task<string> DownloadAsync(string recordingId, string directory)
    {
        var playback = await PlaybackAsync(recordingId);
        var path = Path.Combine(directory, $"{recordingId}.mp4");
        await using var file = File.Create(path);
        using var response = await _http.GetAsync(new Uri(_platform, Text(playback, "url")), HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await response.Content.CopyToAsync(file);
        return path;
    }

    public static string Text(JsonObject json, string name) =>
        json[name]?.GetValue<string>() ?? throw new InvalidOperationException($"No {name} in {json.ToJsonString()}");

    public void Dispose() => _http.Dispose();

    /// <summary>Any endpoint that answers with an object, or with nothing; fails with the problem when it refuses.</summary>
    /// <param name="method">Of HTTP.</param>
    /// <param name="path">Below the platform's address.</param>
    /// <param name="body">Sent as JSON.</param>
    /// <param name="idempotencyKey">For writes that take one.</param>
    public async Task<JsonObject> CallAsync(HttpMethod method, string path, JsonObject? body = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        if (method != HttpMethod.Get)
        {
            request.Headers.Add("X-Events-Csrf", "1");
        }

        if (_eventToken is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _eventToken);
        }

        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{method} {path} answered {(int)response.StatusCode}: {text}", null, response.StatusCode);
        }

        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }
}
