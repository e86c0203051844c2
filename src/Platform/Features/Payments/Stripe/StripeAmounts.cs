namespace Events.Platform.Features.Payments.Stripe;

/// <summary>
/// Amounts as Stripe writes them (docs.stripe.com/currencies, "Special cases"): the smallest unit, except that ISK and UGX, which have
/// none, are written with two decimals for old times' sake, and that amounts with three decimals end in 0; pure.
/// </summary>
internal static class StripeAmounts
{
    /// <summary>False: Stripe cannot charge just this.</summary>
    public static bool TryToStripe(long minor, string currency, out long amount)
    {
        amount = IsWrittenWithCents(currency) ? minor * 100 : minor;
        return currency.ToUpperInvariant() != "MGA" && (Money.Decimals(currency) != 3 || minor % 10 == 0);
    }

    public static long FromStripe(long amount, string currency) => IsWrittenWithCents(currency) ? amount / 100 : amount;

    private static bool IsWrittenWithCents(string currency) => currency.ToUpperInvariant() is "ISK" or "UGX";
}
