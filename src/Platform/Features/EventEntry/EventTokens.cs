using Events.Platform.Features.Organisations;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Features.EventEntry;

/// <summary>Who holds an event token: the event domain's identity, good for one event.</summary>
/// <param name="EventId">The event.</param>
/// <param name="ParticipantId">Stable over refreshes.</param>
/// <param name="Name">Shown to others.</param>
/// <param name="Role">One of <see cref="Permissions.EventRoles"/>.</param>
/// <param name="Preview">The organizer pass: seen by nobody, counted nowhere.</param>
/// <param name="Sessions">Of an account: a mark of its sessions, which is another one once they are ended; null for a guest.</param>
public sealed record EventPass(Guid EventId, Guid ParticipantId, string Name, string Role, bool Preview = false, string? Sessions = null)
{
    /// <summary>Its token has expired: it says who enters again, and opens nothing.</summary>
    public bool IsOver { get; init; }

    /// <summary>Runs the event: organisers, hosts and co-hosts.</summary>
    public bool IsOrganiser => Permissions.Allows(Role, EventAction.Record);

    public static ValueTask<EventPass?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<EventPass>());
}

/// <summary>
/// Event tokens: ES256 with a key, type and audience of their own, so that neither a room grant nor any other token passes for
/// one. They live for 15 minutes and are refreshed by entering again.
/// </summary>
public sealed class EventTokens(SigningKeyRing keys, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>
    /// For so long after its end a guest's token says who enters again: a page that slept, or whose network was away, comes back as the same participant, and is not
    /// counted twice. An account has its cookie for that.
    /// </summary>
    public static readonly TimeSpan EnterAgainWithin = TimeSpan.FromHours(12);

    private static readonly JwtExpectation Expectation = new() { Type = "event+jwt", Issuer = "events", Audience = "event" };

    private static readonly JwtExpectation ToEnterAgain = Expectation with { Overdue = EnterAgainWithin };

    /// <summary>With one key that never changes.</summary>
    public EventTokens(string privatePem, TimeProvider clock)
        : this(SigningKeyRing.OfKey(privatePem, clock), clock)
    {
    }

    public (string Token, DateTimeOffset ExpiresAt) Issue(EventPass pass)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var exp = now + (long)Lifetime.TotalSeconds;
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Expectation.Issuer,
            ["aud"] = Expectation.Audience,
            ["sub"] = pass.ParticipantId,
            ["event"] = pass.EventId,
            ["name"] = pass.Name,
            ["role"] = pass.Role,
            ["preview"] = pass.Preview,
            ["nbf"] = now,
            ["exp"] = exp,
        };
        if (pass.Sessions is not null)
        {
            claims["sessions"] = pass.Sessions;
        }

        var token = CompactJwt.Sign(keys.Signing, Expectation.Type, claims);
        return (token, DateTimeOffset.FromUnixTimeSeconds(exp));
    }

    /// <summary>The pass, or the code <c>event_token_invalid</c> or <c>event_token_expired</c>.</summary>
    public (EventPass? Pass, string? Code) Verify(string token)
    {
        var verified = keys.Verify(token, Expectation);
        return verified.IsOk ? Read(verified.Value) : (null, verified.Error.Code == "token_expired" ? "event_token_expired" : "event_token_invalid");
    }

    /// <summary>The pass of a guest whose token expired not long ago; else null.</summary>
    public EventPass? VerifyOver(string token) =>
        keys.Verify(token, ToEnterAgain) is { IsOk: true, Value: var claims } && Read(claims).Pass is { Sessions: null } pass ? pass with { IsOver = true } : null;

    private static (EventPass? Pass, string? Code) Read(JwtClaims claims) =>
        Guid.TryParse(claims.Text("event"), out var eventId) && Guid.TryParse(claims.Text("sub"), out var participant)
            && claims.Text("name") is { } name && claims.Text("role") is { } role && Permissions.EventRoles.Contains(role)
            ? (new EventPass(eventId, participant, name, role, claims.Flag("preview") ?? false, claims.Text("sessions")), null)
            : (null, "event_token_invalid");
}
