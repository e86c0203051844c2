using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Playback;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Analytics;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Tickets;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Platform.Features.Onsite;
using Events.Tests.Platform.Features.Sso;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features;

/// <summary>Every kind of credential that there is, by name.</summary>
internal static class Credentials
{
    /// <summary>One of each kind, good at its own door.</summary>
    public static async Task<Dictionary<string, string>> ValidAsync(PlatformFixture fixture, Scene scene)
    {
        var (userId, email) = await fixture.AddUserAsync();
        using var plain = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = fixture.Url };
        using var signedIn = await plain.PostAsJsonAsync("/api/v1/auth/sign-in", new { email, password = PlatformFixture.Password });
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0][(AccountCookie.Name.Length + 1)..];
        await fixture.Client().PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        using var staff = await fixture.StaffAsync();
        var api = await staff.PostJsonAsync($"/api/v1/staff/organisations/{scene.OrganiserId}/api-tokens", new { name = "Matrix", scopes = new[] { "events:read" } }, HttpStatusCode.Created);
        var analytics = await scene.Account.PostJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/analytics-token", new { }, HttpStatusCode.OK);
        await using var provider = await OidcStandIn.StartAsync();
        using var saml = new SamlStandIn();
        var company = await Company.FoundAsync(fixture);
        using var started = await plain.GetAsync($"/sso/{(await company.ConnectAsync(provider)).GetProperty("id").GetGuid()}/start");
        var authorization = started.Headers.Location!;
        var state = OidcStandIn.Parameter(authorization, "state");
        var stateCookie = started.Headers.GetValues("Set-Cookie").Single().Split(';')[0].Split('=', 2)[1];
        var connection = await company.ConnectAsync(saml.Metadata());
        var response = SamlStandIn.Bytes(saml.Signed(new SamlClaims(connection.GetProperty("acsUrl").GetString()!, connection.GetProperty("metadataUrl").GetString()!, "_request", $"matrix@{company.Domain}")));
        using var accepted = await SamlProviderTests.PostAsync(plain, connection.GetProperty("id").GetGuid(), response, "relay");
        var devices = $"/api/v1/events/{scene.EventId}/check-in/devices";
        var (device, _) = await DoorDevice.EnrolAsync(fixture, await scene.Account.PostJsonAsync(devices, new { name = "Matrix" }, HttpStatusCode.Created));
        var enrolment = DoorDevice.KeyOf(await scene.Account.PostJsonAsync(devices, new { name = "Matrix, to be enrolled" }, HttpStatusCode.Created));
        var media = fixture.Services.GetRequiredService<SignedUrls>().Sign(new string('1', 64), "a.mp4", DateTimeOffset.UtcNow.AddHours(1));
        return new()
        {
            ["none"] = "",
            ["cookie"] = cookie,
            ["event"] = fixture.EventToken(new EventPass(scene.EventId, userId, "Eve", "organiser")),
            ["api"] = api.GetProperty("token").GetString()!,
            ["analytics"] = analytics.GetProperty("token").GetString()!,
            ["grant"] = fixture.Services.GetRequiredService<GrantSigner>().Issue(new RoomRights("room", "identity", "Eve", "organiser", true, true, false), TimeSpan.FromHours(1)).Token,
            ["node"] = fixture.Keys.NodeKey.Current,
            ["device"] = device,
            ["device-enrolment"] = enrolment,
            ["media-signature"] = media[(media.IndexOf("sig=", StringComparison.Ordinal) + 4)..],
            ["link"] = await fixture.TokenAsync(email),
            ["sso-state"] = state,
            ["sso-state-cookie"] = stateCookie,
            ["sso-id-token"] = provider.SignEs256(provider.Claims(authorization, "matrix", $"matrix@{company.Domain}")),
            ["sso-saml-assertion"] = Convert.ToBase64String(response),
            ["sso-saml-result"] = OidcStandIn.Parameter(new Uri(fixture.Url, accepted.Headers.Location!), "result"),
            ["sso-client-secret"] = OidcStandIn.ClientSecret,
        };
    }

    /// <summary>The keys in links and codes of the ticket sale, each good for one thing of this shop.</summary>
    public static async Task<Dictionary<string, string>> KeysAsync(PlatformFixture fixture)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var order = await shop.BuyAsync();
        var keys = fixture.Services.GetRequiredService<TicketKeys>();
        var waiting = await fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email = "wanda@people.example", name = "Wanda" }, HttpStatusCode.Created);
        var ticket = order.GetProperty("tickets")[0];
        return new()
        {
            ["order-key"] = order.GetProperty("key").GetString()!,
            ["ticket-key"] = keys.KeyOf("ticket", ticket.GetProperty("id").GetGuid()),
            ["ticket-code"] = ticket.GetProperty("code").GetString()!,
            ["waiting-key"] = waiting.GetProperty("key").GetString()!,
            ["invitation-key"] = keys.LinkOf("invitation", Guid.CreateVersion7()),
            ["file-key"] = keys.LinkOf("file", Guid.CreateVersion7()),
        };
    }

    /// <summary>What was a credential of its door, or looks like one: refused there too.</summary>
    public static async Task<Dictionary<string, string>> WorthlessAsync(PlatformFixture fixture, Scene scene)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var pass = new EventPass(scene.EventId, Guid.CreateVersion7(), "Eve", "organiser");
        var admin = new SignedIn(await fixture.AdminOfAsync(scene));
        var real = new Dictionary<string, string>
        {
            ["event"] = fixture.EventToken(pass),
            ["analytics"] = new AnalyticsTokens(fixture.Keys.AnalyticsPrivatePem, TimeProvider.System).Issue(admin, scene.OrganiserId).Token,
            ["rtc"] = new GrantSigner(JwtSigningKey.FromPem(fixture.Keys.GrantPrivatePem), TimeProvider.System).Issue(new RoomRights("room", "identity", "Eve", "organiser", true, true, false), TimeSpan.FromHours(1)).Token,
        };
        var worthless = new Dictionary<string, string>();
        foreach (var (audience, token) in real)
        {
            using var key = JwtSigningKey.FromPem(audience switch { "event" => fixture.Keys.EventsPrivatePem, "analytics" => fixture.Keys.AnalyticsPrivatePem, _ => fixture.Keys.GrantPrivatePem });
            foreach (var (how, forged) in Forged(token, $"{audience}+jwt", key, now))
            {
                worthless[$"{audience}: {how}"] = forged;
            }
        }

        using (var revoked = await ExternalClient.IssueAsync(fixture, scene.OrganiserId))
        using (var expired = await ExternalClient.IssueAsync(fixture, scene.OrganiserId))
        {
            await using var connection = await fixture.Database.OpenAsync(default);
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(revoked.Token));
            await connection.ExecuteAsync("update platform.api_tokens set revoked_at = now() where token_hash = @hash", new { hash });
            hash = SHA256.HashData(Encoding.UTF8.GetBytes(expired.Token));
            await connection.ExecuteAsync("update platform.api_tokens set expires_at = now() where token_hash = @hash", new { hash });
            (worthless["api: revoked"], worthless["api: expired"], worthless["api: changed"]) = (revoked.Token, expired.Token, expired.Token[..^1] + (expired.Token[^1] == 'A' ? 'B' : 'A'));
        }

        var devices = $"/api/v1/events/{scene.EventId}/check-in/devices";
        var (lost, id) = await DoorDevice.EnrolAsync(fixture, await scene.Account.PostJsonAsync(devices, new { name = "Lost" }, HttpStatusCode.Created));
        using (await scene.Account.DeleteAsync($"{devices}/{id}"))
        {
            (worthless["device: revoked"], worthless["device: changed"]) = (lost, lost[..^1] + (lost[^1] == 'A' ? 'E' : 'A'));
        }

        var (_, email) = await fixture.AddUserAsync();
        using var plain = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = fixture.Url };
        using var signedIn = await plain.PostAsJsonAsync("/api/v1/auth/sign-in", new { email, password = PlatformFixture.Password });
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0][(AccountCookie.Name.Length + 1)..];
        await using (var connection = await fixture.Database.OpenAsync(default))
        {
            await connection.ExecuteAsync("update platform.users set disabled_at = now() where email = @email", new { email });
        }

        (worthless["cookie: disabled account"], worthless["cookie: changed"]) = (cookie, cookie[..^4] + (cookie[^4..] == "AAAA" ? "BBBB" : "AAAA"));
        worthless["node: changed"] = fixture.Keys.NodeKey.Current[..^1] + (fixture.Keys.NodeKey.Current[^1] == 'A' ? 'E' : 'A');
        worthless["nothing that anybody issued"] = "letmein";
        return worthless;
    }

    /// <summary>The same claims under another algorithm, key, type, audience, issuer, time or hand.</summary>
    private static IEnumerable<(string How, string Token)> Forged(string real, string type, JwtSigningKey key, long now)
    {
        var body = real.Split('.')[1];
        var claims = JsonSerializer.Deserialize<Dictionary<string, object>>(System.Buffers.Text.Base64Url.DecodeFromChars(body))!;
        string Signed(string claim, object value, string? typ = null, JwtSigningKey? by = null) => CompactJwt.Sign(by ?? key, typ ?? type, new Dictionary<string, object>(claims) { [claim] = value });
        string Header(string alg) => Encode(JsonSerializer.SerializeToUtf8Bytes(new { alg, typ = type, kid = key.KeyId }));
        using var stranger = JwtSigningKey.Generate();
        var confused = $"{Header("HS256")}.{body}";
        yield return ("alg none", $"{Header("none")}.{body}.");
        yield return ("HS256 keyed with the public key", $"{confused}.{Encode(HMACSHA256.HashData(Encoding.ASCII.GetBytes(key.ExportPublicPem()), Encoding.ASCII.GetBytes(confused)))}");
        yield return ("another key", Signed("nbf", now - 10, by: stranger));
        yield return ("another type", Signed("nbf", now - 10, typ: "JWT"));
        yield return ("another audience", Signed("aud", "someone"));
        yield return ("another issuer", Signed("iss", "someone"));
        yield return ("expired", Signed("exp", now - 60));
        yield return ("not yet valid", Signed("nbf", now + 120));
        yield return ("tampered", real.Replace(body, Encode(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>(claims) { ["exp"] = now + 90_000 })), StringComparison.Ordinal));
    }

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
