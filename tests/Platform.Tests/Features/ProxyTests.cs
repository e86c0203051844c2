using System.Net;
using System.Net.Http.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

/// <summary>Behind a named reverse proxy people are told apart by what it says of them, and their cookies are marked by their scheme.</summary>
public sealed class ProxyTests(ProxiedFixture fixture) : IClassFixture<ProxiedFixture>
{
    [Fact]
    public async Task People_behind_a_named_proxy_have_each_their_own_limits_and_secure_cookies()
    {
        // Two hops of ours behind the person; what the person itself claims stands further left and counts for nothing.
        for (var i = 0; i < 3 * NarrowFixture.Attempts; i++)
        {
            using var one = await LimitsTests.AskAsync(fixture, $"192.0.2.1, 203.0.113.{i}, 198.51.100.9", "https");
            Assert.Equal(HttpStatusCode.Accepted, one.StatusCode);
        }

        var refused = 0;
        for (var i = 0; i < NarrowFixture.Attempts + 1; i++)
        {
            using var spoofing = await LimitsTests.AskAsync(fixture, $"192.0.2.{i}, 203.0.113.200, 198.51.100.9", "https");
            refused += spoofing.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
        }

        Assert.Equal(1, refused);
        var (_, email) = await fixture.AddUserAsync();
        foreach (var (scheme, isSecure) in new[] { ("https", true), ("http", false) })
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = fixture.Url };
            client.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.77");
            client.DefaultRequestHeaders.Add("X-Forwarded-Proto", scheme);
            using var response = await client.PostAsJsonAsync("/api/v1/auth/sign-in", new { email, password = PlatformFixture.Password });
            Assert.Equal(isSecure, response.Headers.GetValues("Set-Cookie").Single().Contains("; secure", StringComparison.OrdinalIgnoreCase));
        }
    }
}
