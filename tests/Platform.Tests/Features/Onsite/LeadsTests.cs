using System.Net;
using System.Text;
using Events.Platform.Composition;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using static Events.Tests.Platform.Features.Onsite.DoorDevice;

namespace Events.Tests.Platform.Features.Onsite;

[Collection(nameof(PlatformCollection))]
public sealed class LeadsTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_booth_has_who_agreed_until_they_think_better_of_it()
    {
        var (shop, elsewhere) = (await Shop.OpenAsync(fixture, capacity: 10), await Shop.OpenAsync(fixture, capacity: 10));
        var (booth, other, door) = (await EnrolAsync(shop, new { role = "lead" }, "=Acme"), await EnrolAsync(shop, new { role = "lead" }, "Umbrella"), await EnrolAsync(shop));
        var tickets = (await shop.BuyAsync(shop.Order(count: 3))).GetProperty("tickets");
        var foreign = (await elsewhere.BuyAsync()).GetProperty("tickets")[0];
        await booth.Client.PostAsync("/onsite/v1/leads", Http.Json(new { code = Code(tickets[0]) })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "consent_missing");
        await booth.Client.PostAsync("/onsite/v1/leads", Http.Json(new { code = Code(tickets[0]), consent = false })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "consent_missing");
        await booth.Client.PostAsync("/onsite/v1/leads", Http.Json(new { code = "E1:X", consent = true })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "code_invalid");
        await booth.Client.PostAsync("/onsite/v1/leads", Http.Json(new { code = Code(foreign), consent = true })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "code_wrong_event");
        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{IdOf(tickets[2])}/revoke", null))
        {
            await booth.Client.PostAsync("/onsite/v1/leads", Http.Json(new { code = Code(tickets[2]), consent = true })).ShouldRefuseAsync(HttpStatusCode.Conflict, "ticket_not_valid");
        }

        var lead = await booth.Client.PostJsonAsync("/onsite/v1/leads", new { code = Code(tickets[0]), consent = true }, HttpStatusCode.OK);
        Assert.Equal(("Bea Buyer", "bea@people.example", "Seat"), (lead.GetProperty("name").GetString(), lead.GetProperty("email").GetString(), lead.GetProperty("typeName").GetString()));
        Assert.Equal(IdOf(lead), IdOf(await booth.Client.PostJsonAsync("/onsite/v1/leads", new { code = Code(tickets[0]), consent = true }, HttpStatusCode.OK)));
        await booth.Client.PostJsonAsync("/onsite/v1/leads", new { code = Code(tickets[1]), consent = true }, HttpStatusCode.OK);
        var page = await booth.Client.GetJsonAsync("/onsite/v1/leads?limit=1");
        var rest = await booth.Client.GetJsonAsync($"/onsite/v1/leads?limit=1&after={page.GetProperty("next").GetString()}");
        Assert.Equal(IdOf(lead), IdOf(rest.GetProperty("items")[0]));

        // A booth sees its own, the organiser everybody's, and neither opens the other's doors.
        Assert.Empty((await other.Client.GetJsonAsync("/onsite/v1/leads")).GetProperty("items").EnumerateArray());
        await other.Client.DeleteAsync($"/onsite/v1/leads/{IdOf(lead)}").ShouldRefuseAsync(HttpStatusCode.NotFound, "lead_not_found");
        await other.Client.PostJsonAsync("/onsite/v1/leads", new { code = Code(tickets[0]), consent = true }, HttpStatusCode.OK);
        Assert.Equal([["booth", "name", "email", "ticket_type"], ["'=Acme", "Bea Buyer", "bea@people.example", "Seat"], ["'=Acme", "Bea Buyer", "bea@people.example", "Seat"]], await CsvAsync(booth.Client, "/onsite/v1/leads.csv"));
        Assert.Equal(4, (await CsvAsync(shop.Organiser, $"/api/v1/events/{shop.EventId}/leads.csv")).Count);
        await elsewhere.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/leads.csv").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        foreach (var address in new[] { "tickets", "conflicts" })
        {
            await booth.Client.GetAsync($"/onsite/v1/{address}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "device_role_wrong");
        }

        await booth.PostAsync([new { id = Guid.CreateVersion7(), code = Code(tickets[0]), at = DateTimeOffset.UtcNow, decision = "ask" }]).ShouldRefuseAsync(HttpStatusCode.Forbidden, "device_role_wrong");
        foreach (var address in new[] { "leads", "leads.csv" })
        {
            await door.Client.GetAsync($"/onsite/v1/{address}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "device_role_wrong");
        }

        using (var gone = await booth.Client.DeleteAsync($"/onsite/v1/leads/{IdOf(lead)}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }

        Assert.Single((await booth.Client.GetJsonAsync("/onsite/v1/leads")).GetProperty("items").EnumerateArray());
        await booth.RevokeAsync();
        await booth.Client.GetAsync("/onsite/v1/leads").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "device_revoked");
    }

    [Fact]
    public async Task What_was_said_about_sharing_is_told_to_the_organisers_systems_and_a_booth_asks_by_itself()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        await shop.BuyAsync(); // Nothing was asked yet.
        await ConsentAsync(shop, "Exhibitors may have your name and address.");
        await shop.BuyAsync(Order(shop, "yes@people.example", 1, sharing: true));
        var no = (await shop.BuyAsync(Order(shop, "no@people.example", 1, sharing: false))).GetProperty("tickets")[0];
        await ConsentAsync(shop, "");
        await shop.BuyAsync(Order(shop, "unasked@people.example", 2, sharing: false));

        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId);
        var told = (await api.GetJsonAsync($"/external/v1/events/{shop.EventId}/attendees")).GetProperty("items").EnumerateArray().ToDictionary(a => a.GetProperty("holderEmail").GetString()!, a => a.GetProperty("sharing").ToString());
        Assert.Equal(("", "True", "False", ""), (told["bea@people.example"], told["yes@people.example"], told["no@people.example"], told["unasked@people.example"]));

        var booth = await EnrolAsync(shop, new { role = "lead" }, "Acme");
        await booth.Client.PostJsonAsync("/onsite/v1/leads", new { code = Code(no), consent = true }, HttpStatusCode.OK);
    }

    private static async Task ConsentAsync(Shop shop, string sharing)
    {
        using var set = await shop.Organiser.PutAsync($"/api/v1/events/{shop.EventId}/consent", Http.Json(new { storing = "We keep your name.", sharing }));
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
    }

    private static object Order(Shop shop, string email, int version, bool sharing) =>
        new { email, name = "Pia Person", tickets = new[] { new { ticketTypeId = shop.TypeId } }, consent = new { version, storing = true, sharing } };

    private static async Task<List<string[]>> CsvAsync(HttpClient client, string path) =>
        [.. CsvReader.Read(Encoding.UTF8.GetString(await client.GetByteArrayAsync(path))).Select(r => r.Cells.Take(4).ToArray())];
}
