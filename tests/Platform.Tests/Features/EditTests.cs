using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

/// <summary>What organisers change: from the present view only, and nothing that somebody has bought or answered.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class EditTests(PlatformFixture fixture)
{
    /// <summary>Everything that has a version: where it is changed, what is sent, and where its version is read.</summary>
    [Theory]
    [InlineData("event")]
    [InlineData("session")]
    [InlineData("speaker")]
    [InlineData("area")]
    [InlineData("item")]
    [InlineData("quota")]
    [InlineData("type")]
    [InlineData("question")]
    [InlineData("voucher")]
    public async Task A_change_from_an_older_view_is_refused_and_of_two_at_once_one_is_made(string what)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var (path, body) = await MakeAsync(shop, what);
        var version = await VersionAsync(shop, what);
        await SendAsync(shop, path, body("X"), $"\"{version + 7}\"").ShouldRefuseAsync(HttpStatusCode.PreconditionFailed, "etag_mismatch");
        await SendAsync(shop, path, body("X"), "nonsense").ShouldRefuseAsync(HttpStatusCode.PreconditionFailed, "etag_mismatch");
        Assert.Equal(version, await VersionAsync(shop, what));

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => SendAsync(shop, path, body($"Change {i}"), $"\"{version}\"")));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        Assert.Equal(5, answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
        Assert.Equal(version + 1, await VersionAsync(shop, what));

        using var any = await SendAsync(shop, path, body("Any"), "*");
        using var without = await SendAsync(shop, path, body("Without"), null);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (any.StatusCode, without.StatusCode));
        Assert.Equal(version + 3, await VersionAsync(shop, what));

        // Neither another organisation's admin nor a stranger.
        var (other, _, _) = await fixture.OrganiserAsync();
        using var foreign = await SendAsync(shop with { Organiser = other }, path, body("Mine"), null);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using var stranger = await SendAsync(shop with { Organiser = fixture.Client() }, path, body("Mine"), null);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    [Fact]
    public async Task The_price_and_the_stock_of_a_type_stay_once_one_is_sold_and_the_rest_changes()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var path = $"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}";
        using (var connected = await shop.Organiser.PostAsync($"/api/v1/organisations/{shop.OrganiserId}/payment-account", null))
        {
            Assert.Equal(HttpStatusCode.NoContent, connected.StatusCode);
        }

        var other = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/quotas", new { name = "Hall", capacity = 5 }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        using (var before = await SendAsync(shop, path, new { name = "Seat", quotaId = other, priceMinor = 500, currency = "CHF" }, null))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        var order = await shop.BuyAsync();
        Assert.Equal(500, order.GetProperty("totalMinor").GetInt64());
        await SendAsync(shop, path, new { name = "Seat", quotaId = other, priceMinor = 700, currency = "CHF" }, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "price_locked");
        await SendAsync(shop, path, new { name = "Seat", quotaId = other, priceMinor = 500, currency = "EUR" }, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "price_locked");
        await SendAsync(shop, path, new { name = "Seat", quotaId = shop.QuotaId, priceMinor = 500, currency = "CHF" }, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "quota_locked");
        using (var renamed = await SendAsync(shop, path, new { name = "Front row", description = "Near.", quotaId = other, priceMinor = 500, currency = "CHF", maxPerOrder = 2 }, null))
        {
            Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
        }

        var type = (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types")).GetProperty("types")[0];
        Assert.Equal(("Front row", 1, 4), (type.GetProperty("name").GetString(), type.GetProperty("sold").GetInt32(), type.GetProperty("available").GetInt32()));
        var offered = (await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets")).GetProperty("types")[0];
        Assert.Equal(JsonValueKind.Null, offered.GetProperty("sold").ValueKind);
    }

    [Fact]
    public async Task A_price_that_changes_among_orders_is_the_price_of_none_before_it()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1_000, priceMinor: 100);
        var path = $"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}";
        var buying = Enumerable.Range(0, 12).Select(i => shop.SendAsync(shop.Order($"b{i}@people.example"))).ToList();
        using var changed = await SendAsync(shop, path, new { name = "Seat", quotaId = shop.QuotaId, priceMinor = 900, currency = "CHF" }, null);
        var totals = new List<long>();
        foreach (var buyer in buying)
        {
            using var response = await buyer;
            totals.Add((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("totalMinor").GetInt64());
        }

        // Either an order came first and the price stayed for all, or the change did and all paid it.
        Assert.Equal([changed.StatusCode == HttpStatusCode.OK ? 900 : 100], totals.Distinct());
        Assert.Contains(changed.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Conflict });
    }

    [Fact]
    public async Task An_answered_question_is_asked_anew_and_its_answers_keep_the_words_they_were_given_to()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var questions = $"/api/v1/events/{shop.EventId}/questions";
        var meal = await AskAsync(new { label = "Meal?", kind = "choice", options = new[] { "fish", "none" } });
        var sauce = await AskAsync(new { label = "Sauce?", kind = "text", shownIf = new { questionId = meal, answer = "fish" } });

        // Not answered yet: the same question with other words.
        Assert.Equal(meal, await ChangeAsync(meal, new { label = "Which meal?", kind = "choice", options = new[] { "fish", "none" } }));
        var order = await shop.BuyAsync(shop.Order(answers: new Dictionary<string, object> { [meal.ToString()] = "fish", [sauce.ToString()] = "dill" }));

        // Whether an answer is required is no other question.
        Assert.Equal(meal, await ChangeAsync(meal, new { label = "Which meal?", kind = "choice", required = true, options = new[] { "fish", "none" } }));
        await SendAsync(shop, $"{questions}/{meal}", new { label = "Which meal?", kind = "choice", options = new[] { "meat", "none" } }, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "question_needed");
        var asked = await ChangeAsync(meal, new { label = "Dinner?", kind = "choice", required = true, options = new[] { "fish", "meat" } });
        Assert.NotEqual(meal, asked);

        var now = (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types")).GetProperty("questions");
        Assert.Equal([asked, sauce], now.EnumerateArray().Select(q => q.GetProperty("id").GetGuid()));
        Assert.Equal(asked, now[1].GetProperty("shownIf").GetProperty("questionId").GetGuid());
        await shop.SendAsync(shop.Order("late@people.example", answers: new Dictionary<string, object> { [meal.ToString()] = "fish" })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "answer_missing");
        await shop.BuyAsync(shop.Order("late@people.example", answers: new Dictionary<string, object> { [asked.ToString()] = "meat" }));

        // Removed, the answers still have their question.
        foreach (var question in new[] { sauce, asked })
        {
            using var removed = await shop.Organiser.DeleteAsync($"{questions}/{question}");
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        Assert.Equal(0, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types")).GetProperty("questions").GetArrayLength());
        var ticket = order.GetProperty("tickets")[0].GetProperty("id").GetGuid();
        var answers = await shop.Organiser.GetJsonAsync($"/api/v1/tickets/{ticket}/answers");
        Assert.Equal(["Which meal?=fish", "Sauce?=dill"], answers.EnumerateArray().Select(a => $"{a.GetProperty("label").GetString()}={a.GetProperty("value").GetString()}"));

        async Task<Guid> AskAsync(object question) => (await shop.Organiser.PostJsonAsync(questions, question, HttpStatusCode.Created)).GetProperty("id").GetGuid();

        async Task<Guid> ChangeAsync(Guid id, object question)
        {
            using var response = await SendAsync(shop, $"{questions}/{id}", question, null);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, text);
            return JsonDocument.Parse(text).RootElement.GetProperty("id").GetGuid();
        }
    }

    [Fact]
    public async Task A_voucher_is_not_limited_below_its_uses_and_ends_when_told()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var voucher = await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/vouchers", new { code = "TWICE", maxUses = 2 }, HttpStatusCode.Created);
        var path = $"/api/v1/events/{shop.EventId}/vouchers/{voucher.GetProperty("id").GetGuid()}";
        await shop.BuyAsync(shop.Order("a@people.example", voucher: "TWICE"));
        await shop.BuyAsync(shop.Order("b@people.example", voucher: "TWICE"));
        await SendAsync(shop, path, new { maxUses = 1 }, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "max_uses_below_used");
        using (var raised = await SendAsync(shop, path, new { maxUses = 3 }, null))
        {
            Assert.Equal(HttpStatusCode.OK, raised.StatusCode);
        }

        await shop.BuyAsync(shop.Order("c@people.example", voucher: "TWICE"));
        using (var ended = await SendAsync(shop, path, new { maxUses = 9, validUntil = DateTimeOffset.UtcNow.AddMinutes(-1) }, null))
        {
            Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        }

        await shop.SendAsync(shop.Order("d@people.example", voucher: "TWICE")).ShouldRefuseAsync(HttpStatusCode.Conflict, "voucher_used_up");
    }

    [Fact]
    public async Task A_room_that_was_never_used_can_be_removed_and_its_items_stay()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var events = $"/api/v1/events/{shop.EventId}";
        var room = (await shop.Organiser.PostJsonAsync($"{events}/sessions", new { name = "Hall", kind = "session" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        await shop.Organiser.PostJsonAsync($"{events}/schedule", new { title = "Talk", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-01T09:00:00Z", sessionId = room }, HttpStatusCode.Created);
        await shop.ScalarAsync<int>("insert into platform.room_participants (node, participant_id, room, identity, name, role, joined_at) values ('n', @Id, @Id, 'i', 'Somebody', 'attendee', now()); select 1", new { Id = room.ToString() });
        await shop.Organiser.DeleteAsync($"{events}/sessions/{room}").ShouldRefuseAsync(HttpStatusCode.Conflict, "session_in_use");
        await SendAsync(shop, $"{events}/sessions/{room}", new { name = "Hall", kind = "stage" }, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "session_live");
        await shop.ScalarAsync<int>("delete from platform.room_participants where room = @Id; select 1", new { Id = room.ToString() });
        using var removed = await shop.Organiser.DeleteAsync($"{events}/sessions/{room}");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        var item = (await shop.Organiser.GetJsonAsync($"{events}/schedule")).GetProperty("items")[0];
        Assert.Equal(JsonValueKind.Null, item.GetProperty("sessionId").ValueKind);
    }

    private static async Task<(string Path, Func<string, object> Body)> MakeAsync(Shop shop, string what)
    {
        var events = $"/api/v1/events/{shop.EventId}";
        object At(string title) => new { title, startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-01T09:00:00Z" };
        return what switch
        {
            "event" => (events, name => new { name }),
            "session" => ($"{events}/sessions/{await AddAsync("sessions", new { name = "Hall", kind = "session" })}", name => new { name, kind = "stage" }),
            "speaker" => ($"{events}/speakers/{await AddAsync("speakers", new { name = "Mirela" })}", name => new { name, headline = "H", bio = "B" }),
            "area" => ($"{events}/areas/{await AddAsync("areas", new { name = "Track", kind = "stage" })}", name => new { name, kind = "expo" }),
            "item" => ($"{events}/schedule/{await AddAsync("schedule", At("Talk"))}", At),
            "quota" => ($"{events}/quotas/{shop.QuotaId}", name => new { name, capacity = 20 }),
            "type" => ($"{events}/ticket-types/{shop.TypeId}", name => new { name, quotaId = shop.QuotaId }),
            "question" => ($"{events}/questions/{await AddAsync("questions", new { label = "Why?" })}", label => new { label }),
            _ => ($"{events}/vouchers/{await AddAsync("vouchers", new { code = "CODE" })}", _ => new { maxUses = 5 }),
        };

        async Task<Guid> AddAsync(string path, object body) => (await shop.Organiser.PostJsonAsync($"{events}/{path}", body, HttpStatusCode.Created)).GetProperty("id").GetGuid();
    }

    private static async Task<int> VersionAsync(Shop shop, string what)
    {
        var events = $"/api/v1/events/{shop.EventId}";
        var shown = what switch
        {
            "event" => await shop.Organiser.GetJsonAsync(events),
            "session" => (await shop.Organiser.GetJsonAsync(events)).GetProperty("sessions")[0],
            "speaker" => (await shop.Organiser.GetJsonAsync($"{events}/schedule")).GetProperty("speakers")[0],
            "area" => (await shop.Organiser.GetJsonAsync($"{events}/schedule")).GetProperty("areas")[0],
            "item" => (await shop.Organiser.GetJsonAsync($"{events}/schedule")).GetProperty("items")[0],
            "quota" => await shop.QuotaAsync(),
            "type" => (await shop.Organiser.GetJsonAsync($"{events}/ticket-types")).GetProperty("types")[0],
            "question" => (await shop.Organiser.GetJsonAsync($"{events}/ticket-types")).GetProperty("questions")[0],
            _ => (await shop.Organiser.GetJsonAsync($"{events}/vouchers"))[0],
        };
        return shown.GetProperty("version").GetInt32();
    }

    internal static async Task<HttpResponseMessage> SendAsync(Shop shop, string path, object body, string? tag)
    {
        var request = new HttpRequestMessage(path == $"/api/v1/events/{shop.EventId}" || path.Contains("/quotas/", StringComparison.Ordinal) ? HttpMethod.Patch : HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await shop.Organiser.SendAsync(request);
    }
}
