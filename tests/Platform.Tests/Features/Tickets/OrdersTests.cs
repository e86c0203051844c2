using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Platform.Features.Payments;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Tickets;

[Collection(nameof(PlatformCollection))]
public sealed class OrdersTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Of_five_hundred_buyers_at_once_exactly_ten_get_the_last_ten_tickets()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var client = fixture.Client();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using var response = await shop.SendAsync(shop.Order($"buyer{i}@people.example"), client: client);
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            return response.StatusCode == HttpStatusCode.Created ? body.GetProperty("state").GetString()! : $"{(int)response.StatusCode} {body.GetProperty("code").GetString()}";
        }));

        var counts = answers.CountBy(a => a).ToDictionary();
        Assert.Equal(new Dictionary<string, int> { ["confirmed"] = 10, ["409 sold_out"] = 490 }, counts);
        Assert.Equal(10, await shop.ScalarAsync<int>("select count(*)::int from platform.tickets where event_id = @EventId and state = 'valid'", new { shop.EventId }));
        Assert.Equal(10, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'order.confirmed' and payload->>'eventId' = @Id", new { Id = shop.EventId.ToString() }));
        Assert.Equal(10, (await shop.QuotaAsync()).GetProperty("taken").GetInt32());
    }

    [Fact]
    public async Task Types_that_share_a_quota_share_its_stock()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 3);
        var other = await shop.AddTypeAsync();
        await shop.BuyAsync(shop.Order(count: 2));
        await shop.BuyAsync(shop.Order(type: other));
        await shop.SendAsync(shop.Order(type: other)).ShouldRefuseAsync(HttpStatusCode.Conflict, "sold_out");
    }

    [Fact]
    public async Task A_double_click_and_a_retry_are_one_order()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var key = Guid.NewGuid().ToString();
        var clicks = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.BuyAsync(key: key)));
        var retry = await shop.BuyAsync(key: key);
        Assert.Single(clicks.Append(retry).Select(o => (o.GetProperty("id").GetGuid(), o.GetProperty("key").GetString())).Distinct());
        Assert.Equal(9, await shop.AvailableAsync());
        await shop.SendAsync(shop.Order(count: 2), key).ShouldRefuseAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        await shop.SendAsync(shop.Order(), key: "short").ShouldRefuseAsync(HttpStatusCode.BadRequest, "idempotency_key_missing");
    }

    [Fact]
    public async Task A_hold_that_ran_out_frees_its_stock_without_anything_running()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 2_500);
        var first = await shop.BuyAsync();
        Assert.Equal("pending", first.GetProperty("state").GetString());
        await shop.SendAsync(shop.Order("next@people.example")).ShouldRefuseAsync(HttpStatusCode.Conflict, "sold_out");
        await shop.ExpireAsync(first);
        var second = await shop.BuyAsync(shop.Order("next@people.example"));
        Assert.Equal("pending", second.GetProperty("state").GetString());
        await EventuallyAsync(async () => await shop.StateAsync(first) == "expired");
    }

    [Fact]
    public async Task Raised_capacity_shows_at_once_and_is_not_lowered_below_what_is_sold()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var order = await shop.BuyAsync();
        Assert.Equal(0, await shop.AvailableAsync());
        await PatchAsync(shop, 3);
        var onSale = await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets");
        Assert.Equal(2, onSale.GetProperty("types")[0].GetProperty("available").GetInt32());
        await shop.Organiser.PatchAsJsonAsync($"/api/v1/events/{shop.EventId}/quotas/{shop.QuotaId}", new { capacity = 0 }).ShouldRefuseAsync(HttpStatusCode.Conflict, "capacity_below_sold");
        await PatchAsync(shop, 1);
        Assert.Equal("confirmed", await shop.StateAsync(order));
        await shop.SendAsync(shop.Order()).ShouldRefuseAsync(HttpStatusCode.Conflict, "sold_out");
    }

    [Fact]
    public async Task Cancelling_a_free_order_gives_its_stock_back_once()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 2);
        var order = await shop.BuyAsync(shop.Order(count: 2));
        var path = $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel";
        await fixture.Client().PostAsync(path, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "order_not_found");
        for (var i = 0; i < 2; i++)
        {
            using var response = await shop.WithKeyAsync(HttpMethod.Post, path, order);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(2, await shop.AvailableAsync());
        Assert.Equal("cancelled", await shop.StateAsync(order));
    }

    [Fact]
    public async Task A_voucher_opens_a_hidden_type_lowers_the_price_and_is_used_up()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10, priceMinor: 999, visibility: "hidden");
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/vouchers", new { code = "half-off", percentOff = 50, maxUses = 1, ticketTypeId = shop.TypeId }, HttpStatusCode.Created);
        await shop.SendAsync(shop.Order()).ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_type_not_found");
        await shop.SendAsync(shop.Order(voucher: "wrong")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "voucher_invalid");
        await shop.SendAsync(shop.Order(voucher: "\0")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "voucher_invalid");
        var order = await shop.BuyAsync(shop.Order(voucher: "HALF-OFF"));
        Assert.Equal(499, order.GetProperty("totalMinor").GetInt64());
        await shop.SendAsync(shop.Order("next@people.example", voucher: "half-off")).ShouldRefuseAsync(HttpStatusCode.Conflict, "voucher_used_up");
        await shop.ExpireAsync(order);
        await shop.BuyAsync(shop.Order("next@people.example", voucher: "half-off"));
    }

    [Fact]
    public async Task An_invitation_is_for_one_ticket_and_shows_its_state()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10, visibility: "invited");
        await shop.SendAsync(shop.Order()).ShouldRefuseAsync(HttpStatusCode.Forbidden, "invitation_needed");
        var sent = await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}/invitations", new { email = "ida@people.example" }, HttpStatusCode.Created);
        var key = sent.GetProperty("key").GetString()!;
        using var opened = await fixture.Client().PostAsync($"/api/v1/invitations/{key}/open", null);
        Assert.Equal(HttpStatusCode.NoContent, opened.StatusCode);
        await shop.SendAsync(shop.Order(invitation: key, count: 2)).ShouldRefuseAsync(HttpStatusCode.BadRequest, "invitation_invalid");
        await shop.BuyAsync(shop.Order(invitation: key));
        await shop.SendAsync(shop.Order(invitation: key)).ShouldRefuseAsync(HttpStatusCode.Conflict, "invitation_used");
        Assert.Equal("accepted", (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/invitations"))[0].GetProperty("state").GetString());
        await fixture.Client().PostAsync($"/api/v1/invitations/{key[..^1]}A/open", null).ShouldRefuseAsync(HttpStatusCode.NotFound, "invitation_invalid");
    }

    [Fact]
    public async Task Nobodys_mailbox_is_filled_with_invitations()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10, visibility: "invited");
        var path = $"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}/invitations";
        var email = $"{Guid.NewGuid():N}@people.example";
        for (var i = 0; i < 5; i++)
        {
            await shop.Organiser.PostJsonAsync(path, new { email }, HttpStatusCode.Created);
        }

        await shop.Organiser.PostAsJsonAsync(path, new { email = email.ToUpperInvariant() }).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
        using var table = new StringContent($"{email}\nother-{email}", System.Text.Encoding.UTF8, "text/csv");
        using var response = await shop.Organiser.PostAsync($"{path}/import", table);
        var imported = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal((1, "too_many_attempts"), (imported.GetProperty("sent").GetInt32(), Assert.Single(imported.GetProperty("errors").EnumerateArray()).GetProperty("code").GetString()));
    }

    [Fact]
    public async Task An_invitation_that_is_declined_or_taken_back_says_so_and_comes_back_with_its_order()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10, visibility: "invited");
        var path = $"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}/invitations";
        var first = await shop.Organiser.PostJsonAsync(path, new { email = "dan@people.example" }, HttpStatusCode.Created);
        var second = await shop.Organiser.PostJsonAsync(path, new { email = "rae@people.example" }, HttpStatusCode.Created);
        using var declined = await fixture.Client().PostAsync($"/api/v1/invitations/{first.GetProperty("key").GetString()}/decline", null);
        Assert.Equal(HttpStatusCode.NoContent, declined.StatusCode);
        using var revoked = await shop.Organiser.DeleteAsync($"/api/v1/events/{shop.EventId}/invitations/{second.GetProperty("id").GetGuid()}");
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Equal(["declined", "revoked"], await StatesAsync());
        await shop.SendAsync(shop.Order("rae@people.example", invitation: second.GetProperty("key").GetString())).ShouldRefuseAsync(HttpStatusCode.Conflict, "invitation_used");
        await fixture.Client().PostAsync($"/api/v1/invitations/{second.GetProperty("key").GetString()}/open", null).ShouldRefuseAsync(HttpStatusCode.Conflict, "invitation_used");

        // Who declined may think again; who cancels may order again.
        var order = await shop.BuyAsync(shop.Order("dan@people.example", invitation: first.GetProperty("key").GetString()));
        Assert.Equal(["accepted", "revoked"], await StatesAsync());
        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
        Assert.Equal(["opened", "revoked"], await StatesAsync());
        await shop.BuyAsync(shop.Order("dan@people.example", invitation: first.GetProperty("key").GetString()));

        async Task<string[]> StatesAsync() => [.. (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/invitations")).EnumerateArray().Select(i => i.GetProperty("state").GetString()!)];
    }

    [Fact]
    public async Task What_comes_free_is_offered_to_the_queue_before_anybody_else()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var order = await shop.BuyAsync();
        var list = $"/api/v1/events/{shop.EventId}/waiting-list";
        var waiting = await fixture.Client().PostJsonAsync(list, new { ticketTypeId = shop.TypeId, email = "wanda@people.example", name = "Wanda" }, HttpStatusCode.Created);
        Assert.Equal(1, waiting.GetProperty("position").GetInt32());
        await fixture.Client().PostAsJsonAsync(list, new { ticketTypeId = shop.TypeId, email = "WANDA@people.example", name = "Wanda" }).ShouldRefuseAsync(HttpStatusCode.Conflict, "already_waiting");

        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
        await shop.SendAsync(shop.Order("quick@people.example")).ShouldRefuseAsync(HttpStatusCode.Conflict, "sold_out");
        var key = waiting.GetProperty("key").GetString()!;
        await fixture.Client().EventuallyAsync($"/api/v1/waiting-list/{key}", w => w.GetProperty("state").GetString() == "offered");
        await shop.SendAsync(shop.Order("quick@people.example")).ShouldRefuseAsync(HttpStatusCode.Conflict, "sold_out");
        await shop.BuyAsync(shop.Order("wanda@people.example", waitingList: key));
        await shop.SendAsync(shop.Order("wanda@people.example", waitingList: key)).ShouldRefuseAsync(HttpStatusCode.Conflict, "offer_lapsed");
        Assert.Equal(0, await shop.AvailableAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_offer_whose_order_ends_unpaid_goes_on_to_its_end(bool isCancelled)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var (key, offered, order) = await OfferedAsync(shop);
        Assert.Equal("claimed", (await OfferAsync(key)).GetProperty("state").GetString());
        await EndAsync();
        var again = await OfferAsync(key, "offered");
        Assert.Equal(offered.GetProperty("offeredUntil").GetDateTimeOffset(), again.GetProperty("offeredUntil").GetDateTimeOffset());
        await shop.SendAsync(shop.Order("quick@people.example")).ShouldRefuseAsync(HttpStatusCode.Conflict, "sold_out");
        await fixture.MailsAsync(order.GetProperty("email").GetString()!, "there is a ticket for you now", 1);

        // Nor is it offered for longer than it was.
        order = await shop.BuyAsync(shop.Order("wanda@people.example", waitingList: key));
        await shop.ScalarAsync<int>("update platform.ticket_waiting_list set offered_until = now() where event_id = @EventId; select 1", new { shop.EventId });
        await EndAsync();
        await OfferAsync(key, "lapsed");

        async Task EndAsync()
        {
            if (isCancelled)
            {
                using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
                Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
                return;
            }

            await shop.ExpireAsync(order);
        }
    }

    [Fact]
    public async Task Money_that_comes_late_takes_the_seat_that_is_offered_to_its_buyer_again()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var (key, _, order) = await OfferedAsync(shop);
        var id = order.GetProperty("id").GetGuid();
        await shop.LeaveAloneAsync(order);
        await fixture.Services.GetRequiredService<TestPaymentProvider>().PayAsync($"test_{id:N}", CancellationToken.None);
        await shop.ExpireAsync(order);
        await OfferAsync(key, "offered");
        await shop.ScalarAsync<int>("update platform.payments set checked_at = now() - interval '2 minutes' where order_id = @id; select 1", new { id });
        await EventuallyAsync(async () => await shop.StateAsync(order) == "confirmed");
        Assert.Equal(("claimed", 1), ((await OfferAsync(key)).GetProperty("state").GetString(), (await shop.QuotaAsync()).GetProperty("taken").GetInt32()));
    }

    [Fact]
    public async Task Who_queued_again_while_an_order_was_open_keeps_the_later_place()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var (key, _, order) = await OfferedAsync(shop);
        var later = (await JoinAsync(shop, order.GetProperty("email").GetString()!)).GetProperty("key").GetString()!;
        await shop.ExpireAsync(order);
        await OfferAsync(later, "offered");
        Assert.Equal(("lapsed", "expired"), ((await OfferAsync(key)).GetProperty("state").GetString(), await shop.StateAsync(order)));
    }

    /// <summary>Somebody waited, was offered the only seat, and has ordered it.</summary>
    private async Task<(string Key, JsonElement Offer, JsonElement Order)> OfferedAsync(Shop shop)
    {
        var email = $"wanda-{Guid.NewGuid():N}@people.example";
        var taken = await shop.BuyAsync();
        var key = (await JoinAsync(shop, email)).GetProperty("key").GetString()!;
        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{taken.GetProperty("id").GetGuid()}/cancel", taken);
        var offer = await OfferAsync(key, "offered");
        return (key, offer, await shop.BuyAsync(shop.Order(email, waitingList: key)));
    }

    private Task<JsonElement> JoinAsync(Shop shop, string email) =>
        fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email, name = "Wanda" }, HttpStatusCode.Created);

    private Task<JsonElement> OfferAsync(string key, string? state = null) => fixture.Client().EventuallyAsync($"/api/v1/waiting-list/{key}", w => state is null || w.GetProperty("state").GetString() == state);

    [Theory]
    [InlineData("sales_until = now()")]
    [InlineData("visibility = 'invited'")]
    public async Task Nobody_is_offered_what_cannot_be_bought_and_nobody_joins_the_queue_for_it(string change)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var (other, list) = (await shop.AddTypeAsync(), $"/api/v1/events/{shop.EventId}/waiting-list");
        var order = await shop.BuyAsync();
        var first = await JoinAsync(shop.TypeId, "first@people.example");
        var second = await JoinAsync(other, "second@people.example");
        await shop.ScalarAsync<int>($"update platform.ticket_types set {change} where id = @TypeId; select 1", new { shop.TypeId });
        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
        await fixture.Client().EventuallyAsync($"/api/v1/waiting-list/{second}", w => w.GetProperty("state").GetString() == "offered");
        Assert.Equal("lapsed", (await fixture.Client().GetJsonAsync($"/api/v1/waiting-list/{first}")).GetProperty("state").GetString());
        await shop.BuyAsync(shop.Order("second@people.example", type: other, waitingList: second));
        using var refused = await fixture.Client().PostAsJsonAsync(list, new { ticketTypeId = shop.TypeId, email = "third@people.example", name = "Third" });
        Assert.Equal(change.StartsWith("sales", StringComparison.Ordinal) ? HttpStatusCode.Conflict : HttpStatusCode.NotFound, refused.StatusCode);

        async Task<string> JoinAsync(Guid type, string email) =>
            (await fixture.Client().PostJsonAsync(list, new { ticketTypeId = type, email, name = "Wanda" }, HttpStatusCode.Created)).GetProperty("key").GetString()!;
    }

    [Fact]
    public async Task An_offer_ends_with_the_sale_of_its_type_and_with_its_being_open_to_everybody()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var (order, type) = (await shop.BuyAsync(), $"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}");
        var key = (await fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email = "wanda@people.example", name = "Wanda" }, HttpStatusCode.Created)).GetProperty("key").GetString();
        var until = DateTimeOffset.UtcNow.AddHours(1);
        await PutAsync("public");
        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
        await fixture.Client().EventuallyAsync($"/api/v1/waiting-list/{key}", w => w.GetProperty("state").GetString() == "offered");
        Assert.InRange((await OfferAsync()).GetProperty("offeredUntil").GetDateTimeOffset(), until.AddSeconds(-1), until.AddSeconds(1));
        until = until.AddMinutes(-30);
        await PutAsync("public");
        Assert.InRange((await OfferAsync()).GetProperty("offeredUntil").GetDateTimeOffset(), until.AddSeconds(-1), until.AddSeconds(1));
        await PutAsync("invited");
        Assert.Equal("lapsed", (await OfferAsync()).GetProperty("state").GetString());

        Task<JsonElement> OfferAsync() => fixture.Client().GetJsonAsync($"/api/v1/waiting-list/{key}");

        async Task PutAsync(string visibility)
        {
            using var response = await shop.Organiser.PutAsJsonAsync(type, new { name = "Seat", quotaId = shop.QuotaId, priceMinor = 0, currency = "CHF", visibility, salesUntil = until });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_queue_moves_however_many_others_are_stuck()
    {
        var stuck = await Shop.OpenAsync(fixture, capacity: 0);
        await stuck.ScalarAsync<int>(
            """
            insert into platform.ticket_quotas (id, event_id, name, capacity) select ('00' || substr(md5(@EventId::text || n), 3))::uuid, @EventId, 'Stuck', 0 from generate_series(1, 300) n;
            insert into platform.ticket_waiting_list (id, event_id, ticket_type_id, quota_id, email, name, state)
            select gen_random_uuid(), @EventId, @TypeId, q.id, q.id || '@people.example', 'Wanda', 'waiting' from platform.ticket_quotas q where q.event_id = @EventId;
            select 1
            """,
            new { stuck.EventId, stuck.TypeId });
        for (var i = 0; i < 3; i++)
        {
            var shop = await Shop.OpenAsync(fixture, capacity: 1);
            var order = await shop.BuyAsync();
            var waiting = await fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email = "wanda@people.example", name = "Wanda" }, HttpStatusCode.Created);
            using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
            await fixture.Client().EventuallyAsync($"/api/v1/waiting-list/{waiting.GetProperty("key").GetString()}", w => w.GetProperty("state").GetString() == "offered");
        }

        await stuck.ScalarAsync<int>("update platform.ticket_waiting_list set state = 'left' where event_id = @EventId; select 1", new { stuck.EventId });
    }

    [Fact]
    public async Task Consent_is_to_the_version_that_was_shown()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        using var put = await shop.Organiser.PutAsJsonAsync($"/api/v1/events/{shop.EventId}/consent", new { storing = "We keep your name.", sharing = "" });
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        await shop.SendAsync(shop.Order()).ShouldRefuseAsync(HttpStatusCode.Conflict, "consent_outdated");
        var order = await shop.BuyAsync(shop.Order(consent: 1));
        Assert.Equal(1, await shop.ScalarAsync<int>("select consent_version from platform.orders where id = @Id", new { Id = order.GetProperty("id").GetGuid() }));
    }

    [Fact]
    public async Task A_transferred_ticket_ends_the_old_code_and_a_revoked_one_frees_its_seat()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var order = await shop.BuyAsync();
        var old = order.GetProperty("tickets")[0];
        using var transferred = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{old.GetProperty("id").GetGuid()}/transfer", order, new { name = "Nora New", email = "nora@people.example" });
        var ticket = await transferred.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("transferred", await VerdictAsync(shop, old.GetProperty("code").GetString()));
        Assert.Null(await VerdictAsync(shop, ticket.GetProperty("code").GetString()));
        Assert.Equal("code_invalid", await VerdictAsync(shop, old.GetProperty("code").GetString()![..^3] + "000"));
        var elsewhere = await Shop.OpenAsync(fixture, capacity: 1);
        Assert.Equal("wrong_event", await VerdictAsync(elsewhere, ticket.GetProperty("code").GetString()));

        using var png = await shop.WithKeyAsync(HttpMethod.Get, $"/api/v1/tickets/{ticket.GetProperty("id").GetGuid()}/qr.png", order);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], (await png.Content.ReadAsByteArrayAsync())[..4]);

        Assert.Equal(0, await shop.AvailableAsync());
        await shop.Organiser.PostJsonAsync($"/api/v1/tickets/{ticket.GetProperty("id").GetGuid()}/revoke", null, HttpStatusCode.OK);
        Assert.Equal("revoked", await VerdictAsync(shop, ticket.GetProperty("code").GetString()));
        Assert.Equal(1, await shop.AvailableAsync());
    }

    [Fact]
    public async Task A_blocked_ticket_is_not_handed_on()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var order = await shop.BuyAsync();
        var path = $"/api/v1/tickets/{order.GetProperty("tickets")[0].GetProperty("id").GetGuid()}";
        using var blocked = await shop.Organiser.PutAsync($"{path}/block", null);
        Assert.Equal(HttpStatusCode.OK, blocked.StatusCode);
        await TransferAsync().ShouldRefuseAsync(HttpStatusCode.Conflict, "ticket_blocked");
        using var lifted = await shop.Organiser.DeleteAsync($"{path}/block");
        using var transferred = await TransferAsync();
        Assert.Equal(HttpStatusCode.OK, transferred.StatusCode);

        Task<HttpResponseMessage> TransferAsync() => shop.WithKeyAsync(HttpMethod.Post, $"{path}/transfer", order, new { name = "Nora New", email = "nora@people.example" });
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("[\"\\udc00\"]")]
    [InlineData("{\"a\":{\"b\":\"\\ud800x\"}}")]
    public async Task An_answer_with_half_a_character_is_refused(string answer)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var question = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "Diet", kind = "text" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        var order = JsonSerializer.Serialize(shop.Order(answers: new Dictionary<string, string> { [question.ToString()] = "ANSWER" })).Replace("\"ANSWER\"", answer, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/events/{shop.EventId}/orders") { Content = new StringContent(order, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        await fixture.Client().SendAsync(request).ShouldRefuseAsync(HttpStatusCode.BadRequest, "answer_invalid");
    }

    internal static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        while (!await holds())
        {
            Assert.True(DateTime.UtcNow < deadline, "It did not become so in 20 s.");
            await Task.Delay(50);
        }
    }

    private static async Task<string?> VerdictAsync(Shop shop, string? code)
    {
        var verdict = await shop.Organiser.PostJsonAsync("/api/v1/tickets/check", new { code, eventId = shop.EventId }, HttpStatusCode.OK);
        Assert.Equal(verdict.GetProperty("valid").GetBoolean(), verdict.GetProperty("reason").ValueKind == JsonValueKind.Null);
        return verdict.GetProperty("reason").GetString();
    }

    private static async Task PatchAsync(Shop shop, int capacity)
    {
        using var response = await shop.Organiser.PatchAsJsonAsync($"/api/v1/events/{shop.EventId}/quotas/{shop.QuotaId}", new { capacity });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
