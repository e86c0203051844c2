using System.Net;
using Events.Tests.Platform.Features;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Composition;

[Collection(nameof(PlatformCollection))]
public sealed class CrossOriginTests(PlatformFixture fixture)
{
    private const string Foreign = "https://elsewhere.example";

    private static readonly string[] Open =
    [
        "GET /api/v1/events", "GET /api/v1/events/{idOrSlug}", "GET /api/v1/events/{id:guid}/schedule", "GET /api/v1/events/{id:guid}/calendar.ics",
        "GET /api/v1/events/{id:guid}/schedule/{itemId:guid}/calendar.ics", "GET /api/v1/events/{id:guid}/sessions/{sessionId:guid}/calendar.ics", "GET /api/v1/events/{id:guid}/tickets",
        "GET /openapi/{documentName}.json", "GET /.well-known/jwks.json",
    ];

    /// <summary>Asks every route there is, as a foreign page's script would.</summary>
    [Fact]
    public async Task Foreign_scripts_read_what_is_listed_here_and_nothing_else()
    {
        var scene = await fixture.SceneAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = fixture.Url };
        var routes = Routes(fixture.Services).ToList();
        Assert.True(routes.Count > 120);
        Assert.Equal(Open.Order(StringComparer.Ordinal), routes.Where(r => r.Endpoint.Metadata.GetMetadata<IEnableCorsAttribute>() is not null).Select(r => r.Name).Order(StringComparer.Ordinal));
        foreach (var (name, method, endpoint) in routes)
        {
            var path = RoutePaths.Of(endpoint, scene.EventId);
            using var preflight = new HttpRequestMessage(HttpMethod.Options, path);
            preflight.Headers.Add("Origin", Foreign);
            preflight.Headers.Add("Access-Control-Request-Method", method);
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Headers.Add("Origin", Foreign);
            foreach (var sent in new[] { preflight, request })
            {
                using var response = await client.SendAsync(sent, HttpCompletionOption.ResponseHeadersRead);
                Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"), name);
                var isOpen = response.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed);

                // A route that shares its address with an open one is asked about by its own method in the preflight.
                Assert.True(isOpen == Open.Contains(name), $"{sent.Method} {name}: {(isOpen ? "open" : "closed")}, {(int)response.StatusCode}");
                Assert.True(!isOpen || allowed!.Single() == "*");
            }
        }
    }

    [Fact]
    public async Task A_foreign_script_cannot_use_the_accounts_cookie_or_a_token()
    {
        var scene = await fixture.SceneAsync();
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/events/{scene.EventId}") { Content = Http.Json(new { name = "Taken" }) };
        request.Headers.Add("Origin", Foreign);
        await scene.Account.SendAsync(request).ShouldRefuseAsync(HttpStatusCode.Forbidden, "origin_refused");
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/external/v1/events");
        preflight.Headers.Add("Origin", Foreign);
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization");
        using var response = await fixture.Client().SendAsync(preflight);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    private static IEnumerable<(string Name, string Method, RouteEndpoint Endpoint)> Routes(IServiceProvider services) =>
        from endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        select ($"{method} {endpoint.RoutePattern.RawText}", method, endpoint);
}
