using System.Net;
using System.Text.Json;
using Events.Platform.Features.External;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.External;

/// <summary>The external API is what its OpenAPI document says, and the document is the one that is committed.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class ExternalContractTests(PlatformFixture fixture)
{
    private static readonly string Committed = Path.Combine("docs", "openapi", "external.json");

    [Fact]
    public async Task Every_route_is_described_and_every_described_route_is_there()
    {
        var document = await DocumentAsync();
        var described = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => $"{o.Name.ToUpperInvariant()} {p.Name}")).Order(StringComparer.Ordinal).ToList();
        var routes = fixture.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/external", StringComparison.Ordinal) && !e.RoutePattern.RawText.Contains("**", StringComparison.Ordinal)).ToList();
        Assert.True(routes.Count > 25);
        Assert.All(routes, r => Assert.NotNull(r.Metadata.GetMetadata<ScopeRequired>()));
        var served = routes.SelectMany(r => r.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {r.RoutePattern.RawText!.Replace(":guid", "", StringComparison.Ordinal)}")).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(served, described);
        Assert.Equal("3.1", document.GetProperty("openapi").GetString()![..3]);
    }

    [Fact]
    public async Task The_committed_document_is_the_served_one()
    {
        var served = JsonSerializer.Serialize(await DocumentAsync(), new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        var path = ChildProgram.SourceOf(Committed);
        if (await File.ReadAllTextAsync(path) != served)
        {
            var actual = Path.Combine(AppContext.BaseDirectory, "external.json");
            await File.WriteAllTextAsync(actual, served);
            Assert.Fail($"The external API has changed: look at the difference, then copy {actual} to {Committed}.");
        }
    }

    /// <summary>Walks through every operation, and lets another vendor's validators judge the document and each answer by it.</summary>
    [Fact]
    public async Task Every_operation_answers_as_its_schema_says()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId);
        await ProgrammeAsync(api);
        await SalesAsync(api, shop);
        await RefusalsAsync(api, shop);

        var folder = Directory.CreateTempSubdirectory("events-openapi-").FullName;
        try
        {
            var (document, observed) = (Path.Combine(folder, "external.json"), Path.Combine(folder, "observed.jsonl"));
            await File.WriteAllTextAsync(document, (await DocumentAsync()).GetRawText());
            await File.WriteAllLinesAsync(observed, api.Observed);
            var verdict = JsonDocument.Parse(await VendorClients.RunAsync("openapi.mjs", document, observed)).RootElement;
            var all = (await DocumentAsync()).GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => o.Value.GetProperty("operationId").GetString()));
            Assert.Equal(all.Order(StringComparer.Ordinal), verdict.GetProperty("operations").EnumerateArray().Select(o => o.GetString()).Order(StringComparer.Ordinal));
            Assert.True(verdict.GetProperty("checked").GetInt32() > 40);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ProgrammeAsync(ExternalClient api)
    {
        var made = await api.WriteAsync(HttpMethod.Post, "/external/v1/events", new { name = "By a system", timeZone = "Australia/Sydney", startsAt = "2026-10-04T08:00:00Z", endsAt = "2026-10-05T08:00:00Z", state = "building" }, HttpStatusCode.Created);
        var path = $"/external/v1/events/{made.GetProperty("id").GetGuid()}";
        await api.GetJsonAsync("/external/v1/events?limit=1");
        await api.GetJsonAsync(path);
        Assert.Equal("Renamed", (await api.WriteAsync(HttpMethod.Patch, path, new { name = "Renamed" }, HttpStatusCode.OK)).GetProperty("name").GetString());
        await api.WriteAsync(HttpMethod.Post, $"{path}/state", new { state = "draft" }, HttpStatusCode.OK);
        var session = await api.WriteAsync(HttpMethod.Post, $"{path}/sessions", new { name = "Hall", kind = "stage" }, HttpStatusCode.Created);
        var speaker = await api.WriteAsync(HttpMethod.Post, $"{path}/speakers", new { name = "Sina Speaker" }, HttpStatusCode.Created);
        var area = await api.WriteAsync(HttpMethod.Post, $"{path}/areas", new { name = "Expo", kind = "expo" }, HttpStatusCode.Created);
        Assert.Equal("Large hall", (await api.WriteAsync(HttpMethod.Put, $"{path}/sessions/{Id(session)}", new { name = "Large hall", kind = "stage" }, HttpStatusCode.OK)).GetProperty("name").GetString());
        Assert.Equal("On queues", (await api.WriteAsync(HttpMethod.Put, $"{path}/speakers/{Id(speaker)}", new { name = "Sina Speaker", headline = "On queues" }, HttpStatusCode.OK)).GetProperty("headline").GetString());
        Assert.Equal("Fair", (await api.WriteAsync(HttpMethod.Put, $"{path}/areas/{Id(area)}", new { name = "Fair", kind = "expo" }, HttpStatusCode.OK)).GetProperty("name").GetString());
        var spare = await api.WriteAsync(HttpMethod.Post, $"{path}/sessions", new { name = "Spare", kind = "session" }, HttpStatusCode.Created);
        var item = new { title = "Opening", startsAt = "2026-10-04T08:00:00Z", endsAt = "2026-10-04T09:00:00Z", sessionId = Id(session), areaId = Id(area), speakerIds = new[] { Id(speaker) } };
        var written = await api.WriteAsync(HttpMethod.Post, $"{path}/schedule", item, HttpStatusCode.Created);
        await api.WriteAsync(HttpMethod.Put, $"{path}/schedule/{Id(written)}", item with { title = "Opening, later" }, HttpStatusCode.OK);
        foreach (var (list, count) in new[] { ("sessions", 2), ("speakers", 1), ("areas", 1), ("schedule", 1) })
        {
            Assert.Equal(count, (await api.GetJsonAsync($"{path}/{list}")).GetProperty("items").GetArrayLength());
        }

        foreach (var part in new[] { $"sessions/{Id(spare)}", $"schedule/{Id(written)}", $"areas/{Id(area)}", $"speakers/{Id(speaker)}" })
        {
            using var gone = await api.DeleteAsync($"{path}/{part}");
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }
    }

    private static async Task SalesAsync(ExternalClient api, Shop shop)
    {
        var path = $"/external/v1/events/{shop.EventId}";
        var quota = await api.WriteAsync(HttpMethod.Post, $"{path}/quotas", new { name = "Balcony", capacity = 5 }, HttpStatusCode.Created);
        await api.WriteAsync(HttpMethod.Patch, $"{path}/quotas/{Id(quota)}", new { capacity = 6 }, HttpStatusCode.OK);
        var type = await api.WriteAsync(HttpMethod.Post, $"{path}/ticket-types", new { name = "Balcony", quotaId = Id(quota) }, HttpStatusCode.Created);
        Assert.Equal("Upper balcony", (await api.WriteAsync(HttpMethod.Put, $"{path}/ticket-types/{Id(type)}", new { name = "Upper balcony", quotaId = Id(quota) }, HttpStatusCode.OK)).GetProperty("name").GetString());
        using (var gone = await api.DeleteAsync($"{path}/ticket-types/{Id(type)}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }

        Assert.Equal(2, (await api.GetJsonAsync($"{path}/ticket-types")).GetProperty("items").GetArrayLength());
        Assert.Equal(2, (await api.GetJsonAsync($"{path}/quotas")).GetProperty("items").GetArrayLength());
        var order = await shop.BuyAsync(shop.Order(count: 2));
        await shop.Fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/entry", new { name = "Gil Guest" }, HttpStatusCode.OK);
        Assert.Equal(Id(order), (await api.GetJsonAsync($"{path}/orders")).GetProperty("items")[0].GetProperty("id").GetGuid());
        Assert.Equal("bea@people.example", (await api.GetJsonAsync($"/external/v1/orders/{Id(order)}")).GetProperty("email").GetString());
        Assert.Equal("Gil Guest", (await api.GetJsonAsync($"{path}/participants")).GetProperty("items")[0].GetProperty("name").GetString());
        Assert.Equal(2, (await api.GetJsonAsync($"{path}/attendees")).GetProperty("items").GetArrayLength());
        var ticket = order.GetProperty("tickets")[0];
        await api.WriteAsync(HttpMethod.Post, $"{path}/check-ins", new { code = ticket.GetProperty("code").GetString() }, HttpStatusCode.OK);
        Assert.NotEqual(JsonValueKind.Null, (await api.GetJsonAsync($"/external/v1/attendees/{Id(ticket)}")).GetProperty("checkedInAt").ValueKind);
        Assert.Single((await api.GetJsonAsync($"{path}/check-ins")).GetProperty("items").EnumerateArray());
        using var back = await api.DeleteAsync($"{path}/check-ins/{Id(ticket)}");
        Assert.Equal(HttpStatusCode.NoContent, back.StatusCode);
    }

    private async Task RefusalsAsync(ExternalClient api, Shop shop)
    {
        var path = $"/external/v1/events/{shop.EventId}";
        await api.GetAsync($"/external/v1/events/{Guid.NewGuid()}").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await api.GetAsync("/external/v1/events?after=yesterday").ShouldRefuseAsync(HttpStatusCode.BadRequest, "cursor_invalid");
        await api.GetAsync($"{path}/orders?after=yesterday").ShouldRefuseAsync(HttpStatusCode.BadRequest, "cursor_invalid");
        await api.SendAsync(HttpMethod.Post, $"{path}/sessions", new { name = "", kind = "session" }, null).ShouldRefuseAsync(HttpStatusCode.BadRequest, "name_missing");
        await api.SendAsync(HttpMethod.Post, $"{path}/sessions", new { name = new string('x', 70_000), kind = "session" }, null).ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await api.SendAsync(HttpMethod.Post, $"{path}/sessions", new { name = new string('x', 70_000), kind = "session" }, "large-under-a-key").ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        var text = new HttpRequestMessage(HttpMethod.Post, $"{path}/sessions") { Content = new StringContent("name=x") };
        await api.SendAsync(text).ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        var foreign = await fixture.SceneAsync();
        foreach (var list in new[] { "sessions", "speakers", "areas", "schedule", "quotas", "ticket-types", "orders", "attendees", "participants", "check-ins" })
        {
            await api.GetAsync($"/external/v1/events/{foreign.EventId}/{list}").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        }

        await api.SendAsync(HttpMethod.Post, $"/external/v1/events/{foreign.EventId}/sessions", new { name = "Mine", kind = "session" }, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await api.SendAsync(HttpMethod.Patch, $"/external/v1/events/{foreign.EventId}", new { name = "Mine" }, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await api.SendAsync(HttpMethod.Put, $"/external/v1/events/{foreign.EventId}/sessions/{foreign.SessionId}", new { name = "Mine", kind = "session" }, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await api.SendAsync(HttpMethod.Delete, $"/external/v1/events/{foreign.EventId}/speakers/{Guid.NewGuid()}", null, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
    }

    private async Task<JsonElement> DocumentAsync()
    {
        using var client = new HttpClient { BaseAddress = fixture.Url };
        return await client.GetJsonAsync("/openapi/external.json");
    }

    private static Guid Id(JsonElement element) => element.GetProperty("id").GetGuid();
}
