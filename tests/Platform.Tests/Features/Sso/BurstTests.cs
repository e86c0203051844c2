using System.Diagnostics;
using System.Net;
using Events.Platform.Features.Accounts;
using Events.Tests.Platform.Testing;
using Xunit.Abstractions;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>The minute before a large event: everyone comes back from the company's sign-in at once, all of them for the first time.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class BurstTests(PlatformFixture fixture, ITestOutputHelper output)
{
    /// <summary>Requests at once.</summary>
    private const int Wide = 64;

    /// <summary>A fifth of what two cores do while they also play the provider and the browsers; the large case needs 15,000.</summary>
    private const double LeastPerMinute = 3_000;

    private static readonly int People = Environment.GetEnvironmentVariable("EVENTS_LONG_TESTS") == "1" ? 15_000 : 1_500;

    [Fact]
    public async Task Thousands_sign_in_within_a_minute_and_nobody_is_refused()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = Wide }) { BaseAddress = fixture.Url };
        var waiting = new (string Address, string Cookie)[People];
        await Parallel.ForAsync(0, People, new ParallelOptions { MaxDegreeOfParallelism = Wide }, async (i, cancel) =>
        {
            using var response = await http.GetAsync($"/sso/{id}/start", cancel);
            var authorization = response.Headers.Location!;
            var token = provider.SignEs256(provider.Claims(authorization, $"subject-{i}", $"person-{i}@{company.Domain}"));
            waiting[i] = (
                $"/sso/{id}/callback?code={provider.Code(authorization, token)}&state={OidcStandIn.Parameter(authorization, "state")}&iss={Uri.EscapeDataString(provider.Issuer)}",
                response.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        });

        var times = new double[People];
        var refusals = new System.Collections.Concurrent.ConcurrentBag<string>();
        var clock = Stopwatch.StartNew();
        await Parallel.ForAsync(0, People, new ParallelOptions { MaxDegreeOfParallelism = Wide }, async (i, cancel) =>
        {
            var begun = Stopwatch.GetTimestamp();
            using var request = new HttpRequestMessage(HttpMethod.Get, waiting[i].Address);
            request.Headers.Add("Cookie", waiting[i].Cookie);
            using var response = await http.SendAsync(request, cancel);
            times[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            if (response.StatusCode != HttpStatusCode.Redirect || !response.Headers.GetValues("Set-Cookie").Any(c => c.StartsWith(AccountCookie.Name + "=", StringComparison.Ordinal)))
            {
                refusals.Add($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancel)}");
            }
        });
        var perMinute = People / clock.Elapsed.TotalMinutes;
        Array.Sort(times);
        output.WriteLine($"{People} sign-ins in {clock.Elapsed.TotalSeconds:0.0} s: {perMinute:0} a minute, p50 {times[People / 2]:0} ms, p99 {times[People * 99 / 100]:0} ms");
        Assert.True(refusals.IsEmpty, string.Join('\n', refusals.Take(5)));
        Assert.Equal(People, await company.ScalarAsync<int>("select count(*)::int from platform.sso_identities where connection_id = @id", new { id }));
        Assert.True(perMinute >= LeastPerMinute, $"{perMinute:0} sign-ins a minute");
        Assert.Equal(1, provider.KeyRequests);
    }
}
