using System.Net;
using System.Text;
using Events.Platform.Features.Payments;
using Events.Platform.Features.Payments.Stripe;
using FsCheck;
using FsCheck.Fluent;
using Stripe;

namespace Events.Tests.Platform.Features.Payments;

public sealed class PaymentRulesTests
{
    private static readonly byte[] Secret = "whsec_some"u8.ToArray();
    private static readonly byte[] Body = "{\"a\":1}"u8.ToArray();
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Theory]
    [InlineData(-300, true)]
    [InlineData(300, true)]
    [InlineData(-301, false)]
    [InlineData(301, false)]
    public void A_signature_holds_for_five_minutes_either_way(int seconds, bool isValid) =>
        Assert.Equal(isValid, NoticeSignature.IsValid(Body, NoticeSignature.Sign(Body, Secret, Now.AddSeconds(seconds)), [Secret], Now));

    [Fact]
    public void Stripes_own_library_and_we_sign_alike()
    {
        var theirs = EventUtility.GenerateSignatureHeader(Encoding.UTF8.GetString(Body), Encoding.UTF8.GetString(Secret), Now.ToUnixTimeSeconds());
        Assert.True(NoticeSignature.IsValid(Body, theirs, [Secret], Now));
        EventUtility.ValidateSignature(Encoding.UTF8.GetString(Body), NoticeSignature.Sign(Body, Secret, Now), Encoding.UTF8.GetString(Secret), 300, Now.ToUnixTimeSeconds());
    }

    [Fact]
    public void One_of_several_signatures_is_enough_and_none_or_another_scheme_is_not()
    {
        var good = NoticeSignature.Sign(Body, Secret, Now);
        var (time, v1) = (good.Split(',')[0], good.Split(',')[1]);
        Assert.True(NoticeSignature.IsValid(Body, $"{time},v1={new string('0', 64)},{v1}", [Secret], Now));
        Assert.True(NoticeSignature.IsValid(Body, good, ["whsec_old"u8.ToArray(), Secret], Now));
        Assert.False(NoticeSignature.IsValid(Body, good, [], Now));
        Assert.False(NoticeSignature.IsValid(Body, $"{time},{v1.Replace("v1", "v0", StringComparison.Ordinal)}", [Secret], Now));
        Assert.False(NoticeSignature.IsValid(Body, v1, [Secret], Now));
        Assert.False(NoticeSignature.IsValid(Body, time, [Secret], Now));
        Assert.False(NoticeSignature.IsValid(Body, $"t=-{time[2..]},{v1}", [Secret], Now));
        Assert.False(NoticeSignature.IsValid(Body, string.Join(',', Enumerable.Repeat(v1, 20).Prepend(time)), [Secret], Now));
    }

    [Fact]
    public void No_header_and_no_body_makes_the_readers_throw()
    {
        Check.QuickThrowOnFailure(Prop.ForAll<string>(header => !NoticeSignature.IsValid(Body, header, [Secret], Now)));
        Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(body => !StripeNotices.TryRead(body, isLive: false, out _)));

        // Near misses: a real event with one byte changed.
        var real = """{"id":"evt_1","object":"event","type":"checkout.session.completed","livemode":false,"data":{"object":{"id":"cs_1"}}}"""u8.ToArray();
        Assert.True(StripeNotices.TryRead(real, isLive: false, out var notice));
        Assert.Equal(new PaymentNotice("evt_1", "checkout.session.completed", NoticeSubject.Payment, "cs_1"), notice);
        Assert.False(StripeNotices.TryRead(real, isLive: true, out _));
        Check.QuickThrowOnFailure(Prop.ForAll<int, byte>((at, value) =>
        {
            var changed = (byte[])real.Clone();
            changed[(int)((uint)at % (uint)changed.Length)] = value;
            StripeNotices.TryRead(changed, isLive: false, out _);
            return true;
        }));
        Assert.False(StripeNotices.TryRead(Encoding.ASCII.GetBytes(new string('[', 60_000)), isLive: false, out _));
    }

    [Theory]
    [InlineData("checkout.session.expired", """{"id":"cs_1"}""", NoticeSubject.Payment, "cs_1")]
    [InlineData("charge.refunded", """{"id":"ch_1","payment_intent":"pi_1"}""", NoticeSubject.Reference, "pi_1")]
    [InlineData("charge.refunded", """{"id":"ch_1","payment_intent":null}""", NoticeSubject.Other, "")]
    [InlineData("account.updated", """{"id":"acct_1"}""", NoticeSubject.Account, "acct_1")]
    [InlineData("invoice.paid", """{"id":"in_1"}""", NoticeSubject.Other, "")]
    public void A_notice_names_what_it_is_about(string type, string subject, NoticeSubject expected, string id)
    {
        var body = Encoding.UTF8.GetBytes($$$"""{"id":"evt_1","object":"event","type":"{{{type}}}","livemode":false,"data":{"object":{{{subject}}} }}""");
        Assert.True(StripeNotices.TryRead(body, isLive: false, out var notice));
        Assert.Equal((expected, id), (notice!.Subject, notice.SubjectId));
    }

    [Theory]
    [InlineData(2_500, "CHF", "25.00 CHF")]
    [InlineData(1_234_567, "EUR", "12,345.67 EUR")]
    [InlineData(2_500, "JPY", "2,500 JPY")]
    [InlineData(2_500, "KWD", "2.500 KWD")]
    public void An_amount_is_written_with_its_currencys_decimals(long minor, string currency, string words) => Assert.Equal(words, Money.InWords(minor, currency));

    [Theory]
    [InlineData(500, "CHF", 500)]
    [InlineData(500, "JPY", 500)]
    [InlineData(500, "ISK", 50_000)]
    [InlineData(500, "KWD", 500)]
    [InlineData(505, "KWD", null)]
    [InlineData(500, "MGA", null)]
    public void An_amount_is_written_as_stripe_writes_it_and_read_back(long minor, string currency, int? expected)
    {
        Assert.Equal(expected is not null, StripeAmounts.TryToStripe(minor, currency, out var amount));
        if (expected is not null)
        {
            Assert.Equal((expected.Value, minor), (amount, StripeAmounts.FromStripe(amount, currency)));
        }
    }

    [Theory]
    [InlineData("sk_test_0123456789", "whsec_0123456789", null, "Development", null)]
    [InlineData("rk_live_0123456789", "whsec_0123456789,whsec_9876543210", null, "Production", null)]
    [InlineData("sk_live_0123456789", "whsec_0123456789", null, "Development", "real money")]
    [InlineData("pk_test_0123456789", "whsec_0123456789", null, "Development", "EVENTS_STRIPE_SECRET_KEY")]
    [InlineData("sk_test_0123456789", null, null, "Development", "EVENTS_STRIPE_WEBHOOK_SECRETS")]
    [InlineData("sk_test_0123456789", "whsec_0123456789", "http://stripe.example", "Development", "EVENTS_STRIPE_API")]
    [InlineData("sk_test_0123456789", "whsec_0123456789", "http://127.0.0.1:12111", "Development", null)]
    [InlineData(null, "whsec_0123456789", null, "Development", "EVENTS_STRIPE_SECRET_KEY")]
    public void Settings_are_checked_at_the_start_and_no_message_shows_a_secret(string? key, string? secrets, string? api, string environment, string? mistake)
    {
        var (settings, errors) = StripeSettings.Read(key, secrets, api, environment);
        Assert.Equal(mistake is null, settings is not null);
        Assert.Equal(mistake is null ? 0 : 1, errors.Count);
        Assert.All(errors, e => Assert.Contains(mistake!, e));
        Assert.DoesNotContain("0123456789", string.Join(' ', errors) + settings);
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests, 4)]
    [InlineData(HttpStatusCode.Conflict, 4)]
    [InlineData(HttpStatusCode.BadGateway, 4)]
    [InlineData(HttpStatusCode.BadRequest, 1)]
    [InlineData(HttpStatusCode.PaymentRequired, 1)]
    public async Task What_may_go_better_is_asked_again_three_times_with_the_same_words(HttpStatusCode status, int attempts)
    {
        var wire = new Wire(status);
        using var client = new HttpClient(new StripeRetries(wire, TimeProvider.System, TimeSpan.FromMilliseconds(1)));
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://stripe.example/v1/refunds") { Content = new FormUrlEncodedContent([new("charge", "ch_1")]) };
        request.Headers.Add("Idempotency-Key", "one");
        using var response = await client.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(Enumerable.Repeat("one charge=ch_1", attempts), wire.Asked);
    }

    [Fact]
    public async Task An_attempt_that_hangs_is_given_up_and_made_again()
    {
        var wire = new Wire(HttpStatusCode.OK) { HangsFirst = true };
        using var client = new HttpClient(new StripeRetries(wire, TimeProvider.System, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(100)));
        using var response = await client.GetAsync("http://stripe.example/v1/accounts/acct_1");
        Assert.Equal((HttpStatusCode.OK, 2), (response.StatusCode, wire.Asked.Count));
    }

    private sealed class Wire(HttpStatusCode status) : HttpMessageHandler
    {
        public bool HangsFirst { get; init; }

        public List<string> Asked { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var key = request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : "";
            Asked.Add($"{key} {(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken))}");
            if (HangsFirst && Asked.Count == 1)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return new HttpResponseMessage(status);
        }
    }
}
