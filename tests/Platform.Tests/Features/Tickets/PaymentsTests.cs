using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Dapper;
using Events.Platform.Features.Payments;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Tickets;

[Collection(nameof(PlatformCollection))]
public sealed class PaymentsTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Paying_twice_and_hearing_of_it_often_is_one_order_and_one_charge()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5, priceMinor: 2_500);
        var order = await shop.BuyAsync();
        var url = order.GetProperty("checkoutUrl").GetString()!;
        var notices = Enumerable.Range(0, 4).Select(_ => NotifyAsync(Notice(order)));
        var clicks = Enumerable.Range(0, 4).Select(_ => fixture.Client().PostAsync(url, null));
        foreach (var response in await Task.WhenAll(notices.Concat(clicks)))
        {
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            response.Dispose();
        }

        Assert.Equal("confirmed", await shop.StateAsync(order));
        var quota = await shop.QuotaAsync();
        Assert.Equal((1, 0, 4), (quota.GetProperty("taken").GetInt32(), quota.GetProperty("held").GetInt32(), quota.GetProperty("available").GetInt32()));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.payments where order_id = @Id and state = 'paid'", new { Id = order.GetProperty("id").GetGuid() }));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'order.confirmed' and aggregateid = @Id", new { Id = order.GetProperty("id").GetString() }));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.test_charges where payment_id = @Id and charged_at is not null", new { Id = PaymentId(order) }));
    }

    [Fact]
    public async Task A_webhook_that_overtakes_the_redirect_confirms_the_order()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();

        // As if the webhook had come before the answer to the call that started the payment was stored.
        await shop.ScalarAsync<int>("delete from platform.payments where order_id = @Id; select 1", new { Id = order.GetProperty("id").GetGuid() });
        await ChargeAsync(order);
        using var response = await NotifyAsync(Notice(order));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("confirmed", await shop.StateAsync(order));
    }

    [Fact]
    public async Task A_notice_of_a_payment_that_nobody_made_confirms_nothing()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        using var response = await NotifyAsync(Notice(order));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("pending", await shop.StateAsync(order));
    }

    [Fact]
    public async Task Money_that_comes_after_the_seat_went_to_somebody_else_goes_back()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var late = await shop.BuyAsync();
        await ChargeAsync(late);
        await shop.LeaveAloneAsync(late);
        await shop.ExpireAsync(late);
        var next = await shop.BuyAsync(shop.Order("next@people.example"));
        using var paid = await fixture.Client().PostAsync(next.GetProperty("checkoutUrl").GetString(), null);
        using var tooLate = await NotifyAsync(Notice(late));
        Assert.Equal(("confirmed", "expired"), (await shop.StateAsync(next), await shop.StateAsync(late)));
        await OrdersTests.EventuallyAsync(() => shop.ScalarAsync<bool>("select exists (select 1 from platform.test_charges where payment_id = @Id and refunded_at is not null)", new { Id = PaymentId(late) }));
    }

    [Fact]
    public async Task Money_that_comes_late_keeps_the_seat_while_it_is_free()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        await ChargeAsync(order);
        await shop.ExpireAsync(order);

        // The order expires; closing its till finds the money there.
        await OrdersTests.EventuallyAsync(async () => await shop.StateAsync(order) == "confirmed");
        Assert.Equal(0, await shop.AvailableAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Money_that_comes_late_has_its_voucher_only_when_nobody_else_used_it_up(bool isUsedUp)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5, priceMinor: 100);
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/vouchers", new { code = "HALF", percentOff = 50, maxUses = 1 }, HttpStatusCode.Created);
        var late = await shop.BuyAsync(shop.Order("late@people.example", voucher: "HALF"));
        await ChargeAsync(late);
        await shop.LeaveAloneAsync(late);
        await shop.ExpireAsync(late);
        if (isUsedUp)
        {
            var next = await shop.BuyAsync(shop.Order("next@people.example", voucher: "HALF"));
            using var paid = await fixture.Client().PostAsync(next.GetProperty("checkoutUrl").GetString(), null);
            Assert.Equal("confirmed", await shop.StateAsync(next));
        }

        using var tooLate = await NotifyAsync(Notice(late));
        Assert.Equal(isUsedUp ? "expired" : "confirmed", await shop.StateAsync(late));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.orders where event_id = @EventId and state = 'confirmed'", new { shop.EventId }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Money_that_comes_late_uses_its_invitation_up_or_goes_back_when_that_is_used(bool isUsed)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5, priceMinor: 100, visibility: "invited");
        var invitation = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}/invitations", new { email = "ida@people.example" }, HttpStatusCode.Created)).GetProperty("key").GetString();
        var late = await shop.BuyAsync(shop.Order("late@people.example", invitation: invitation));
        await ChargeAsync(late);
        await shop.LeaveAloneAsync(late);
        await shop.ExpireAsync(late);
        await OrdersTests.EventuallyAsync(async () => await shop.StateAsync(late) == "expired");
        if (isUsed)
        {
            var next = await shop.BuyAsync(shop.Order("next@people.example", invitation: invitation));
            using var paid = await fixture.Client().PostAsync(next.GetProperty("checkoutUrl").GetString(), null);
            Assert.Equal("confirmed", await shop.StateAsync(next));
        }

        using var tooLate = await NotifyAsync(Notice(late));
        Assert.Equal(isUsed ? "expired" : "confirmed", await shop.StateAsync(late));
        await shop.SendAsync(shop.Order("third@people.example", invitation: invitation)).ShouldRefuseAsync(HttpStatusCode.Conflict, "invitation_used");
        Assert.Equal(1, (await shop.QuotaAsync()).GetProperty("taken").GetInt32());
    }

    [Fact]
    public async Task Money_that_comes_after_the_event_was_cancelled_goes_back()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        await ChargeAsync(order);
        await shop.LeaveAloneAsync(order);
        await shop.ExpireAsync(order);
        await OrdersTests.EventuallyAsync(async () => await shop.StateAsync(order) == "expired");
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/cancellation", new { }, HttpStatusCode.Accepted);
        using var tooLate = await NotifyAsync(Notice(order));
        Assert.Equal(("expired", 0), (await shop.StateAsync(order), (await shop.QuotaAsync()).GetProperty("taken").GetInt32()));
        Assert.Equal("cancelled", await shop.ScalarAsync<string>("select refund_reason from platform.payments where order_id = @Id", new { Id = order.GetProperty("id").GetGuid() }));
        await OrdersTests.EventuallyAsync(() => shop.ScalarAsync<bool>("select exists (select 1 from platform.test_charges where payment_id = @Id and refunded_at is not null)", new { Id = PaymentId(order) }));
    }

    [Fact]
    public async Task A_hold_that_runs_out_while_its_money_waits_for_the_stock_is_no_hold()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        await ChargeAsync(order);
        await shop.LeaveAloneAsync(order);
        Task<HttpResponseMessage> notice;
        await using (var connection = await fixture.Database.OpenAsync(CancellationToken.None))
        await using (var other = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("select 1 from platform.ticket_quotas where id = @QuotaId for no key update", new { shop.QuotaId }, other);
            notice = NotifyAsync(Notice(order));
            await OrdersTests.EventuallyAsync(() => shop.ScalarAsync<bool>("select exists (select 1 from pg_stat_activity where pg_backend_pid() <> pid and wait_event_type = 'Lock' and query like '%platform.ticket_quotas%')"));

            // Meanwhile the hold runs out, and somebody else takes the seat.
            await connection.ExecuteAsync(
                """
                update platform.tickets set held_until = now() - interval '1 second' where order_id = @Id;
                update platform.ticket_quotas set taken = taken + 1 where id = @QuotaId;
                """,
                new { Id = order.GetProperty("id").GetGuid(), shop.QuotaId },
                other);
            await other.CommitAsync();
        }

        using var response = await notice;
        Assert.Equal(("expired", 1), (await shop.StateAsync(order), (await shop.QuotaAsync()).GetProperty("taken").GetInt32()));
    }

    [Fact]
    public async Task A_paid_order_is_refunded_by_the_organiser_only()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        using var paid = await fixture.Client().PostAsync(order.GetProperty("checkoutUrl").GetString(), null);
        var path = $"/api/v1/orders/{order.GetProperty("id").GetGuid()}";
        await shop.WithKeyAsync(HttpMethod.Post, $"{path}/cancel", order).ShouldRefuseAsync(HttpStatusCode.Conflict, "refund_needs_organiser");
        await shop.Organiser.PostJsonAsync($"{path}/refund", null, HttpStatusCode.OK);
        Assert.Equal(1, await shop.AvailableAsync());
        await OrdersTests.EventuallyAsync(async () => await shop.StateAsync(order) == "refunded");
    }

    [Fact]
    public async Task Forged_old_and_foreign_notices_change_nothing()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        var body = Notice(order);
        var provider = fixture.Services.GetRequiredService<TestPaymentProvider>();
        await PostAsync(body, null).ShouldRefuseAsync(HttpStatusCode.BadRequest, "signature_invalid");
        await PostAsync(body, "t=1,v1=00").ShouldRefuseAsync(HttpStatusCode.BadRequest, "signature_invalid");
        await PostAsync(body, provider.Sign("other"u8, DateTimeOffset.UtcNow)).ShouldRefuseAsync(HttpStatusCode.BadRequest, "signature_invalid");
        await PostAsync(body, provider.Sign(body, DateTimeOffset.UtcNow.AddMinutes(-6))).ShouldRefuseAsync(HttpStatusCode.BadRequest, "signature_invalid");
        Assert.Equal("pending", await shop.StateAsync(order));

        // Charged, but not the price: the money goes back and nothing is sold.
        await ChargeAsync(order);
        await shop.ScalarAsync<int>("update platform.test_charges set amount_minor = 99 where payment_id = @Id; select 1", new { Id = PaymentId(order) });
        using var wrong = await NotifyAsync(Notice(order));
        Assert.Equal("pending", await shop.StateAsync(order));
        await OrdersTests.EventuallyAsync(() => shop.ScalarAsync<bool>("select exists (select 1 from platform.test_charges where payment_id = @Id and refunded_at is not null)", new { Id = PaymentId(order) }));
    }

    [Fact]
    public async Task An_order_whose_payment_was_begun_at_a_provider_that_is_used_no_more_is_paid_at_the_present_one()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var (key, request) = (Guid.NewGuid().ToString(), shop.Order());
        var id = (await shop.BuyAsync(request, key)).GetProperty("id").GetGuid();
        await shop.ScalarAsync<int>("update platform.payments set provider = 'formerly', id = 'former' where order_id = @id; select 1", new { id });
        for (var times = 0; times < 2; times++)
        {
            Assert.NotNull((await shop.BuyAsync(request, key)).GetProperty("checkoutUrl").GetString());
        }

        var order = await shop.BuyAsync(request, key);
        using (await fixture.Client().PostAsync(order.GetProperty("checkoutUrl").GetString(), null))
        {
            Assert.Equal("confirmed", await shop.StateAsync(order));
        }

        Assert.Equal("formerly failed, test paid", await shop.ScalarAsync<string>("select string_agg(provider || ' ' || state, ', ' order by provider) from platform.payments where order_id = @id", new { id }));
    }

    [Fact]
    public async Task A_refund_of_a_provider_that_is_used_no_more_is_told_as_one_that_failed_and_not_before_an_hour()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var order = await shop.BuyAsync();
        var id = order.GetProperty("id").GetGuid();
        using (await fixture.Client().PostAsync(order.GetProperty("checkoutUrl").GetString(), null))
        {
            Assert.Equal("confirmed", await shop.StateAsync(order));
        }

        await shop.ScalarAsync<int>("update platform.payments set provider = 'formerly' where order_id = @id; select 1", new { id });
        for (var times = 0; times < 2; times++)
        {
            await shop.Organiser.PostJsonAsync($"/api/v1/orders/{id}/refund", null, HttpStatusCode.OK);
            Assert.Equal("refund_due", await shop.ScalarAsync<string>("update platform.payments set changed_at = now() - interval '59 minutes' where order_id = @id returning state", new { id }));
            Assert.Null(await ProblemAsync());
            await shop.ScalarAsync<int>("update platform.payments set changed_at = now() - interval '61 minutes' where order_id = @id; select 1", new { id });
            await OrdersTests.EventuallyAsync(async () => await ProblemAsync() is not null);
            Assert.Equal(("refunding", "It was paid by the payment provider “formerly”, which this installation does not use any more: give the money back there."), (await shop.StateAsync(order), await ProblemAsync()));
        }

        async Task<string?> ProblemAsync() => (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/orders")).GetProperty("items")[0].GetProperty("refundProblem").GetString();
    }

    [Fact]
    public async Task A_refund_that_failed_is_settled_by_hand_by_who_may_refund_and_its_buyer_is_told()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1, priceMinor: 100);
        var email = $"by-hand-{Guid.NewGuid():N}@people.example";
        var order = await shop.BuyAsync(shop.Order(email));
        var (id, path) = (order.GetProperty("id").GetGuid(), $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/refund");
        using (await fixture.Client().PostAsync(order.GetProperty("checkoutUrl").GetString(), null))
        {
            Assert.Equal("confirmed", await shop.StateAsync(order));
        }

        await RefusedAsync("refund_not_failed");
        Assert.Equal("confirmed", await shop.StateAsync(order));
        await shop.ScalarAsync<int>("update platform.payments set provider = 'formerly' where order_id = @id; select 1", new { id });
        await shop.Organiser.PostJsonAsync(path, null, HttpStatusCode.OK);
        await RefusedAsync("refund_not_failed");
        await shop.ScalarAsync<int>("update platform.payments set state = 'refund_failed', refund_error = 'It is used no more.' where order_id = @id; select 1", new { id });
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.PostAsync(path, Http.Json(new { byHand = true })).ShouldRefuseAsync(HttpStatusCode.NotFound, "order_not_found");
        using (var buyer = await shop.WithKeyAsync(HttpMethod.Post, path, order, new { byHand = true }))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, buyer.StatusCode);
        }

        var settled = await shop.Organiser.PostJsonAsync(path, new { byHand = true }, HttpStatusCode.OK);
        Assert.Equal("refunded", settled.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/orders")).GetProperty("items")[0].GetProperty("refundProblem").ValueKind);
        await fixture.MailsAsync(email, "has been refunded in full", 1);
        await RefusedAsync("refund_not_failed");
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.audit_log where subject_id = @id and action = 'order.refunded_by_hand'", new { id }));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where aggregateid = @Id and type = 'payment.refunded'", new { Id = id.ToString() }));

        Task<JsonElement> RefusedAsync(string code) => shop.Organiser.PostAsync(path, Http.Json(new { byHand = true })).ShouldRefuseAsync(HttpStatusCode.Conflict, code);
    }

    [Fact]
    public async Task Nothing_is_sold_for_money_before_the_account_is_connected()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(shop.Organiser, $"/api/v1/events/{shop.EventId}/ticket-types", new { name = "Paid", quotaId = shop.QuotaId, priceMinor = 100, currency = "CHF" })
            .ShouldRefuseAsync(HttpStatusCode.Conflict, "payment_account_missing");
    }

    private static string PaymentId(JsonElement order) => $"test_{order.GetProperty("id").GetGuid():N}";

    private static byte[] Notice(JsonElement order) => JsonSerializer.SerializeToUtf8Bytes(
        new PaymentNotice($"evt_{Guid.NewGuid():N}", "payment.changed", NoticeSubject.Payment, PaymentId(order)), JsonSerializerOptions.Web);

    /// <summary>The buyer pays; nobody hears of it yet.</summary>
    private Task ChargeAsync(JsonElement order) => fixture.Services.GetRequiredService<TestPaymentProvider>().PayAsync(PaymentId(order), CancellationToken.None);

    private Task<HttpResponseMessage> NotifyAsync(byte[] body) => PostAsync(body, fixture.Services.GetRequiredService<TestPaymentProvider>().Sign(body, DateTimeOffset.UtcNow));

    private Task<HttpResponseMessage> PostAsync(byte[] body, string? signature)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/payments/webhooks/test") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (signature is not null)
        {
            request.Headers.Add("Events-Signature", signature);
        }

        return fixture.Client().SendAsync(request);
    }
}
