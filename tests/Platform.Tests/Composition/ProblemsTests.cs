using System.Net;
using System.Text;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Composition;

[Collection(nameof(PlatformCollection))]
public sealed class ProblemsTests(PlatformFixture fixture)
{
    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    [Theory]
    [InlineData("{", "malformed_json")]
    [InlineData("[]", "malformed_json")]
    [InlineData("{\"email\":5}", "malformed_json")]
    [InlineData("", "bad_request")]
    public async Task A_body_that_is_not_what_it_should_be_is_the_callers_mistake(string body, string code) =>
        await fixture.Client().PostAsync("/api/v1/auth/sign-in", Json(body)).ShouldRefuseAsync(HttpStatusCode.BadRequest, code);

    [Fact]
    public async Task Bodies_are_bounded_and_must_be_json()
    {
        await fixture.Client().PostAsync("/api/v1/auth/sign-in", Json($"{{\"email\":\"{new string('x', 70_000)}\"}}")).ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await fixture.Client().PostAsync("/api/v1/auth/sign-in", new StringContent("a=b", Encoding.UTF8, "text/plain")).ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    [Fact]
    public async Task Who_is_told_to_wait_is_told_for_how_long()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = await fixture.SignedInAsync(email);
        for (var attempt = 0; ; attempt++)
        {
            using var response = await client.PostAsync("/api/v1/me/password", Json("""{"current":"not it","password":"a new one that is long"}"""));
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.Equal("60", response.Headers.GetValues("Retry-After").Single());
                return;
            }

            Assert.True(attempt < 100, "It may be guessed for ever.");
        }
    }

    [Fact]
    public async Task An_unknown_address_of_the_api_is_a_problem_and_no_page()
    {
        await fixture.Client().GetAsync("/api/v1/nothing").ShouldRefuseAsync(HttpStatusCode.NotFound, "route_not_found");
        await fixture.Client().GetAsync("/api/v1/sessions/not-an-id/recordings").ShouldRefuseAsync(HttpStatusCode.NotFound, "route_not_found");
        await fixture.Client().DeleteAsync("/api/v1/events").ShouldRefuseAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
    }

    [Fact]
    public async Task A_page_address_gets_the_one_page_and_a_missing_file_is_missing()
    {
        using var page = await fixture.Client().GetAsync("/e/some-event/s/some-session");
        Assert.Contains(page.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
        await fixture.Client().GetAsync("/assets/missing.js").ShouldRefuseAsync(HttpStatusCode.NotFound, "route_not_found");
    }

    [Fact]
    public async Task Every_answer_carries_the_security_headers()
    {
        using var response = await fixture.Client().GetAsync("/api/v1/events");
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains($"ws://127.0.0.1:{fixture.Options.MediaHttpPort}", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Contains("camera=(self)", Assert.Single(response.Headers.GetValues("Permissions-Policy")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whip_and_whep_are_sent_on_to_the_media_node()
    {
        using var response = await fixture.Client().PostAsync("/whip/some-room?a=b", new StringContent("v=0", Encoding.UTF8, "application/sdp"));
        Assert.Equal(HttpStatusCode.TemporaryRedirect, response.StatusCode);
        Assert.Equal($"http://127.0.0.1:{fixture.Options.MediaHttpPort}/whip/some-room?a=b", response.Headers.Location?.AbsoluteUri);
    }

    [Fact]
    public async Task Health_readiness_metrics_and_the_description_answer()
    {
        using var client = fixture.Client();
        Assert.Equal("ok\n", await client.GetStringAsync("/healthz"));
        Assert.Equal("ready", (await client.GetJsonAsync("/readyz")).GetProperty("status").GetString());
        Assert.Contains("/api/v1/sessions/{id}/grants", await client.GetStringAsync("/openapi/v1.json"), StringComparison.Ordinal);
        var metrics = await client.GetStringAsync("/metrics");
        Assert.Contains("# TYPE http_server_request_duration_seconds histogram", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet_process_cpu_time_seconds_total", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain(metrics.Split('\n'), line => line.Length > 0 && line[0] != '#' && line.Split(' ').Length < 2);
    }
}
