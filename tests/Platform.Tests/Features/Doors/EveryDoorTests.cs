using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Events.Platform.Features.Accounts;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Doors;

/// <summary>
/// Every route of every role stands in <c>doors.txt</c> with the door that it is behind, and every kind of credential is shown at every
/// one of them. A route without a row fails, and so does a row without a route.
/// </summary>
[Collection(nameof(PlatformCollection))]
public sealed class EveryDoorTests(PlatformFixture fixture)
{
    private const int AtOnce = 4;

    private static readonly string[] Signing = ["not_signed_in", "event_token_invalid", "event_token_expired", "csrf_header_missing"];

    /// <summary>What each door says to who is not let in, as 401 or 403; a door of keys in links does not tell a wrong key from nothing there, and says 404.</summary>
    private static readonly Dictionary<string, Door> Doors = new()
    {
        ["account"] = new(["cookie"], Signing),
        ["staff"] = new([], [.. Signing, "not_staff"]),
        ["event"] = new(["event"], ["event_token_missing", "event_token_invalid", "event_token_expired"]),
        ["external"] = new(["api"], ["api_token_missing", "api_token_invalid", "api_token_expired", "api_token_revoked"]),
        ["analytics"] = new(["analytics"], ["analytics_token_missing", "analytics_token_invalid", "analytics_token_expired"]),
        ["device"] = new(["device"], ["device_token_missing", "device_token_invalid", "device_revoked"]),
        ["enrolment"] = new([], [.. Signing, "enrolment_invalid"]),
        ["node"] = new(["node"], ["node_key_missing", "node_key_invalid", "csrf_header_missing"]),
        ["grant"] = new(["grant"], ["grant_missing", "grant_invalid", "grant_expired"]),
        ["resource"] = new([], ["resource_not_found"]),
        ["signed"] = new(["media-signature"], ["signature_invalid"]),
        ["link"] = new(["link"], [.. Signing, "link_invalid", "origin_refused"]),
        ["sso"] = new(["sso-state", "sso-state-cookie", "sso-saml-result"], ["sso_state_invalid"]),
        ["order"] = new([], [.. Signing, "order_not_found", "ticket_not_found"]),
        ["key"] = new(["waiting-key"], [.. Signing, "waiting_not_found", "invitation_invalid"]),
    };

    [Fact]
    public async Task Every_route_has_its_row_and_every_row_its_route()
    {
        await using var roles = await Roles.StartAsync(fixture);
        var found = roles.Routes.Select(r => r.Name).ToHashSet();
        var listed = Listed().Keys.ToHashSet();
        Assert.True(
            found.SetEquals(listed),
            $"doors.txt is to be brought up to date: say of each new route which door it is behind.\nNot listed:\n{string.Join('\n', found.Except(listed).Order(StringComparer.Ordinal))}\nGone:\n{string.Join('\n', listed.Except(found).Order(StringComparer.Ordinal))}");
        Assert.All(Listed().Values, door => Assert.True(door == "public" || Doors.ContainsKey(door), door));
    }

    [Fact]
    public async Task No_credential_opens_a_door_that_is_not_its_own()
    {
        await using var roles = await Roles.StartAsync(fixture);
        var listed = Listed();
        var scene = await fixture.SceneAsync();
        var credentials = await Credentials.ValidAsync(fixture, scene);
        foreach (var (kind, credential) in (await Credentials.KeysAsync(fixture)).Concat(await Credentials.WorthlessAsync(fixture, scene)))
        {
            credentials.Add(kind, credential);
        }

        Assert.True(credentials.Count > 45);
        var failures = new ConcurrentQueue<string>();
        var asked = 0;
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        var cases = from route in roles.Routes
                    let name = listed.GetValueOrDefault(route.Name, "public")
                    where name != "public"
                    from credential in credentials
                    where !Doors[name].Opens.Contains(credential.Key)
                    select (Route: route, Name: name, credential.Key, credential.Value);
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (c, cancel) =>
        {
            foreach (var (way, request) in Ways(c.Route, c.Name, scene.EventId, c.Key, c.Value))
            {
                Interlocked.Increment(ref asked);
                using var response = await client.SendAsync(request, cancel);
                var code = await CodeAsync(response);
                if (response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound) || !Doors[c.Name].Codes.Contains(code))
                {
                    failures.Enqueue($"{c.Key} as {way} at {c.Route.Name}: {(int)response.StatusCode} {code}");
                }
            }
        });
        Assert.True(failures.IsEmpty, $"{failures.Count}:\n" + string.Join("\n", failures.Take(60)));
        Assert.True(asked > 5_000, $"{asked}");
    }

    /// <summary>The hub's address is open; its door is the call that joins a room.</summary>
    [Fact]
    public async Task Nothing_but_a_grant_joins_a_room_at_the_hub()
    {
        await using var roles = await Roles.StartAsync(fixture);
        var hub = new UriBuilder(roles.Routes.First(r => r.Role == "media").Url) { Scheme = "ws", Path = "/hubs/rtc" }.Uri;
        var scene = await fixture.SceneAsync();
        var credentials = (await Credentials.ValidAsync(fixture, scene)).Concat(await Credentials.KeysAsync(fixture)).Concat(await Credentials.WorthlessAsync(fixture, scene)).ToList();
        foreach (var (kind, credential) in credentials)
        {
            var answer = await JoinAsync(hub, credential);
            var code = answer.GetProperty("result").TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? error.GetProperty("code").GetString() : null;

            // What is empty, or longer than any token, is no call that the hub takes.
            var isCall = credential.Length is > 0 and <= CompactJwt.MaxLength;
            Assert.True(kind == "grant" ? code is null : isCall ? Doors["grant"].Codes.Contains(code) : code is "bad_request" or "grant_invalid", $"{kind}: {answer}");
        }
    }

    /// <summary>SignalR's JSON protocol, by hand: a handshake, one call, its completion (type 3).</summary>
    private static async Task<JsonElement> JoinAsync(Uri hub, string grant)
    {
        const char end = '\x1e';
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        await socket.ConnectAsync(hub, deadline.Token);
        var call = JsonSerializer.Serialize(new { type = 1, invocationId = "1", target = "join", arguments = new[] { new { grant } } });
        await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes($$"""{"protocol":"json","version":1}{{end}}{{call}}{{end}}"""), System.Net.WebSockets.WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
        var (buffer, text) = (new byte[16 * 1024], new System.Text.StringBuilder());
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, deadline.Token);
            text.Append(System.Text.Encoding.UTF8.GetString(buffer, 0, received.Count));
            foreach (var message in text.ToString().Split(end)[..^1].Where(m => m.Contains("\"type\":3", StringComparison.Ordinal)))
            {
                return JsonDocument.Parse(message).RootElement;
            }

            Assert.True(received.MessageType == System.Net.WebSockets.WebSocketMessageType.Text, $"The hub hung up: {text}");
        }
    }

    /// <summary>As a Bearer, as the account's cookie, and in the address; where keys open, as the order's key.</summary>
    private static IEnumerable<(string Way, HttpRequestMessage Request)> Ways(Route route, string door, Guid id, string kind, string credential)
    {
        HttpRequestMessage Asked(string? key = null)
        {
            var path = RoutePaths.Of(route.Endpoint, id).Replace("/word", $"/{key ?? "word"}", StringComparison.Ordinal);
            var request = new HttpRequestMessage(new HttpMethod(route.Method), new Uri(route.Url, path));
            if (route.Method is "POST" or "PUT" or "PATCH")
            {
                request.Content = Http.Json(new { });
            }

            request.Headers.Add("X-Events-Csrf", "1");
            return request;
        }

        if (kind == "none")
        {
            yield return ("nothing", Asked());
            yield break;
        }

        var bearer = Asked();
        bearer.Headers.TryAddWithoutValidation("Authorization", $"Bearer {credential}");
        yield return ("Bearer", bearer);

        // Who is signed in is somebody else at the door of an order, and nobody's staff.
        var cookie = Asked();
        cookie.Headers.TryAddWithoutValidation("Cookie", $"{AccountCookie.Name}={credential}");
        yield return ("cookie", cookie);

        // A line of a request holds 8 KB, which a SAML response fills.
        if (credential.Length > 1_500)
        {
            yield break;
        }

        var escaped = Uri.EscapeDataString(credential);
        if (door is "order" or "key")
        {
            var key = Asked(escaped);
            key.Headers.TryAddWithoutValidation("X-Order-Key", credential);
            yield return ("key", key);
        }
        else
        {
            var query = Asked();
            query.RequestUri = new Uri($"{query.RequestUri}?exp=99999999999&sig={escaped}&token={escaped}&access_token={escaped}&state={escaped}&result={escaped}&code=x");
            yield return ("query", query);
        }
    }

    private static async Task<string> CodeAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.Content.Headers.ContentType?.MediaType == "application/problem+json" ? JsonDocument.Parse(text).RootElement.GetProperty("code").GetString()! : $"no problem: {text[..Math.Min(text.Length, 100)]}";
    }

    private static Dictionary<string, string> Listed() => File.ReadLines(ChildProgram.SourceOf(Path.Combine("Features", "Doors", "doors.txt")))
        .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ')).ToDictionary(l => string.Join(' ', l[..3]), l => l[3]);

    /// <param name="Opens">Kinds of credentials that are right here.</param>
    private sealed record Door(string[] Opens, string[] Codes);

    private sealed record Route(string Role, string Method, RouteEndpoint Endpoint, Uri Url)
    {
        public string Name => $"{Role} {Method} {Endpoint.RoutePattern.RawText!.TrimStart('/')}";
    }

    /// <summary>The platform of the tests, and a media node and a mixer beside it.</summary>
    private sealed class Roles(IReadOnlyList<Route> routes, params WebApplication[] started) : IAsyncDisposable
    {
        public IReadOnlyList<Route> Routes => routes;

        public static async Task<Roles> StartAsync(PlatformFixture fixture)
        {
            Directory.CreateDirectory(fixture.Options.RunDirectory);
            var options = fixture.Options with { MediaHttpPort = PlatformFixture.FreePort(), MixerHttpPort = PlatformFixture.FreePort(), RtcPort = 0, RtcWorkers = 1 };
            var media = MediaRole.Build(options with { Role = Role.Media });
            await media.StartAsync();
            var mixer = MixerRole.Build(options with { Role = Role.Mixer });
            await mixer.StartAsync();
            return new Roles([.. RoutesOf("platform", fixture.App, fixture.Url), .. RoutesOf("media", media, options.MediaUrl), .. RoutesOf("mixer", mixer, options.MixerUrl)], media, mixer);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var role in started)
            {
                await role.StopAsync();
                await role.DisposeAsync();
            }
        }

        private static IEnumerable<Route> RoutesOf(string role, WebApplication app, Uri url) =>
            from endpoint in app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            from method in (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Where(m => m is not ("OPTIONS" or "HEAD"))
            group endpoint by (method, endpoint.RoutePattern.RawText) into same
            select new Route(role, same.Key.method, same.First(), url);
    }
}
