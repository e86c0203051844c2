using System.Net;
using System.Text.Json;
using Events.Platform.Features.Onsite;
using Events.Platform.Features.Tickets;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;
using static Events.Tests.Platform.Features.Onsite.DoorDevice;

namespace Events.Tests.Platform.Features.Onsite;

/// <summary>What a door says while there is a connection, and what it refuses.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class ScansTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Each_of_the_fifteen_refusals_is_told_by_its_code()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 50);
        var (keys, crew) = (fixture.Services.GetRequiredService<TicketKeys>(), await shop.AddTypeAsync());
        var device = await EnrolAsync(shop, new { ticketTypeIds = new[] { shop.TypeId } });
        var seen = new Dictionary<string, JsonElement>();
        async Task ExpectAsync(string reason, Task<JsonElement> asking)
        {
            var answer = await asking;
            Assert.Equal(("refused", reason, false), (Result(answer), Reason(answer), answer.GetProperty("admitted").GetBoolean()));
            Assert.True(seen.TryAdd(reason, answer));
        }

        using var stranger = JwtSigningKey.Generate();
        var tickets = (await shop.BuyAsync(shop.Order(count: 8))).GetProperty("tickets");
        await ExpectAsync("malformed", device.AskAsync("https://example.org/menu"));
        await ExpectAsync("signature_invalid", device.AskAsync(TicketCode.Sign(stranger, shop.EventId, IdOf(tickets[0]))));
        await ExpectAsync("wrong_event", device.AskAsync(keys.CodeOf(Guid.CreateVersion7(), IdOf(tickets[0]))));
        await ExpectAsync("ticket_unknown", device.AskAsync(keys.CodeOf(shop.EventId, Guid.CreateVersion7())));

        var cancelled = await shop.BuyAsync();
        using (await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{IdOf(cancelled)}/cancel", cancelled))
        {
            await ExpectAsync("cancelled", device.AskAsync(Code(cancelled.GetProperty("tickets")[0])));
        }

        var handed = await shop.BuyAsync();
        using (await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{IdOf(handed.GetProperty("tickets")[0])}/transfer", handed, new { name = "Cy", email = "cy@people.example" }))
        {
            await ExpectAsync("transferred", device.AskAsync(Code(handed.GetProperty("tickets")[0])));
        }

        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{IdOf(tickets[1])}/revoke", null))
        {
            await ExpectAsync("revoked", device.AskAsync(Code(tickets[1])));
        }

        using (await shop.Organiser.PutAsync($"/api/v1/tickets/{IdOf(tickets[2])}/block", null))
        {
            await ExpectAsync("blocked", device.AskAsync(Code(tickets[2])));
            var byAccount = await shop.Organiser.PostJsonAsync("/api/v1/tickets/check-in", new { code = Code(tickets[2]), eventId = shop.EventId }, HttpStatusCode.OK);
            Assert.Equal("blocked", Reason(byAccount));
        }

        using (await shop.Organiser.DeleteAsync($"/api/v1/tickets/{IdOf(tickets[2])}/block"))
        {
            Assert.Equal("ok", Result(await device.AskAsync(Code(tickets[2]))));
        }

        await ExpectAsync("wrong_ticket_type", device.AskAsync(Code((await shop.BuyAsync(shop.Order(type: crew))).GetProperty("tickets")[0])));
        Assert.Equal("ok", Result(await device.AskAsync(Code(tickets[2]), kind: "out")));
        await ExpectAsync("left", device.AskAsync(Code(tickets[2])));
        Assert.Equal("not_in", Result(await device.AskAsync(Code(tickets[2]), kind: "out")));

        var early = await EnrolAsync(shop, new { opensAt = DateTimeOffset.UtcNow.AddHours(1) });
        await ExpectAsync("too_early", early.AskAsync(Code(tickets[3])));
        var late = await EnrolAsync(shop, new { closesAt = DateTimeOffset.UtcNow.AddHours(-1) });
        await ExpectAsync("too_late", late.AskAsync(Code(tickets[3])));

        var paid = await Shop.OpenAsync(fixture, capacity: 5, priceMinor: 1_000);
        var atPaid = await EnrolAsync(paid);
        var pending = (await paid.BuyAsync()).GetProperty("tickets")[0];
        await ExpectAsync("not_paid", atPaid.AskAsync(ticketId: IdOf(pending)));
        var bought = await paid.BuyAsync(paid.Order("rea@people.example"));
        using (await fixture.Client().PostAsync(bought.GetProperty("checkoutUrl").GetString(), null))
        {
            await paid.Organiser.PostJsonAsync($"/api/v1/orders/{IdOf(bought)}/refund", null, HttpStatusCode.OK);
        }

        await ExpectAsync("refunded", atPaid.AskAsync(ticketId: IdOf(bought.GetProperty("tickets")[0])));

        await device.RevokeAsync();
        await ExpectAsync("device_revoked", device.AskAsync(Code(tickets[4])));
        Assert.Equal(Refusals.All.Order(StringComparer.Ordinal), seen.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(15, seen.Count);
        Assert.Equal("Bea Buyer", seen["revoked"].GetProperty("ticket").GetProperty("holderName").GetString());
        Assert.Equal(JsonValueKind.Null, seen["wrong_event"].GetProperty("ticket").ValueKind);
        Assert.Equal(1, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in")).GetProperty("in").GetInt32());
    }

    [Fact]
    public async Task An_event_that_is_over_or_not_open_lets_nobody_in_by_asking()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var device = await EnrolAsync(shop);
        var ticket = (await shop.BuyAsync()).GetProperty("tickets")[0];
        foreach (var (state, reason) in new[] { ("draft", "too_early"), ("ended", "too_late"), ("archived", "too_late"), ("cancelled", "cancelled") })
        {
            await shop.ScalarAsync<int>("update platform.events set state = @state where id = @EventId; select 1", new { state, shop.EventId });
            Assert.Equal(reason, Reason(await device.AskAsync(Code(ticket))));
        }

        // What a door did while it was open is taken also when it comes late.
        var scan = Admitted(Guid.CreateVersion7(), ticket, DateTimeOffset.UtcNow.AddMinutes(-30));
        Assert.Equal("ok", Result((await device.SendAsync(scan))[0]));
    }

    [Fact]
    public async Task Asking_lets_in_once_and_the_same_scan_again_hears_the_same()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (a, b) = (await EnrolAsync(shop), await EnrolAsync(shop, name: "Door B"));
        var ticket = (await shop.BuyAsync()).GetProperty("tickets")[0];
        var scan = Guid.CreateVersion7();
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => (i % 2 == 0 ? a : b).AskAsync(Code(ticket), id: i < 2 ? scan : null)));
        Assert.Single(answers, x => Result(x) == "ok");
        Assert.Equal(5, answers.Count(x => Result(x) == "already_in"));
        var first = await a.AskAsync(Code(ticket), id: scan);
        Assert.Equal((Result(answers[0]), answers[0].GetProperty("at").GetDateTimeOffset()), (Result(first), first.GetProperty("at").GetDateTimeOffset()));
        Assert.Equal(6, await shop.ScalarAsync<int>("select count(*)::int from platform.check_in_scans where event_id = @EventId", new { shop.EventId }));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where aggregateid = @Id and type = 'ticket.checked_in'", new { Id = IdOf(ticket).ToString() }));

        // Taken back, the holder may come in again, and what was scanned before does not bring the old entry back.
        using (await shop.Organiser.DeleteAsync($"/api/v1/tickets/{IdOf(ticket)}/check-in"))
        {
            await a.AskAsync(Code(ticket), id: scan);
            Assert.Equal(0, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in")).GetProperty("in").GetInt32());
            Assert.Equal("ok", Result(await b.AskAsync(Code(ticket))));
        }
    }

    [Fact]
    public async Task What_is_no_batch_of_scans_is_refused_whole()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var device = await EnrolAsync(shop);
        var (id, at) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        var good = new { id, code = (string?)"x", at, decision = "ask" };
        await device.PostAsync([]).ShouldRefuseAsync(HttpStatusCode.BadRequest, "scans_invalid");
        await device.PostAsync([.. Enumerable.Range(0, 101).Select(_ => (object)good)]).ShouldRefuseAsync(HttpStatusCode.BadRequest, "scans_invalid");
        await device.Client.PostAsync("/onsite/v1/scans", Http.Json(new { scans = new[] { good } })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "scans_invalid");
        object?[] bad =
        [
            new { code = "x", at, decision = "ask" }, new { id = Guid.Empty, code = "x", at, decision = "ask" }, new { id, at, decision = "ask" }, new { id, code = "x", ticketId = id, at, decision = "ask" },
            new { id, code = "x", decision = "ask" }, new { id, code = "x", at = "0001-01-01T00:00:00Z", decision = "ask" }, new { id, code = "x", at, decision = "shrug" }, new { id, code = "x", at, kind = "up", decision = "ask" },
            new { id, code = "x", at, decision = "refused" }, new { id, code = "x", at, decision = "refused", reason = "mood" }, null,
        ];
        foreach (var scan in bad)
        {
            await device.PostAsync([good, scan!]).ShouldRefuseAsync(HttpStatusCode.BadRequest, "scan_invalid");
        }

        await device.Client.SendLargeAsync(HttpMethod.Post, "/onsite/v1/scans", new byte[70_000], "application/json").ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        Assert.Equal(0, await shop.ScalarAsync<int>("select count(*)::int from platform.check_in_scans where event_id = @EventId", new { shop.EventId }));
    }
}
