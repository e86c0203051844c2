using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.EventEntry;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features;

/// <summary>An installation whose keys are its own to lose.</summary>
public sealed class KeyRotationTests(PlatformFixture fixture) : IClassFixture<PlatformFixture>
{
    [Fact]
    public async Task New_keys_sign_and_the_old_ones_verify_until_their_tokens_end_without_a_restart()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var code = (await shop.BuyAsync()).GetProperty("tickets")[0].GetProperty("code").GetString();
        var scene = await fixture.SceneAsync();
        var eventPath = $"/api/v1/events/{scene.EventId}/recordings";
        var analytics = (await scene.Account.PostJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/analytics-token", new { }, HttpStatusCode.OK)).GetProperty("token").GetString()!;
        var grant = (await scene.Organiser.PostJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = true }, HttpStatusCode.OK)).GetProperty("grant").GetString()!;
        var node = new GrantVerifier(SigningKeyRing.LoadPublic(fixture.Options.KeysDirectory, NodeKeys.Grants, TimeProvider.System), TimeProvider.System);
        var before = await KeysAsync();
        Assert.Equal(4, before.Count);

        Assert.Equal(0, KeyRotation.Run(fixture.Options with { RotateKeys = KeyRotation.All }));

        // The running platform looks once a second.
        List<(string Purpose, string Kid)> after = [];
        await Eventually.TrueAsync(
            async () =>
            {
                after = await KeysAsync();
                return after.Count == 8;
            },
            "both keys of each ring are shown");
        Assert.Subset(after.ToHashSet(), before.ToHashSet());
        var entry = await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { }, HttpStatusCode.OK);
        var newToken = entry.GetProperty("token").GetString()!;
        Assert.Contains(("events", KidOf(newToken)), after.Except(before));
        using (var renewed = fixture.Bearer(newToken))
        {
            await renewed.GetJsonAsync(eventPath);
            var newGrant = (await renewed.PostJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = true }, HttpStatusCode.OK)).GetProperty("grant").GetString()!;
            Assert.Contains(("grants", KidOf(newGrant)), after.Except(before));
            Assert.True(node.Verify(newGrant).IsOk);
        }

        Assert.True(node.Verify(grant).IsOk);
        await scene.Organiser.GetJsonAsync(eventPath);
        using (var reader = fixture.Bearer(analytics))
        {
            await reader.GetJsonAsync("/analytics/v1/ping");
        }

        var verdict = await shop.Organiser.PostJsonAsync("/api/v1/tickets/check", new { code, eventId = shop.EventId }, HttpStatusCode.OK);
        Assert.True(verdict.GetProperty("valid").GetBoolean());
        var newCode = (await shop.BuyAsync()).GetProperty("tickets")[0].GetProperty("code").GetString();
        Assert.True((await shop.Organiser.PostJsonAsync("/api/v1/tickets/check", new { code = newCode, eventId = shop.EventId }, HttpStatusCode.OK)).GetProperty("valid").GetBoolean());

        // A key that a stranger may have: nothing of it is good any more.
        Assert.Equal(0, KeyRotation.Run(fixture.Options with { RotateKeys = NodeKeys.Events, AtOnce = true }));
        await Eventually.TrueAsync(async () => (await KeysAsync()).Count(k => k.Purpose == "events") == 1, "the old keys are gone");
        await scene.Organiser.GetAsync(eventPath).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_invalid");
        using var stale = fixture.Bearer(newToken);
        await stale.GetAsync(eventPath).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_invalid");
        await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { }, HttpStatusCode.OK);
    }

    [Fact]
    public async Task Cookies_of_the_key_before_hold_until_it_is_revoked()
    {
        var (_, email) = await fixture.AddUserAsync();
        var old = await SignInAsync(email);
        var keys = fixture.Services.GetRequiredService<IKeyManager>();
        var next = keys.CreateNewKey(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(90));

        // The ring is read anew in the background.
        var renewed = "";
        await Eventually.TrueAsync(async () => ProtectedBy(renewed = await SignInAsync(email)) == next.KeyId, "the new key protects");
        Assert.NotEqual(next.KeyId, ProtectedBy(old));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(old));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(renewed));
        keys.RevokeKey(ProtectedBy(old), "a stranger may have it");
        await Eventually.TrueAsync(async () => await MeAsync(old) == HttpStatusCode.Unauthorized, "the revoked key's cookie is refused");
        Assert.Equal(HttpStatusCode.OK, await MeAsync(renewed));
    }

    private async Task<List<(string Purpose, string Kid)>> KeysAsync()
    {
        using var client = new HttpClient { BaseAddress = fixture.Url };
        var keys = (await client.GetJsonAsync("/.well-known/jwks.json")).GetProperty("keys").EnumerateArray().ToList();
        Assert.All(keys, k => Assert.Equal(("EC", "P-256", 43, 43), (k.GetProperty("kty").GetString(), k.GetProperty("crv").GetString(), k.GetProperty("x").GetString()!.Length, k.GetProperty("y").GetString()!.Length)));
        Assert.All(keys, k => Assert.False(k.TryGetProperty("d", out _)));
        return [.. keys.Select(k => (k.GetProperty("purpose").GetString()!, k.GetProperty("kid").GetString()!))];
    }

    private async Task<string> SignInAsync(string email)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = fixture.Url };
        using var response = await client.PostAsJsonAsync("/api/v1/auth/sign-in", new { email, password = PlatformFixture.Password });
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0][(AccountCookie.Name.Length + 1)..];
    }

    private async Task<HttpStatusCode> MeAsync(string cookie)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = fixture.Url };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
        request.Headers.Add("Cookie", $"{AccountCookie.Name}={cookie}");
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>Four bytes of a magic number, then the key's id, stand in the clear at the head of what data protection protects.</summary>
    private static Guid ProtectedBy(string cookie) => new(Base64Url.DecodeFromChars(cookie).AsSpan(4, 16));

    private static string KidOf(string token) => JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[0])).RootElement.GetProperty("kid").GetString()!;
}
