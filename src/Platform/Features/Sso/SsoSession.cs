using System.Globalization;
using System.Security.Claims;

namespace Events.Platform.Features.Sso;

/// <summary>The part of an account's cookie that says which connection vouched for it, and when.</summary>
internal sealed record SsoSession(Guid ConnectionId, DateTimeOffset At)
{
    /// <summary>
    /// How long a sign-in counts as the company's word. The cookie slides for 14 days, but somebody who has left the company is to be
    /// outside by the next day.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private const string Connection = "sso";
    private const string SignedInAt = "sso_at";

    public IEnumerable<Claim> ToClaims() => [new(Connection, ConnectionId.ToString()), new(SignedInAt, At.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture))];

    public static SsoSession? From(ClaimsPrincipal? principal) =>
        Guid.TryParse(principal?.FindFirstValue(Connection), out var id) && long.TryParse(principal?.FindFirstValue(SignedInAt), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? new SsoSession(id, DateTimeOffset.FromUnixTimeSeconds(at))
            : null;

    public bool CountsAt(DateTimeOffset now) => now < At + Lifetime;
}
