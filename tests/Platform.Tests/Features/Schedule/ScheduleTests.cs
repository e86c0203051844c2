using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Schedule;

[Collection(nameof(PlatformCollection))]
public sealed class ScheduleTests(PlatformFixture fixture)
{
    [Fact]
    public async Task An_event_goes_through_its_life_one_step_at_a_time()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var made = await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", Event(state: "building"), HttpStatusCode.Created);
        var path = $"/api/v1/events/{made.GetProperty("id").GetGuid()}/state";
        await client.PostAsJsonAsync(path, new { state = "live" }).ShouldRefuseAsync(HttpStatusCode.Conflict, "state_not_reachable");
        foreach (var state in new[] { "draft", "live", "live", "ended", "archived" })
        {
            Assert.Equal(state, (await client.PostJsonAsync(path, new { state }, HttpStatusCode.OK)).GetProperty("state").GetString());
        }

        await client.PostAsJsonAsync(path, new { state = "live" }).ShouldRefuseAsync(HttpStatusCode.Conflict, "state_not_reachable");
        await client.PostAsJsonAsync(path, new { state = "gone" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "state_invalid");
    }

    [Fact]
    public async Task A_paid_event_goes_live_only_with_a_payment_account()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var eventId = (await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", Event(state: "draft"), HttpStatusCode.Created)).GetProperty("id").GetGuid();
        var quotaId = (await client.PostJsonAsync($"/api/v1/events/{eventId}/quotas", new { name = "Seats", capacity = 5 }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        await client.PostJsonAsync($"/api/v1/events/{eventId}/ticket-types", new { name = "Paid", quotaId, priceMinor = 500, currency = "CHF" }, HttpStatusCode.Created);
        await client.PostAsJsonAsync($"/api/v1/events/{eventId}/state", new { state = "live" }).ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_account_missing");
        using var connected = await client.PostAsync($"/api/v1/organisations/{organiserId}/payment-account", null);
        await client.PostJsonAsync($"/api/v1/events/{eventId}/state", new { state = "live" }, HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_listing_is_filtered_by_type_words_and_time()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var word = $"w{Guid.NewGuid():N}";
        await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", Event(name: $"{word} one", type: "webinar"), HttpStatusCode.Created);
        await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", Event(name: $"{word} two", type: "hackathon"), HttpStatusCode.Created);
        async Task<int> CountAsync(string query) => (await fixture.Client().GetJsonAsync($"/api/v1/events?text={word}&{query}")).GetProperty("items").GetArrayLength();
        Assert.Equal(2, await CountAsync(""));
        Assert.Equal(1, await CountAsync("type=webinar"));
        Assert.Equal(2, await CountAsync("from=2026-05-02T00:00:00Z&until=2026-05-03T00:00:00Z"));
        Assert.Equal(0, await CountAsync("from=2026-05-03T00:00:00Z"));
        Assert.Equal(0, await CountAsync("until=2026-05-01T00:00:00Z"));
        await fixture.Client().GetAsync("/api/v1/events?type=party").ShouldRefuseAsync(HttpStatusCode.BadRequest, "business_type_invalid");
        var first = await fixture.Client().GetJsonAsync($"/api/v1/events?text={word}&limit=1");
        var second = await fixture.Client().GetJsonAsync($"/api/v1/events?text={word}&limit=1&after={first.GetProperty("next").GetString()}");
        Assert.NotEqual(first.GetProperty("items")[0].GetProperty("id").GetGuid(), second.GetProperty("items")[0].GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_schedule_is_read_in_any_zone_and_its_calendar_keeps_uid_and_raises_sequence()
    {
        var scene = await fixture.SceneAsync();
        var speaker = await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/speakers", new { name = "Sam", headline = "Chair" }, HttpStatusCode.Created);
        var area = await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/areas", new { name = "Hall", kind = "stage" }, HttpStatusCode.Created);
        object Item(string title) => new { title, startsAt = "2026-05-01T09:00:00Z", endsAt = "2026-05-01T10:00:00Z", sessionId = scene.StageId, areaId = area.GetProperty("id").GetGuid(), speakerIds = new[] { speaker.GetProperty("id").GetGuid() } };
        var made = await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/schedule", Item("Opening"), HttpStatusCode.Created);
        var path = $"/api/v1/events/{scene.EventId}/schedule/{made.GetProperty("id").GetGuid()}";

        var schedule = await fixture.Client().GetJsonAsync($"/api/v1/events/{scene.EventId}/schedule?zone=America/Los_Angeles");
        Assert.StartsWith("2026-05-01T02:00:00-07:00", schedule.GetProperty("items")[0].GetProperty("localStart").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, schedule.GetProperty("items")[0].GetProperty("speakerIds").GetArrayLength());

        var before = ParsedCalendar.Parse(await fixture.Client().GetStringAsync($"{path}/calendar.ics"));
        using var changed = await scene.Account.PutAsJsonAsync(path, Item("Grand opening"));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var after = ParsedCalendar.Parse(await fixture.Client().GetStringAsync($"/api/v1/events/{scene.EventId}/calendar.ics"));
        Assert.Equal(before.Text("UID"), after.Text("UID"));
        Assert.Equal(("0", "1", "Grand opening"), (before.Text("SEQUENCE"), after.Text("SEQUENCE"), after.Text("SUMMARY")));

        await scene.Account.PostAsJsonAsync($"/api/v1/events/{scene.EventId}/schedule", new { title = "x", startsAt = "2026-05-01T09:00:00Z", endsAt = "2026-05-01T10:00:00Z", areaId = Guid.NewGuid() })
            .ShouldRefuseAsync(HttpStatusCode.BadRequest, "reference_unknown");
    }

    [Fact]
    public async Task A_removed_speaker_and_area_leave_their_items()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var path = $"/api/v1/events/{(await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", Event(), HttpStatusCode.Created)).GetProperty("id").GetGuid()}";
        var speaker = (await client.PostJsonAsync($"{path}/speakers", new { name = "Sam" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        var area = (await client.PostJsonAsync($"{path}/areas", new { name = "Hall", kind = "stage" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        await client.PostJsonAsync($"{path}/schedule", new { title = "Talk", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-01T09:00:00Z", areaId = area, speakerIds = new[] { speaker } }, HttpStatusCode.Created);
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.DeleteAsync($"{path}/speakers/{speaker}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        using var withoutSpeaker = await client.DeleteAsync($"{path}/speakers/{speaker}");
        using var withoutArea = await client.DeleteAsync($"{path}/areas/{area}");
        await client.DeleteAsync($"{path}/areas/{area}").ShouldRefuseAsync(HttpStatusCode.NotFound, "area_not_found");
        await client.DeleteAsync($"{path}/speakers/{area}").ShouldRefuseAsync(HttpStatusCode.NotFound, "speaker_not_found");
        var schedule = await client.GetJsonAsync($"{path}/schedule");
        var item = Assert.Single(schedule.GetProperty("items").EnumerateArray().ToArray());
        Assert.Equal(0, item.GetProperty("speakerIds").GetArrayLength());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, item.GetProperty("areaId").ValueKind);
        Assert.Equal((0, 0), (schedule.GetProperty("speakers").GetArrayLength(), schedule.GetProperty("areas").GetArrayLength()));
    }

    [Fact]
    public async Task A_preview_is_somebody_else_than_the_organiser_and_for_members_only()
    {
        var scene = await fixture.SceneAsync();
        var path = $"/api/v1/events/{scene.EventId}/entry";
        var real = (await scene.Account.PostJsonAsync(path, new { }, HttpStatusCode.OK)).GetProperty("participant");
        var entry = await scene.Account.PostJsonAsync(path, new { preview = true }, HttpStatusCode.OK);
        var preview = entry.GetProperty("participant");
        Assert.NotEqual(real.GetProperty("id").GetGuid(), preview.GetProperty("id").GetGuid());
        Assert.Equal(("attendee", true), (preview.GetProperty("role").GetString(), preview.GetProperty("preview").GetBoolean()));
        await fixture.Client().PostAsJsonAsync(path, new { preview = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "preview_not_allowed");
        using var inside = fixture.Bearer(entry.GetProperty("token").GetString()!);
        await inside.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "publish_not_allowed");
        var grant = await inside.PostJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = false }, HttpStatusCode.OK);

        // It counts nowhere: not in the figures, not for systems, not in the room (whose node keeps who is hidden out of every roster and event).
        var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(grant.GetProperty("grant").GetString()!.Split('.')[1])).RootElement;
        Assert.True(claims.GetProperty("hid").GetBoolean());
        Assert.Equal(1, (await scene.Account.GetJsonAsync($"/api/v1/events/{scene.EventId}/dashboard")).GetProperty("people").GetProperty("entered").GetInt32());
        var token = (await scene.Account.PostJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/analytics-token", new { }, HttpStatusCode.OK)).GetProperty("token").GetString()!;
        using var analytics = fixture.Bearer(token);
        Assert.Equal(1, (await analytics.GetJsonAsync($"/analytics/v1/events/{scene.EventId}/participants")).GetProperty("entered").GetInt32());
        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        Assert.Equal(real.GetProperty("id").GetGuid(), Assert.Single((await api.GetJsonAsync($"/external/v1/events/{scene.EventId}/participants")).GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_ticket_is_mailed_once_with_its_code_and_a_calendar_file()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 2);
        // A mail's content is forgotten in the database once it is sent: what was sent is what counts.
        await shop.BuyAsync(shop.Order("mia@people.example"));
        var attachments = await fixture.AttachmentsAsync("mia@people.example");
        Assert.Equal(2, attachments.Count);
        Assert.Equal("Fair", ParsedCalendar.Parse(System.Text.Encoding.UTF8.GetString(attachments["event.ics"])).Text("SUMMARY"));
    }

    private static object Event(string name = "Some event", string state = "live", string type = "conference") =>
        new { name, timeZone = "Europe/Zurich", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-02T08:00:00Z", state, businessType = type };
}
