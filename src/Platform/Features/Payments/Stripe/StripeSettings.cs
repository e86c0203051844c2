namespace Events.Platform.Features.Payments.Stripe;

/// <summary>Access to Stripe, from configuration only.</summary>
/// <param name="SecretKey">The platform account's key, <c>sk_…</c> or a restricted <c>rk_…</c> (<c>EVENTS_STRIPE_SECRET_KEY</c>). Who has it can move money.</param>
/// <param name="WebhookSecrets">Of the webhook endpoints, <c>whsec_…</c> (<c>EVENTS_STRIPE_WEBHOOK_SECRETS</c>, comma separated): one for the own account, one for connected accounts, and an old one while it is replaced.</param>
/// <param name="Api">Where the API is (<c>EVENTS_STRIPE_API</c>); another than Stripe's own is for tests, and plain HTTP only on loopback.</param>
public sealed record StripeSettings(string SecretKey, IReadOnlyList<string> WebhookSecrets, Uri Api)
{
    public static readonly Uri PublicApi = new("https://api.stripe.com");

    /// <summary>Real money.</summary>
    public bool IsLive => SecretKey.StartsWith("sk_live_", StringComparison.Ordinal) || SecretKey.StartsWith("rk_live_", StringComparison.Ordinal);

    /// <summary>Options get logged; secrets do not.</summary>
    public override string ToString() => $"Stripe {(IsLive ? "live" : "test")} at {Api}";

    /// <summary>The settings, null when there are none, and what is wrong with them; no message repeats a secret.</summary>
    public static (StripeSettings? Settings, IReadOnlyList<string> Errors) Read(string? secretKey, string? webhookSecrets, string? api, string environmentName)
    {
        if (secretKey is null)
        {
            return (null, webhookSecrets is null && api is null ? [] : ["EVENTS_STRIPE_SECRET_KEY is missing; the other EVENTS_STRIPE_… settings need it."]);
        }

        var errors = new List<string>();
        var secrets = webhookSecrets?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        if (!IsToken(secretKey, "sk_live_", "sk_test_", "rk_live_", "rk_test_"))
        {
            errors.Add("EVENTS_STRIPE_SECRET_KEY is no secret key of Stripe (sk_test_…, sk_live_…, rk_test_…, rk_live_…).");
        }

        if (secrets.Length is 0 or > 8 || !secrets.All(s => IsToken(s, "whsec_")))
        {
            errors.Add("EVENTS_STRIPE_WEBHOOK_SECRETS takes the signing secrets (whsec_…) of Stripe's webhook endpoints, comma separated, at most 8.");
        }

        if (!Uri.TryCreate(api ?? PublicApi.ToString(), UriKind.Absolute, out var address) || address.PathAndQuery != "/" || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
        {
            errors.Add("EVENTS_STRIPE_API is an https address without a path; http only on loopback.");
            address = PublicApi;
        }

        var settings = new StripeSettings(secretKey, secrets, address);
        if (settings.IsLive && environmentName != "Production")
        {
            errors.Add($"EVENTS_STRIPE_SECRET_KEY is a live key, but ASPNETCORE_ENVIRONMENT is '{environmentName}': real money is moved by Production only.");
        }

        return errors.Count == 0 ? (settings, []) : (null, errors);
    }

    private static bool IsToken(string text, params string[] prefixes) =>
        text.Length <= 300 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && prefixes.Any(p => text.StartsWith(p, StringComparison.Ordinal) && text.Length >= p.Length + 8);
}
