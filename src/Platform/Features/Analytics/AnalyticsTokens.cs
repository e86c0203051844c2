using Events.Platform.Features.Accounts;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Features.Analytics;

/// <summary>Who reads analytics: a member, for one organisation.</summary>
internal sealed record AnalyticsReader(Guid UserId, Guid OrganiserId, DateTimeOffset ExpiresAt);

/// <summary>Tokens of the analytics API: ES256 with a key, type and audience of their own, for fifteen minutes.</summary>
internal sealed class AnalyticsTokens(SigningKeyRing keys, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public static readonly JwtExpectation Expectation = new() { Type = "analytics+jwt", Issuer = "events", Audience = "analytics" };

    /// <summary>With one key that never changes.</summary>
    public AnalyticsTokens(string privatePem, TimeProvider clock)
        : this(SigningKeyRing.OfKey(privatePem, clock), clock)
    {
    }

    public (string Token, DateTimeOffset ExpiresAt) Issue(SignedIn account, Guid organiserId)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var exp = now + (long)Lifetime.TotalSeconds;
        var token = CompactJwt.Sign(keys.Signing, Expectation.Type, new Dictionary<string, object>
        {
            ["iss"] = Expectation.Issuer,
            ["aud"] = Expectation.Audience,
            ["sub"] = account.UserId,
            ["org"] = organiserId,
            ["nbf"] = now,
            ["exp"] = exp,
        });
        return (token, DateTimeOffset.FromUnixTimeSeconds(exp));
    }

    /// <summary>The reader, or the code <c>analytics_token_invalid</c> or <c>analytics_token_expired</c>.</summary>
    public (AnalyticsReader? Reader, string? Code) Verify(string token)
    {
        var verified = keys.Verify(token, Expectation);
        return !verified.IsOk ? (null, verified.Error.Code == "token_expired" ? "analytics_token_expired" : "analytics_token_invalid")
            : Guid.TryParse(verified.Value.Text("sub"), out var user) && Guid.TryParse(verified.Value.Text("org"), out var organiser)
                ? (new AnalyticsReader(user, organiser, verified.Value.ExpiresAt), null)
                : (null, "analytics_token_invalid");
    }
}
