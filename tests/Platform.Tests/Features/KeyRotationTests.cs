using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.MediaRegistry.Blobs;
using Events.MediaRegistry.Playback;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Tickets;
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

    [Fact]
    public async Task Links_signed_addresses_and_the_node_key_outlive_their_secrets_rotation_and_end_with_a_stolen_one()
    {
        var (shop, other) = (await Shop.OpenAsync(fixture, capacity: 1), await Shop.OpenAsync(fixture, capacity: 1));
        var order = await shop.BuyAsync();
        var orderPath = $"/api/v1/orders/{order.GetProperty("id").GetGuid()}";
        var waiting = await fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email = "wanda@people.example", name = "Wanda" }, HttpStatusCode.Created);
        var waitingPath = $"/api/v1/waiting-list/{waiting.GetProperty("key").GetString()}";
        var blob = await fixture.Services.GetRequiredService<IBlobStore>().PutAsync(new MemoryStream([1, 2, 3]), default);
        var urls = fixture.Services.GetRequiredService<SignedUrls>();
        var address = urls.Sign(blob.Sha256, "a.mp4", DateTimeOffset.UtcNow.AddDays(7));
        using var anybody = new HttpClient { BaseAddress = fixture.Url };
        using var before = fixture.Node();
        foreach (var name in new[] { TicketKeys.Links, SecretRing.Playback, SecretRing.Node })
        {
            Assert.Equal(0, KeyRotation.Run(fixture.Options with { RotateKeys = name }));
        }

        // The running platform meets the new node key before it has looked, and knows it.
        using var after = fixture.Bearer(SecretRing.LoadOrCreate(fixture.Options.KeysDirectory, SecretRing.Node, TimeProvider.System).Current);
        Assert.NotEqual(before.DefaultRequestHeaders.Authorization, after.DefaultRequestHeaders.Authorization);
        Assert.Equal(HttpStatusCode.OK, await DeliverAsync(after));
        await Eventually.TrueAsync(() => Task.FromResult(urls.Sign(blob.Sha256, "a.mp4", UntilOf(address)) != address), "the new secret signs");
        var renewed = urls.Sign(blob.Sha256, "a.mp4", UntilOf(address));
        var second = await other.BuyAsync();
        Assert.Equal(HttpStatusCode.OK, await DeliverAsync(before));
        Assert.Equal([1, 2, 3], await anybody.GetByteArrayAsync(address));
        Assert.Equal([1, 2, 3], await anybody.GetByteArrayAsync(renewed));
        await anybody.GetJsonAsync(waitingPath);
        Assert.Equal("confirmed", await shop.StateAsync(order));
        Assert.Equal("confirmed", await other.StateAsync(second));

        foreach (var name in new[] { TicketKeys.Links, SecretRing.Playback, SecretRing.Node })
        {
            Assert.Equal(0, KeyRotation.Run(fixture.Options with { RotateKeys = name, AtOnce = true }));
        }

        await Eventually.TrueAsync(async () => await DeliverAsync(after) == HttpStatusCode.Unauthorized, "the stolen node key is refused");
        Assert.Equal(HttpStatusCode.Unauthorized, await DeliverAsync(before));
        await Eventually.TrueAsync(async () => await StatusAsync(anybody, renewed) == HttpStatusCode.Forbidden, "its signed addresses are refused");
        await Eventually.TrueAsync(async () => await StatusAsync(anybody, waitingPath) == HttpStatusCode.NotFound, "its links are refused");
        await shop.WithKeyAsync(HttpMethod.Get, orderPath, order).ShouldRefuseAsync(HttpStatusCode.NotFound, "order_not_found");
        using var node = fixture.Node();
        Assert.Equal(HttpStatusCode.OK, await DeliverAsync(node));
    }

    private static DateTimeOffset UntilOf(string address) =>
        DateTimeOffset.FromUnixTimeSeconds(long.Parse(address.Split("exp=")[1].Split('&')[0], System.Globalization.CultureInfo.InvariantCulture));

    private static async Task<HttpStatusCode> DeliverAsync(HttpClient node)
    {
        using var response = await node.PostAsJsonAsync("/internal/nodes/rotated/events", new { epoch = Guid.NewGuid(), events = Array.Empty<object>() });
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return response.StatusCode;
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
