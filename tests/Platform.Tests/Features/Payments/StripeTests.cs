using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Events.Tests.Platform.Testing.Stripe;

namespace Events.Tests.Platform.Features.Payments;

/// <summary>Orders paid at Stripe. Its stand-in checks every parameter, and is itself checked by Stripe's client for Node.</summary>
[Collection(nameof(StripeCollection))]
public sealed class StripeTests(StripeFixture fixture)
{
    [Fact]
    public async Task A_paid_order_is_one_session_and_one_charge_that_goes_to_the_organiser_in_full()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var account = await fixture.ConnectAsync(shop.Organiser, shop.OrganiserId);
        shop = shop with { TypeId = await shop.AddTypeAsync(2_500) };
        var key = Guid.NewGuid().ToString();
        var clicks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => shop.BuyAsync(key: key)));
        var order = clicks[0];
        var session = StripeFixture.SessionOf(order);
        Assert.All(clicks, c => Assert.Equal(session, StripeFixture.SessionOf(c)));

        Assert.True(fixture.Stripe.Pay(session));
        var webhook = Assert.Single(fixture.Stripe.WebhooksAbout(session));
        foreach (var response in await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => fixture.SendAsync(webhook))))
        {
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            response.Dispose();
        }

        Assert.Equal("confirmed", await shop.StateAsync(order));
        Assert.Equal(1, (await shop.QuotaAsync()).GetProperty("taken").GetInt32());
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'order.confirmed' and aggregateid = @Id", new { Id = order.GetProperty("id").GetString() }));
        var charge = Assert.Single(fixture.Stripe.All("charge"), c => (string?)c["destination"] == account);
        Assert.Equal((2_500L, 2_500L, "chf"), ((long)charge["amount"]!, (long)charge["transferred"]!, (string?)charge["currency"]));
        Assert.Equal((account, null), ((string?)charge["on_behalf_of"], (string?)charge["application_fee_amount"]));
    }

    [Fact]
    public async Task Every_request_that_makes_something_has_an_idempotency_key_and_all_name_one_version()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var order = await shop.BuyAsync();
        Assert.NotNull(order.GetProperty("checkoutUrl").GetString());
        Assert.All(fixture.Stripe.Requests, r => Assert.Equal("2026-10-28.endive", r.Version));
        Assert.All(fixture.Stripe.Requests.Where(r => r.What.StartsWith("POST", StringComparison.Ordinal)), r => Assert.StartsWith("events-", r.IdempotencyKey));
        var (_, _, _, form) = Assert.Single(fixture.Stripe.Requests, r => r.What == "POST /v1/checkout/sessions" && r.Form["client_reference_id"] == order.GetProperty("id").GetString());
        Assert.Equal("card", form["allowed_payment_method_types[0]"]);

        // The session outlives the hold by what Stripe demands of one, and no more.
        var left = DateTimeOffset.FromUnixTimeSeconds(long.Parse(form["expires_at"]!)) - order.GetProperty("expiresAt").GetDateTimeOffset();
        Assert.InRange(left, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(32));
    }

    [Fact]
    public async Task Coming_back_from_the_till_decides_nothing_and_a_lost_notice_is_made_up_for()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var order = await shop.BuyAsync();
        var session = StripeFixture.SessionOf(order);

        // The buyer returns without having paid: the order waits, with the same till.
        Assert.Equal("pending", await shop.StateAsync(order));
        Assert.True(fixture.Stripe.Pay(session));
        Assert.Equal("pending", await shop.StateAsync(order));

        // No webhook ever comes; a minute later the platform asks.
        await shop.ScalarAsync<int>("update platform.payments set checked_at = now() - interval '61 seconds' where id = @session; select 1", new { session });
        await Eventually.TrueAsync(async () => await shop.StateAsync(order) == "confirmed", "the order is confirmed");

        // And when the webhook comes after all, nothing happens twice.
        await fixture.DeliverAsync(session);
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'payment.received' and aggregateid = @Id", new { Id = order.GetProperty("id").GetString() }));
    }

    [Fact]
    public async Task A_notice_that_overtakes_the_answer_confirms_the_order()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var order = await shop.BuyAsync();
        var session = StripeFixture.SessionOf(order);
        await shop.ScalarAsync<int>("delete from platform.payments where id = @session; select 1", new { session });
        Assert.True(fixture.Stripe.Pay(session));
        await fixture.DeliverAsync(session);
        Assert.Equal("confirmed", await shop.StateAsync(order));
    }

    [Fact]
    public async Task A_refund_takes_the_transfer_back_and_is_carried_out_once_though_its_answer_is_lost()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var (order, session) = await PaidAsync(shop);
        fixture.Stripe.LoseAnswers(2);
        await shop.Organiser.PostJsonAsync($"/api/v1/orders/{order.GetProperty("id").GetGuid()}/refund", null, HttpStatusCode.OK);
        await Eventually.TrueAsync(async () => await shop.StateAsync(order) == "refunded", "the order is refunded");
        var intent = (string)fixture.Stripe.All("checkout.session").Single(s => (string?)s["id"] == session)["payment_intent"]!;
        var charge = fixture.Stripe.All("charge").Single(c => (string?)c["payment_intent"] == intent);
        Assert.Equal((2_500L, 0L), ((long)charge["amount_refunded"]!, (long)charge["transferred"]!));
        Assert.Single(fixture.Stripe.All("refund"), r => (string?)r["payment_intent"] == intent);
        Assert.Equal(1, await shop.AvailableAsync());
        await Eventually.TrueAsync(() => Task.FromResult(Mailbox.Texts(fixture.Options.MailDirectory, order.GetProperty("email").GetString()!).Any(m => m.Contains("25.00 CHF", StringComparison.Ordinal))), "the refund is mailed");
    }

    [Fact]
    public async Task A_refund_made_in_the_providers_dashboard_ends_the_tickets()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var (order, session) = await PaidAsync(shop);
        var intent = (string)fixture.Stripe.All("checkout.session").Single(s => (string?)s["id"] == session)["payment_intent"]!;
        fixture.Stripe.Refund(intent);
        await fixture.DeliverAsync(intent);
        Assert.Equal("refunded", await shop.StateAsync(order));
        Assert.Equal(1, await shop.AvailableAsync());
    }

    [Fact]
    public async Task A_refund_that_the_bank_sends_back_is_seen()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var (order, session) = await PaidAsync(shop);
        await shop.Organiser.PostJsonAsync($"/api/v1/orders/{order.GetProperty("id").GetGuid()}/refund", null, HttpStatusCode.OK);
        await Eventually.TrueAsync(async () => await shop.StateAsync(order) == "refunded", "the order is refunded");
        var intent = (string)fixture.Stripe.All("checkout.session").Single(s => (string?)s["id"] == session)["payment_intent"]!;
        await fixture.DeliverAsync(intent);
        fixture.Stripe.FailRefund(intent);
        await fixture.DeliverAsync(intent);
        Assert.Equal("refund_failed", await shop.ScalarAsync<string>("select state from platform.payments where id = @session", new { session }));

        // The buyer has no money back: the order is no refunded one, and the organiser sees why.
        Assert.Equal("refunding", await shop.StateAsync(order));
        Assert.Contains("sent", await ProblemAsync(shop, order), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refund_of_a_payment_that_stripe_has_forgotten_ends_as_one_that_failed_and_says_why(bool isAskedFirst)
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var (order, session) = await PaidAsync(shop);
        if (isAskedFirst)
        {
            fixture.Stripe.ForgetOnceRefunded(session);
        }
        else
        {
            fixture.Stripe.Forget(session);
        }

        await shop.Organiser.PostJsonAsync($"/api/v1/orders/{order.GetProperty("id").GetGuid()}/refund", null, HttpStatusCode.OK);
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<string>("select state from platform.payments where id = @session", new { session }) == "refund_failed", "the refund has failed");
        Assert.Equal("refunding", await shop.StateAsync(order));
        Assert.Contains(isAskedFirst ? "no longer has this payment" : "knows of no charge", await ProblemAsync(shop, order), StringComparison.Ordinal);
        Assert.Equal(0, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'payment.refunded' and aggregateid = @Id", new { Id = order.GetProperty("id").GetString() }));

        // Nobody goes on asking.
        var asked = fixture.Stripe.Requests.Count(r => r.What.EndsWith(session, StringComparison.Ordinal));
        await Task.Delay(1_500);
        Assert.Equal(asked, fixture.Stripe.Requests.Count(r => r.What.EndsWith(session, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_till_that_stripe_has_forgotten_is_closed_when_its_order_ends()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var order = await shop.BuyAsync();
        var session = StripeFixture.SessionOf(order);
        fixture.Stripe.Forget(session);
        await shop.ExpireAsync(order);
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<string>("select state from platform.payments where id = @session", new { session }) == "failed", "the payment has ended");
        Assert.Equal("expired", await shop.StateAsync(order));
    }

    [Fact]
    public async Task An_order_is_refunded_once_all_of_its_money_is_back()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var (order, session) = await PaidAsync(shop);

        // It was paid twice, and the second payment cannot be given back.
        await shop.ScalarAsync<int>(
            """
            insert into platform.payments (id, provider, order_id, account, amount_minor, currency, state, refund_reason)
            select 'cs_test_besides', provider, order_id, account, amount_minor, currency, 'refund_failed', 'twice' from platform.payments where id = @session;
            select 1
            """,
            new { session });
        await shop.Organiser.PostJsonAsync($"/api/v1/orders/{order.GetProperty("id").GetGuid()}/refund", null, HttpStatusCode.OK);
        await Eventually.TrueAsync(
            () => shop.ScalarAsync<bool>("select (select state from platform.payments where id = @session) = 'refunded' and (select state from platform.payments where id = 'cs_test_besides') = 'refund_failed'", new { session }),
            "one is given back, and one is not");
        Assert.Equal("refunding", await shop.StateAsync(order));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refund_that_the_bank_sent_back_is_made_anew_when_it_is_asked_for_again(bool isCancelled)
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var (order, session) = await PaidAsync(shop);
        var (ofEvent, ofOrder) = ($"/api/v1/events/{shop.EventId}/cancellation", $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/refund");
        using (var asked = await shop.Organiser.PostAsync(isCancelled ? ofEvent : ofOrder, isCancelled ? Http.Json(new { }) : null))
        {
            Assert.True(asked.IsSuccessStatusCode);
        }

        await Eventually.TrueAsync(async () => await shop.StateAsync(order) == "refunded", "the order is refunded");
        var intent = (string)fixture.Stripe.All("checkout.session").Single(s => (string?)s["id"] == session)["payment_intent"]!;
        fixture.Stripe.FailRefund(intent);
        await fixture.DeliverAsync(intent);
        Assert.Equal("refund_failed", await StateAsync());

        await shop.Organiser.PostJsonAsync(isCancelled ? $"{ofEvent}/refunds" : ofOrder, null, HttpStatusCode.OK);
        await Eventually.TrueAsync(async () => await StateAsync() == "refunded", "the money is given back again");
        Assert.Equal(2, fixture.Stripe.All("refund").Count(r => (string?)r["payment_intent"] == intent));
        Assert.True((bool)fixture.Stripe.All("charge").Single(c => (string?)c["payment_intent"] == intent)["refunded"]!);

        Task<string> StateAsync() => shop.ScalarAsync<string>("select state from platform.payments where id = @session", new { session });
    }

    [Theory]
    [InlineData(403, null)]
    [InlineData(409, "idempotency_key_in_use")]
    [InlineData(500, null)]
    public async Task A_payment_that_stripe_has_trouble_with_holds_no_other_up(int status, string? code)
    {
        var shop = await fixture.ShopAsync(capacity: 2);
        var (troubled, session) = await PaidAsync(shop);
        fixture.Stripe.FailAbout(session, status, code);
        await shop.Organiser.PostJsonAsync($"/api/v1/orders/{troubled.GetProperty("id").GetGuid()}/refund", null, HttpStatusCode.OK);
        await Eventually.TrueAsync(() => Task.FromResult(fixture.Stripe.Requests.Count(r => r.What == $"GET /v1/checkout/sessions/{session}") > 1), "its refund is tried");

        // Meanwhile another one is paid, and the notice of it is lost.
        var order = await shop.BuyAsync();
        Assert.True(fixture.Stripe.Pay(StripeFixture.SessionOf(order)));
        await shop.ScalarAsync<int>("update platform.payments set checked_at = now() - interval '61 seconds' where id = @Id; select 1", new { Id = StripeFixture.SessionOf(order) });
        await Eventually.TrueAsync(async () => await shop.StateAsync(order) == "confirmed", "the other order is confirmed");
        Assert.Equal("refunding", await shop.StateAsync(troubled));

        fixture.Stripe.FailAbout(session, null);
        await shop.ScalarAsync<int>("update platform.payments set ask_after = now() where id = @session; select 1", new { session });
        await Eventually.TrueAsync(async () => await shop.StateAsync(troubled) == "refunded", "the refund is made once the trouble is over");
    }

    [Fact]
    public async Task The_till_is_closed_when_the_hold_ends()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var order = await shop.BuyAsync();
        var session = StripeFixture.SessionOf(order);
        await shop.ExpireAsync(order);
        await Eventually.TrueAsync(() => Task.FromResult((string?)fixture.Stripe.All("checkout.session").Single(s => (string?)s["id"] == session)["status"] == "expired"), "the session is closed");
        Assert.False(fixture.Stripe.Pay(session));
        await fixture.DeliverAsync(session);
        Assert.Equal("expired", await shop.StateAsync(order));
    }

    [Fact]
    public async Task Late_money_keeps_the_seat_while_it_is_free_and_else_goes_back_with_a_mail()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var late = await shop.BuyAsync(shop.Order("late@people.example"));
        var session = StripeFixture.SessionOf(late);

        // Paid at the last moment; the hold ends before anybody has heard of it, and somebody else buys the seat.
        Assert.True(fixture.Stripe.Pay(session));
        await shop.LeaveAloneAsync(late);
        await shop.ExpireAsync(late);
        var (_, other) = await PaidAsync(shop, "quick@people.example");
        await fixture.DeliverAsync(session);
        await fixture.DeliverAsync(other);
        Assert.Equal("expired", await shop.StateAsync(late));
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<string>("select state from platform.payments where id = @session", new { session }) == "refunded", "the late money is given back");
        await Eventually.TrueAsync(() => Task.FromResult(Mailbox.Texts(fixture.Options.MailDirectory, "late@people.example").Any(m => m.Contains("gone to somebody else", StringComparison.Ordinal))), "the late buyer is told");

        var free = await fixture.ShopAsync(capacity: 1);
        var slow = await free.BuyAsync();
        Assert.True(fixture.Stripe.Pay(StripeFixture.SessionOf(slow)));
        await free.ExpireAsync(slow);
        await Eventually.TrueAsync(async () => await free.StateAsync(slow) == "confirmed", "the slow order is confirmed by asking, before or after it has expired");
    }

    [Fact]
    public async Task Nothing_is_sold_before_the_account_is_connected_and_may_be_paid()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var type = new { name = "Paid", quotaId = shop.QuotaId, priceMinor = 2_500, currency = "CHF" };
        await shop.Organiser.PostAsJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types", type).ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_account_missing");
        var path = $"/api/v1/organisations/{shop.OrganiserId}/payment-account";
        Assert.Equal("missing", (await shop.Organiser.GetJsonAsync(path)).GetProperty("state").GetString());
        var begun = await shop.Organiser.PostJsonAsync(path, new { country = "CH" }, HttpStatusCode.OK);
        Assert.StartsWith(fixture.Stripe.Url.ToString(), begun.GetProperty("onboardingUrl").GetString());
        var account = begun.GetProperty("account").GetString()!;
        await shop.Organiser.PostAsJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types", type).ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_account_incomplete");

        // A draft with a price goes live only when charges are enabled.
        var draft = await shop.Organiser.PostJsonAsync($"/api/v1/organisations/{shop.OrganiserId}/events", new { name = "Draft", timeZone = "UTC", startsAt = "2030-05-01T08:00:00Z", endsAt = "2030-05-02T08:00:00Z", state = "draft" }, HttpStatusCode.Created);
        var draftId = draft.GetProperty("id").GetGuid();
        var quota = await shop.Organiser.PostJsonAsync($"/api/v1/events/{draftId}/quotas", new { name = "Seats", capacity = 1 }, HttpStatusCode.Created);
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{draftId}/ticket-types", type with { quotaId = quota.GetProperty("id").GetGuid() }, HttpStatusCode.Created);
        await shop.Organiser.PostAsJsonAsync($"/api/v1/events/{draftId}/state", new { state = "live" }).ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_account_incomplete");

        // Again: the same account, a new link.
        var again = await shop.Organiser.PostJsonAsync(path, null, HttpStatusCode.OK);
        Assert.Equal(account, again.GetProperty("account").GetString());
        Assert.NotEqual(begun.GetProperty("onboardingUrl").GetString(), again.GetProperty("onboardingUrl").GetString());

        fixture.Stripe.SetEnabled(account, true);
        await fixture.DeliverAsync(account);
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{draftId}/state", new { state = "live" }, HttpStatusCode.OK);
        using (var done = await shop.Organiser.PostAsync(path, null))
        {
            Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        }

        // Taken back by Stripe: notices in the wrong order end in what is true now.
        var paid = shop with { TypeId = await shop.AddTypeAsync(2_500) };
        fixture.Stripe.SetEnabled(account, false);
        foreach (var webhook in fixture.Stripe.WebhooksAbout(account).Reverse())
        {
            using var response = await fixture.SendAsync(webhook);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }

        await paid.SendAsync(paid.Order()).ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_account_incomplete");
    }

    [Fact]
    public async Task A_busy_stripe_is_asked_again_and_one_that_is_away_costs_no_order()
    {
        var shop = await fixture.ShopAsync(capacity: 2);
        fixture.Stripe.Fail(2, 429);
        var order = await shop.BuyAsync(shop.Order("busy@people.example"));
        Assert.NotNull(order.GetProperty("checkoutUrl").GetString());

        var key = Guid.NewGuid().ToString();
        fixture.Stripe.Fail(4, 503);
        await shop.SendAsync(shop.Order("away@people.example"), key).ShouldRefuseAsync(HttpStatusCode.ServiceUnavailable, "payment_provider_unavailable");
        fixture.Stripe.Fail(0, 200);
        var retried = await shop.BuyAsync(shop.Order("away@people.example"), key);
        Assert.NotNull(retried.GetProperty("checkoutUrl").GetString());
        Assert.Equal(0, await shop.AvailableAsync());

        // The answer to a start is lost, and the start repeated: one session.
        var lost = await fixture.ShopAsync(capacity: 1);
        fixture.Stripe.LoseAnswers(1);
        var found = await lost.BuyAsync();
        Assert.Single(fixture.Stripe.All("checkout.session"), s => (string?)s["client_reference_id"] == found.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_price_that_stripe_does_not_take_is_refused_in_words()
    {
        var shop = await fixture.ShopAsync(capacity: 1, priceMinor: 10);
        var problem = await shop.SendAsync(shop.Order()).ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_refused");
        Assert.Contains("amount_too_small", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Forged_old_foreign_and_unknown_notices_change_nothing()
    {
        var shop = await fixture.ShopAsync(capacity: 1);
        var order = await shop.BuyAsync();
        var session = StripeFixture.SessionOf(order);
        Assert.True(fixture.Stripe.Pay(session));
        var webhook = fixture.Stripe.WebhooksAbout(session)[0];
        foreach (var signature in new[] { "", "t=1,v1=00", StripeServer.Sign(webhook, DateTimeOffset.UtcNow, "whsec_wrong000000000000000"), StripeServer.Sign(webhook, DateTimeOffset.UtcNow.AddMinutes(-6)), StripeServer.Sign(webhook + " ", DateTimeOffset.UtcNow) })
        {
            await fixture.SendAsync(webhook, signature).ShouldRefuseAsync(HttpStatusCode.BadRequest, "signature_invalid");
        }

        // Rightly signed, but of the other mode; and about things that are none of ours.
        await fixture.SendAsync(webhook.Replace("\"livemode\":false,\"pending", "\"livemode\":true,\"pending", StringComparison.Ordinal)).ShouldRefuseAsync(HttpStatusCode.BadRequest, "signature_invalid");
        foreach (var foreign in new[] { webhook.Replace(session, "cs_test_unknown", StringComparison.Ordinal), webhook.Replace("checkout.session.completed", "invoice.paid", StringComparison.Ordinal) })
        {
            using var response = await fixture.SendAsync(foreign);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }

        Assert.Equal("pending", await shop.StateAsync(order));

        // A secret that is being replaced: the header carries both signatures.
        using var both = await fixture.SendAsync(webhook, $"{StripeServer.Sign(webhook, DateTimeOffset.UtcNow, "whsec_retired0000000000000").Split(",v0")[0]},{StripeServer.Sign(webhook, DateTimeOffset.UtcNow).Split(',')[1]}");
        Assert.Equal(HttpStatusCode.NoContent, both.StatusCode);
        Assert.Equal("confirmed", await shop.StateAsync(order));
    }

    [Fact]
    public async Task Of_five_hundred_paying_buyers_at_once_ten_get_to_the_till()
    {
        var shop = await fixture.ShopAsync(capacity: 10);
        var client = fixture.Client();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using var response = await shop.SendAsync(shop.Order($"buyer{i}@people.example"), client: client);
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            return response.StatusCode == HttpStatusCode.Created ? StripeFixture.SessionOf(body) : body.GetProperty("code").GetString()!;
        }));
        var sessions = answers.Where(a => a.StartsWith("cs_", StringComparison.Ordinal)).ToList();
        Assert.Equal((10, 490), (sessions.Distinct().Count(), answers.Count(a => a == "sold_out")));
        Assert.All(sessions, s => Assert.True(fixture.Stripe.Pay(s)));
        await Parallel.ForEachAsync(sessions.Concat(sessions), async (s, _) => await fixture.DeliverAsync(s));
        Assert.Equal((10, 0), ((await shop.QuotaAsync()).GetProperty("taken").GetInt32(), await shop.AvailableAsync()));
    }

    private static async Task<string?> ProblemAsync(Shop shop, JsonElement order) =>
        (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/orders")).GetProperty("items").EnumerateArray().Single(o => o.GetProperty("id").GetGuid() == order.GetProperty("id").GetGuid()).GetProperty("refundProblem").GetString();

    private async Task<(JsonElement Order, string Session)> PaidAsync(Shop shop, string? email = null)
    {
        var order = await shop.BuyAsync(shop.Order(email ?? $"{Guid.NewGuid():N}@people.example"));
        var session = StripeFixture.SessionOf(order);
        Assert.True(fixture.Stripe.Pay(session));
        await fixture.DeliverAsync(session);
        Assert.Equal("confirmed", await shop.StateAsync(order));
        return (order, session);
    }
}
