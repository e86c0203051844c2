using System.Net;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.External;

[Collection(nameof(PlatformCollection))]
public sealed class IdempotencyTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_write_under_a_key_happens_once_and_answers_the_same_again()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        var path = $"/external/v1/events/{scene.EventId}/speakers";
        var first = await api.WriteAsync(HttpMethod.Post, path, new { name = "Sina" }, HttpStatusCode.Created, "key-number-1");
        var again = await api.WriteAsync(HttpMethod.Post, path, new { name = "Sina" }, HttpStatusCode.Created, "key-number-1");
        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.Equal(1, await CountAsync("platform.speakers", scene.EventId));
        await api.SendAsync(HttpMethod.Post, path, new { name = "Other" }, "key-number-1").ShouldRefuseAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        await api.SendAsync(HttpMethod.Post, $"/external/v1/events/{scene.EventId}/areas", new { name = "Sina", kind = "expo" }, "key-number-1").ShouldRefuseAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");

        // Another token's key is another key.
        using var other = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        await other.WriteAsync(HttpMethod.Post, path, new { name = "Other" }, HttpStatusCode.Created, "key-number-1");
        Assert.Equal(2, await CountAsync("platform.speakers", scene.EventId));
    }

    [Fact]
    public async Task Twenty_at_once_under_one_key_are_one()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        var path = $"/external/v1/events/{scene.EventId}/sessions";
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => api.WriteAsync(HttpMethod.Post, path, new { name = "Once", kind = "session" }, HttpStatusCode.Created, "one-for-twenty")));
        Assert.Single(answers.Select(a => a.GetProperty("id").GetGuid()).Distinct());
        Assert.Equal(3, await CountAsync("platform.sessions", scene.EventId)); // the scene has two
        var audit = (await scene.Account.GetJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/audit")).GetProperty("items").EnumerateArray();
        Assert.Single(audit, a => a.GetProperty("action").GetString() == "session.created" && a.GetProperty("actorKind").GetString() == "api_token");
    }

    [Fact]
    public async Task A_refused_write_leaves_its_key_free_and_a_day_later_it_is_free_again()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        var path = $"/external/v1/events/{scene.EventId}/areas";
        await api.SendAsync(HttpMethod.Post, path, new { name = "Hall", kind = "cellar" }, "second-attempt").ShouldRefuseAsync(HttpStatusCode.BadRequest, "kind_invalid");
        await api.WriteAsync(HttpMethod.Post, path, new { name = "Hall", kind = "expo" }, HttpStatusCode.Created, "second-attempt");
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("update platform.idempotency_keys set created_at = now() - interval '25 hours' where key = 'second-attempt'");
        await api.WriteAsync(HttpMethod.Post, path, new { name = "Foyer", kind = "expo" }, HttpStatusCode.Created, "second-attempt");
        Assert.Equal(2, await CountAsync("platform.areas", scene.EventId));
    }

    [Fact]
    public async Task An_organisers_pages_may_repeat_their_writes_too()
    {
        var scene = await fixture.SceneAsync();
        async Task<JsonElement> AddAsync(string name)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/organisations/{scene.OrganiserId}/events")
            {
                Content = Http.Json(new { name, timeZone = "Europe/Zurich", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-02T08:00:00Z" }),
            };
            request.Headers.Add("Idempotency-Key", "double-click");
            using var response = await scene.Account.SendAsync(request);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        }

        Assert.Equal((await AddAsync("Twice")).GetProperty("id").GetGuid(), (await AddAsync("Twice")).GetProperty("id").GetGuid());
    }

    /// <summary>The first answer was lost: the same change again is no change from an older view.</summary>
    [Fact]
    public async Task A_change_of_a_version_may_be_repeated_under_its_key()
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        var path = $"/external/v1/events/{scene.EventId}";
        var seen = (await api.GetJsonAsync(path)).GetProperty("version").GetInt32();
        foreach (var key in new[] { "renaming-1", "renaming-1" })
        {
            using var renamed = await RenameAsync(key);
            Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
            Assert.Equal(seen + 1, JsonDocument.Parse(await renamed.Content.ReadAsStringAsync()).RootElement.GetProperty("version").GetInt32());
        }

        await RenameAsync("renaming-2").ShouldRefuseAsync(HttpStatusCode.PreconditionFailed, "etag_mismatch");
        Assert.Equal(seen + 1, (await api.GetJsonAsync(path)).GetProperty("version").GetInt32());

        Task<HttpResponseMessage> RenameAsync(string key)
        {
            var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = Http.Json(new { name = "Renamed" }) };
            request.Headers.Add("Idempotency-Key", key);
            request.Headers.Add("If-Match", $"\"{seen}\"");
            return api.SendAsync(request);
        }
    }

    [Theory]
    [InlineData("short")]
    [InlineData("with a space in it")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        var scene = await fixture.SceneAsync();
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        await api.SendAsync(HttpMethod.Post, $"/external/v1/events/{scene.EventId}/areas", new { name = "Hall", kind = "expo" }, key).ShouldRefuseAsync(HttpStatusCode.BadRequest, "idempotency_key_invalid");
        await api.SendAsync(HttpMethod.Post, $"/external/v1/events/{scene.EventId}/areas", new { name = "Hall", kind = "expo" }, new string('k', 129)).ShouldRefuseAsync(HttpStatusCode.BadRequest, "idempotency_key_invalid");
    }

    private async Task<int> CountAsync(string table, Guid eventId)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.ExecuteScalarAsync<int>($"select count(*)::int from {table} where event_id = @eventId", new { eventId });
    }
}
