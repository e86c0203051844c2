using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Tickets;

/// <summary>An event is called off: nothing stays sold, everybody is told once, and nobody comes in.</summary>
[Collection(nameof(PlatformCollection))]
public sealed partial class CancelEventTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_cancelled_event_ends_its_orders_refunds_them_and_tells_everybody_once()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 3, priceMinor: 2_500);
        var (events, tag) = ($"/api/v1/events/{shop.EventId}", Guid.NewGuid().ToString("N"));
        var (paid, pending, waiting, invited) = ($"paid-{tag}@people.example", $"pending-{tag}@people.example", $"waiting-{tag}@people.example", $"invited-{tag}@people.example");
        var order = await shop.BuyAsync(shop.Order(paid, count: 2));
        using (var pay = await fixture.Client().PostAsync(order.GetProperty("checkoutUrl").GetString(), null))
        {
            Assert.Equal(HttpStatusCode.NoContent, pay.StatusCode);
        }

        var confirmation = await CalendarAsync(paid, "Your ticket");
        var unpaid = await shop.BuyAsync(shop.Order(pending));
        await fixture.Client().PostJsonAsync($"{events}/waiting-list", new { ticketTypeId = shop.TypeId, email = waiting, name = "Wanda" }, HttpStatusCode.Created);
        await shop.Organiser.PostJsonAsync($"{events}/ticket-types/{shop.TypeId}/invitations", new { email = invited }, HttpStatusCode.Created);
        var session = (await shop.Organiser.PostJsonAsync($"{events}/sessions", new { name = "Hall", kind = "session" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        var guest = await fixture.Client().PostJsonAsync($"{events}/entry", new { name = "Gil" }, HttpStatusCode.OK);
        using var inside = fixture.Bearer(guest.GetProperty("token").GetString()!);

        // Neither a stranger nor another organisation calls it off; a draft has nothing to call off.
        var (other, _, organiserId) = await fixture.OrganiserAsync();
        await other.PostAsync($"{events}/cancellation", Http.Json(new { })).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        await shop.Organiser.GetAsync($"{events}/cancellation").ShouldRefuseAsync(HttpStatusCode.NotFound, "cancellation_not_found");
        var draft = (await other.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", new { name = "Draft", timeZone = "UTC", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-02T08:00:00Z", state = "draft" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        await other.PostAsync($"/api/v1/events/{draft}/cancellation", Http.Json(new { })).ShouldRefuseAsync(HttpStatusCode.Conflict, "event_not_live");
        await shop.Organiser.PostAsync($"{events}/cancellation", Http.Json(new { message = new string('x', 2_001) })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "message_invalid");

        var started = await shop.Organiser.PostJsonAsync($"{events}/cancellation", new { message = "The hall has burnt down." }, HttpStatusCode.Accepted);
        Assert.Equal("The hall has burnt down.", started.GetProperty("message").GetString());
        await shop.Organiser.PostJsonAsync($"{events}/cancellation", new { message = "again" }, HttpStatusCode.Accepted);

        // Closed at once, whatever is still being done.
        await shop.SendAsync(shop.Order("late@people.example")).ShouldRefuseAsync(HttpStatusCode.Conflict, "sales_closed");
        await fixture.Client().PostAsync($"{events}/entry", Http.Json(new { name = "Late" })).ShouldRefuseAsync(HttpStatusCode.Conflict, "event_cancelled");
        await inside.PostAsync($"/api/v1/sessions/{session}/grants", Http.Json(new { })).ShouldRefuseAsync(HttpStatusCode.Conflict, "event_cancelled");
        await fixture.Client().PostAsync($"{events}/waiting-list", Http.Json(new { ticketTypeId = shop.TypeId, email = "late@people.example", name = "L" })).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await shop.Organiser.PostAsync($"{events}/ticket-types/{shop.TypeId}/invitations", Http.Json(new { email = "late@people.example" })).ShouldRefuseAsync(HttpStatusCode.Conflict, "event_cancelled");
        Assert.DoesNotContain((await fixture.Client().GetJsonAsync("/api/v1/events?limit=100")).GetProperty("items").EnumerateArray(), e => e.GetProperty("id").GetGuid() == shop.EventId);
        Assert.Equal("cancelled", (await fixture.Client().GetJsonAsync(events)).GetProperty("state").GetString());
        Assert.Equal(0, (await fixture.Client().GetJsonAsync($"{events}/tickets")).GetProperty("types").GetArrayLength());
        Assert.Contains("STATUS:CANCELLED", await fixture.Client().GetStringAsync($"{events}/calendar.ics"), StringComparison.Ordinal);

        var done = await shop.Organiser.EventuallyAsync($"{events}/cancellation", c => c.GetProperty("state").GetString() == "done");
        Assert.Equal((2, 0, 1, 0, 0), (Count("ordersEnded"), Count("ordersOpen"), Count("refundsDone"), Count("refundsWaiting"), Count("ticketsUntold")));
        Assert.Equal(("refunded", "cancelled"), (await shop.StateAsync(order), await shop.StateAsync(unpaid)));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.test_charges where payment_id = @Id and refunded_at is not null", new { Id = $"test_{order.GetProperty("id").GetGuid():N}" }));

        // Two tickets of one address are one mail; the calendar's entry goes, by a number above the one that it came with.
        foreach (var email in new[] { paid, waiting, invited })
        {
            await Eventually.TrueAsync(() => Task.FromResult(Told(email) == 1), $"{email} is told");
        }

        var ending = await CalendarAsync(paid, "is cancelled");
        Assert.Contains("METHOD:CANCEL\r\n", ending, StringComparison.Ordinal);
        Assert.Contains("STATUS:CANCELLED\r\n", ending, StringComparison.Ordinal);
        Assert.Contains($"ATTENDEE:mailto:{paid}", ending.Replace("\r\n ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(Line(confirmation, "UID"), Line(ending, "UID"));
        Assert.Equal(Line(confirmation, "ORGANIZER.*"), Line(ending, "ORGANIZER.*"));
        Assert.True(int.Parse(Line(ending, "SEQUENCE")) > int.Parse(Line(confirmation, "SEQUENCE")));
        Assert.Equal((1, 1, 1, 0), (Told(paid), Told(waiting), Told(invited), Told(pending)));
        await shop.Organiser.PostAsync($"{events}/state", Http.Json(new { state = "live" })).ShouldRefuseAsync(HttpStatusCode.Conflict, "state_not_reachable");
        await shop.Organiser.PostJsonAsync($"{events}/state", new { state = "archived" }, HttpStatusCode.OK);

        int Count(string name) => done.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Of_orders_placed_while_it_is_cancelled_none_stays()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1_000);
        var go = new TaskCompletionSource();
        var buying = Enumerable.Range(0, 24).Select(async i =>
        {
            await go.Task;
            using var response = await shop.SendAsync(shop.Order($"b{i}@people.example"));
            return response.StatusCode;
        }).ToList();
        go.SetResult();
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/cancellation", new { }, HttpStatusCode.Accepted);
        Assert.All(await Task.WhenAll(buying), status => Assert.True(status is HttpStatusCode.Created or HttpStatusCode.Conflict));
        await shop.Organiser.EventuallyAsync($"/api/v1/events/{shop.EventId}/cancellation", c => c.GetProperty("state").GetString() == "done");
        Assert.Equal(0, await shop.ScalarAsync<int>("select count(*)::int from platform.orders where event_id = @EventId and state not in ('cancelled')", new { shop.EventId }));
        Assert.Equal(0, (await shop.QuotaAsync()).GetProperty("taken").GetInt32());
    }

    private int Told(string email) => Mailbox.Texts(fixture.Options.MailDirectory, email).Count(m => m.Contains("does not take place", StringComparison.Ordinal));

    /// <summary>The calendar file of the mail to an address whose subject has these words.</summary>
    private async Task<string> CalendarAsync(string email, string subject)
    {
        Match? found = null;
        await Eventually.TrueAsync(
            () =>
            {
                found = (Directory.Exists(fixture.Options.MailDirectory) ? Directory.GetFiles(fixture.Options.MailDirectory, "*.eml") : [])
                    .Select(File.ReadAllText).Where(m => m.Contains($"To: {email}\r\n", StringComparison.Ordinal) && m.Contains(subject, StringComparison.Ordinal)).Select(m => CalendarPart().Match(m)).FirstOrDefault(m => m.Success);
                return Task.FromResult(found is not null);
            },
            $"{email} has a mail '{subject}'");
        return Encoding.UTF8.GetString(Convert.FromBase64String(found!.Groups[1].Value));
    }

    private static string Line(string calendar, string name) => Regex.Match(calendar.Replace("\r\n ", "", StringComparison.Ordinal), $"^{name}:(.*)\r$", RegexOptions.Multiline).Groups[1].Value;

    [GeneratedRegex(@"Content-Type: text/calendar[^\r]*\r\nContent-Transfer-Encoding: base64\r\n\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex CalendarPart();
}
