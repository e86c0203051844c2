using System.Globalization;
using System.Net;
using Events.Platform.Features.External;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.External;

[Collection(nameof(PlatformCollection))]
public sealed class ExternalDoorTests(PlatformFixture fixture)
{
    /// <summary>Every route of the API with every token that lacks just its scope.</summary>
    [Fact]
    public async Task Every_route_asks_for_its_scope()
    {
        var scene = await fixture.SceneAsync();
        var routes = fixture.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(e => e.Metadata.GetMetadata<ScopeRequired>() is not null).ToList();
        Assert.True(routes.Count > 25);
        foreach (var scope in ExternalClient.AllScopes)
        {
            using var without = await ExternalClient.IssueAsync(fixture, scene.OrganiserId, [.. ExternalClient.AllScopes.Where(s => s != scope)]);
            foreach (var route in routes.Where(r => r.Metadata.GetMetadata<ScopeRequired>()!.Scope == scope))
            {
                var path = System.Text.RegularExpressions.Regex.Replace(route.RoutePattern.RawText!, @"\{[^}]+\}", scene.EventId.ToString());
                using var request = new HttpRequestMessage(new HttpMethod(route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]), path) { Content = Http.Json(new { }) };
                using var response = await without.SendAsync(request);
                Assert.Equal((HttpStatusCode.Forbidden, $"Bearer error=\"insufficient_scope\", scope=\"{scope}\""), (response.StatusCode, response.Headers.WwwAuthenticate.ToString()));
            }
        }
    }

    [Fact]
    public async Task What_is_left_is_told_and_who_asks_too_often_is_told_when_to_come_back()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId, "events:read");
        using (var first = await api.GetAsync("/external/v1/events"))
        {
            Assert.Equal("\"token\";q=600;w=60", first.Headers.GetValues("RateLimit-Policy").Single());
            Assert.Equal("\"token\";r=599;t=10", first.Headers.GetValues("RateLimit").Single());
            Assert.Null(first.Headers.RetryAfter);
        }

        // Addresses that are not there count as well. More than a minute's worth, should a segment's worth come back on the way.
        var refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 1_500), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, cancel) =>
        {
            using var response = await api.GetAsync("/external/v1/nothing", cancel);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Interlocked.Increment(ref refused);
                Assert.InRange(int.Parse(response.Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture), 1, 60);
                Assert.Equal("\"token\";r=0;t=10", response.Headers.GetValues("RateLimit").Single());
            }
        });
        Assert.InRange(refused, 1, 1_499);

        // Another token is not held up.
        using var other = await ExternalClient.IssueAsync(fixture, scene.OrganiserId, "events:read");
        await other.GetJsonAsync("/external/v1/events");
    }

    [Fact]
    public async Task A_strangers_body_is_not_read()
    {
        using var client = new HttpClient { BaseAddress = fixture.Url };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/external/v1/events") { Content = new StringContent("{", System.Text.Encoding.UTF8, "application/json") };
        await client.SendAsync(request).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "api_token_missing");
    }

    [Fact]
    public async Task An_address_knows_its_methods_and_nothing_else()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        foreach (var method in new[] { "DELETE", "PUT", "TRACE", "FROBNICATE" })
        {
            await api.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/external/v1/events")).ShouldRefuseAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        }
    }

    [Fact]
    public async Task Pages_go_on_where_the_last_one_ended_whatever_is_made_and_deleted_in_between()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        var path = $"/external/v1/events/{scene.EventId}/speakers";
        var made = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            made.Add((await api.WriteAsync(HttpMethod.Post, path, new { name = $"Speaker {i}" }, HttpStatusCode.Created)).GetProperty("id").GetGuid());
        }

        var first = await api.GetJsonAsync($"{path}?limit=2");
        Assert.Equal(made[..2], first.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetGuid()));

        // Even the item that the cursor names may go.
        using (await api.DeleteAsync($"{path}/{made[1]}"))
        {
            made.Add((await api.WriteAsync(HttpMethod.Post, path, new { name = "Late" }, HttpStatusCode.Created)).GetProperty("id").GetGuid());
        }

        var (seen, next) = (new List<Guid>(), first.GetProperty("next").GetString());
        while (next is not null)
        {
            var page = await api.GetJsonAsync($"{path}?limit=3&after={next}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetGuid()));
            next = page.GetProperty("next").GetString();
        }

        Assert.Equal(made[2..], seen);
    }
}
