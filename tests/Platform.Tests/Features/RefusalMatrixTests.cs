using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.MediaRegistry.Playback;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Analytics;
using Events.Platform.Features.EventEntry;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Platform.Features.Sso;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features;

/// <summary>Every kind of credential at every door: it opens its own and no other.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class RefusalMatrixTests(PlatformFixture fixture)
{
    private const string AnyConnection = "00000000-0000-0000-0000-000000000000";
    private const string AnyHash = "0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public async Task A_credential_opens_its_own_door_and_no_other()
    {
        var scene = await fixture.SceneAsync();
        var credentials = await Credentials.ValidAsync(fixture, scene);
        var failures = new List<string>();
        foreach (var door in Doors(scene))
        {
            foreach (var (kind, credential) in credentials.Where(c => c.Key != door.Name))
            {
                foreach (var shown in Ways(door, kind, credential))
                {
                    using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = fixture.Url };
                    using var response = await client.SendAsync(shown);
                    var code = await CodeAsync(response);
                    if (response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) || !door.Codes.Contains(code))
                    {
                        failures.Add($"{kind} at {door.Name}: {(int)response.StatusCode} {code}");
                    }
                }
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures));

        // The media node's door, which is in another process, takes nothing but grants.
        var grants = new GrantVerifier(JwtVerificationKey.AllFromPem(fixture.Keys.GrantPublicPem), TimeProvider.System);
        Assert.True(grants.Verify(credentials["grant"]).IsOk);
        Assert.All(credentials.Where(c => c.Key is not "grant" and not "none"), c => Assert.Equal("grant_invalid", grants.Verify(c.Value).Error!.Code));
    }

    [Fact]
    public async Task Every_credential_opens_its_own_door()
    {
        var scene = await fixture.SceneAsync();
        var credentials = await Credentials.ValidAsync(fixture, scene);
        foreach (var door in Doors(scene).Where(d => d.Name is not ("media" or "staff" or "sso" or "sso-saml")))
        {
            var request = door.Request();
            switch (door.Name)
            {
                case "cookie":
                    request.Headers.Add("Cookie", $"{AccountCookie.Name}={credentials["cookie"]}");
                    break;
                case "link":
                    request.Content = JsonContent.Create(new { token = credentials["link"] });
                    break;
                default:
                    request.Headers.Authorization = new("Bearer", credentials[door.Name]);
                    break;
            }

            using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = fixture.Url };
            using var response = await client.SendAsync(request);
            Assert.True(response.IsSuccessStatusCode, $"{door.Name}: {(int)response.StatusCode} {await CodeAsync(response)}");
        }
    }

    [Fact]
    public async Task A_forged_token_opens_no_door()
    {
        var scene = await fixture.SceneAsync();
        var key = JwtSigningKey.FromPem(fixture.Keys.AnalyticsPrivatePem);
        var account = new SignedIn(await fixture.AdminOfAsync(scene));
        var real = new AnalyticsTokens(fixture.Keys.AnalyticsPrivatePem, TimeProvider.System).Issue(account, scene.OrganiserId).Token;
        await CheckDoorAsync("/analytics/v1/ping", "analytics", "analytics+jwt", "analytics", key, real, new() { ["sub"] = account.UserId, ["org"] = scene.OrganiserId });

        var eventKey = JwtSigningKey.FromPem(fixture.Keys.EventsPrivatePem);
        var pass = new EventPass(scene.EventId, Guid.CreateVersion7(), "Eve", "organiser");
        await CheckDoorAsync($"/api/v1/events/{scene.EventId}/recordings", "event", "event+jwt", "event", eventKey, fixture.EventToken(pass),
            new() { ["sub"] = pass.ParticipantId, ["event"] = pass.EventId, ["name"] = "Eve", ["role"] = "organiser" });
    }

    private async Task CheckDoorAsync(string path, string prefix, string type, string audience, JwtSigningKey key, string real, Dictionary<string, object> claims)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Dictionary<string, object> With(params (string Name, object Value)[] changes)
        {
            var all = new Dictionary<string, object>(claims) { ["iss"] = "events", ["aud"] = audience, ["nbf"] = now - 10, ["exp"] = now + 600 };
            foreach (var (name, value) in changes)
            {
                all[name] = value;
            }

            return all;
        }

        using (var client = fixture.Bearer(real))
        {
            await client.GetJsonAsync(path);
        }

        using (var client = fixture.Bearer(CompactJwt.Sign(key, type, With())))
        {
            await client.GetJsonAsync(path);
        }

        var body = real.Split('.')[1];
        var hmacKey = Encoding.ASCII.GetBytes(key.ExportPublicPem());
        string Header(string alg) => Encode(JsonSerializer.SerializeToUtf8Bytes(new { alg, typ = type, kid = key.KeyId }));
        var confused = $"{Header("HS256")}.{body}";
        var forged = new Dictionary<string, string>
        {
            ["alg none"] = $"{Header("none")}.{body}.",
            ["alg none with a signature"] = $"{Header("none")}.{body}.{real.Split('.')[2]}",
            ["HS256 keyed with the public key"] = $"{confused}.{Encode(HMACSHA256.HashData(hmacKey, Encoding.ASCII.GetBytes(confused)))}",
            ["ES384 in the header"] = $"{Header("ES384")}.{body}.{real.Split('.')[2]}",
            ["another key"] = CompactJwt.Sign(JwtSigningKey.Generate(), type, With()),
            ["another audience"] = CompactJwt.Sign(key, type, With(("aud", "rtc"))),
            ["an array as audience"] = CompactJwt.Sign(key, type, With(("aud", new[] { audience }))),
            ["another issuer"] = CompactJwt.Sign(key, type, With(("iss", "someone"))),
            ["another type"] = CompactJwt.Sign(key, "JWT", With()),
            ["not yet valid"] = CompactJwt.Sign(key, type, With(("nbf", now + 120))),
            ["no end"] = CompactJwt.Sign(key, type, new Dictionary<string, object>(claims) { ["iss"] = "events", ["aud"] = audience }),
            ["no subject"] = CompactJwt.Sign(key, type, With(("sub", "me"))),
            ["tampered body"] = real.Replace(body, Encode(JsonSerializer.SerializeToUtf8Bytes(With(("exp", now + 90_000)))), StringComparison.Ordinal),
            ["tampered signature"] = real[..^4] + (real[^4..] == "AAAA" ? "BBBB" : "AAAA"),
            ["no signature"] = real[..(real.LastIndexOf('.') + 1)],
            ["four parts"] = real + ".x",
        };
        foreach (var (how, token) in forged)
        {
            using var client = fixture.Bearer(token);
            using var response = await client.GetAsync(path);
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized && await CodeAsync(response) == $"{prefix}_token_invalid", $"{how}: {(int)response.StatusCode} {await CodeAsync(response)}");
        }

        using var late = fixture.Bearer(CompactJwt.Sign(key, type, With(("nbf", now - 100), ("exp", now - 1))));
        await late.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, $"{prefix}_token_expired");
    }

    /// <param name="Name">Also the kind of credential that opens it.</param>
    private sealed record Door(string Name, Func<HttpRequestMessage> Request, string[] Codes);

    private static Door[] Doors(Scene scene)
    {
        static HttpRequestMessage Get(string path) => new(HttpMethod.Get, path);
        static HttpRequestMessage Post(string path, object body) => new(HttpMethod.Post, path) { Content = JsonContent.Create(body) };

        // On /api every Bearer is looked at as an event token first, and refused there.
        return
        [
            new("cookie", () => Get("/api/v1/me"), ["not_signed_in", "event_token_invalid"]),
            new("staff", () => Get("/api/v1/staff/users?email=a@b.example&reason=curious"), ["not_signed_in", "event_token_invalid", "not_staff"]),
            new("event", () => Get($"/api/v1/events/{scene.EventId}/recordings"), ["event_token_missing", "event_token_invalid"]),
            new("api", () => Get("/external/v1/events"), ["api_token_missing", "api_token_invalid"]),
            new("analytics", () => Get("/analytics/v1/ping"), ["analytics_token_missing", "analytics_token_invalid"]),
            new("device", () => Get("/onsite/v1/device"), ["device_token_missing", "device_token_invalid"]),
            new("node", () => Post("/internal/nodes/n/events", new { epoch = Guid.NewGuid(), events = Array.Empty<object>() }), ["node_key_invalid", "csrf_header_missing"]),
            new("media", () => Get($"/media/{AnyHash}/a.mp4"), ["signature_invalid"]),
            new("sso", () => Get($"/sso/{AnyConnection}/callback?code=x"), ["sso_state_invalid"]),
            new("sso-saml", () => Get($"/sso/{AnyConnection}/finish"), ["sso_state_invalid"]),
            new("link", () => Post("/api/v1/auth/confirm", new { token = "" }), ["link_invalid", "event_token_invalid", "csrf_header_missing"]),
        ];
    }

    /// <summary>A credential shown as a Bearer, as the account's cookie, in the query of signed addresses, and as a link's token.</summary>
    private static IEnumerable<HttpRequestMessage> Ways(Door door, string kind, string credential)
    {
        if (kind == "none")
        {
            yield return door.Request();
            yield break;
        }

        if (kind != "cookie" || door.Name != "staff")
        {
            var bearer = door.Request();
            bearer.Headers.TryAddWithoutValidation("Authorization", $"Bearer {credential}");
            yield return bearer;
        }

        var cookie = door.Request();
        cookie.Headers.TryAddWithoutValidation("Cookie", $"{AccountCookie.Name}={credential}");
        yield return cookie;

        if (door.Name == "link")
        {
            var body = door.Request();
            body.Content = JsonContent.Create(new { token = credential });
            yield return body;
        }

        // A line of a request holds 8 KB, which a SAML response fills.
        if (credential.Length > 1_500)
        {
            yield break;
        }

        var query = door.Request();
        var separator = query.RequestUri!.OriginalString.Contains('?') ? '&' : '?';
        query.RequestUri = new Uri($"{query.RequestUri.OriginalString}{separator}exp=99999999999&sig={Uri.EscapeDataString(credential)}&token={Uri.EscapeDataString(credential)}&access_token={Uri.EscapeDataString(credential)}&state={Uri.EscapeDataString(credential)}&result={Uri.EscapeDataString(credential)}", UriKind.Relative);
        yield return query;
    }

    private static async Task<string> CodeAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.Content.Headers.ContentType?.MediaType == "application/problem+json" ? JsonDocument.Parse(text).RootElement.GetProperty("code").GetString()! : $"no problem: {text}";
    }

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
