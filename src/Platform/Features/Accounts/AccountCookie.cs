using System.Globalization;
using System.Security.Claims;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Sso;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Events.Platform.Features.Accounts;

/// <summary>The account domain: a cookie that names a user. It opens no other domain.</summary>
internal static class AccountCookie
{
    public const string Scheme = "account";
    public const string Name = "events_account";

    private const string Stamp = "stamp";
    private const string LinkAt = "link_at";

    /// <summary>For how long after signing in by link the password may be set without the old one.</summary>
    private static readonly TimeSpan FreshLink = TimeSpan.FromMinutes(10);

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = Name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = TimeSpan.FromDays(14);
        options.SlidingExpiration = true;
        options.Events.OnValidatePrincipal = ValidateAsync;
        options.Events.OnRedirectToLogin = context => Problems.WriteAsync(context.HttpContext, new ApiError(401, "not_signed_in", "Sign in first."));
        options.Events.OnRedirectToAccessDenied = context => Problems.WriteAsync(context.HttpContext, ApiError.Forbidden("not_allowed", "Your account may not do this."));
    }

    /// <summary>Signs in with a cookie that holds for as long as the user's security stamp stays what it is. What was ordered with the address as a guest is there from then on.</summary>
    /// <param name="linkAt">When a magic link proved the address; null after a password.</param>
    /// <param name="sso">The company connection that vouched for it; null for every other way in.</param>
    public static async Task SignInAsync(HttpContext context, Database database, Guid userId, DateTimeOffset? linkAt, CancellationToken cancel, SsoSession? sso = null)
    {
        await using var connection = await database.OpenAsync(cancel);
        var stamp = await connection.QuerySingleAsync<Guid>("select security_stamp from platform.users where id = @userId", new { userId });
        await GuestOrders.ClaimAsync(connection, userId);
        List<Claim> claims = [new(ClaimTypes.NameIdentifier, userId.ToString()), new(Stamp, stamp.ToString())];
        if (linkAt is { } at)
        {
            claims.Add(new Claim(LinkAt, at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
        }

        if (sso is not null)
        {
            claims.AddRange(sso.ToClaims());
        }

        await context.SignInAsync(Scheme, new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme)), new AuthenticationProperties { IsPersistent = true });
    }

    /// <summary>Whether a link proved the mailbox just now.</summary>
    public static bool IsFreshFromLink(ClaimsPrincipal principal, DateTimeOffset now) =>
        long.TryParse(principal.FindFirstValue(LinkAt), NumberStyles.None, CultureInfo.InvariantCulture, out var at) && now < DateTimeOffset.FromUnixTimeSeconds(at) + FreshLink;

    /// <summary>Read at every request: a changed password, "sign out everywhere" and a disabled account end sessions at once.</summary>
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var account = SignedIn.From(context.Principal);
        await using var connection = await context.HttpContext.RequestServices.GetRequiredService<Database>().OpenAsync(context.HttpContext.RequestAborted);
        var stamp = await connection.QuerySingleOrDefaultAsync<Guid?>("select security_stamp from platform.users where id = @UserId and disabled_at is null", new { account?.UserId });
        if (stamp is null || stamp.ToString() != context.Principal?.FindFirstValue(Stamp))
        {
            context.RejectPrincipal();
        }
    }
}

/// <summary>The signed-in user of an endpoint that requires the account domain.</summary>
public sealed record SignedIn(Guid UserId)
{
    public static ValueTask<SignedIn?> BindAsync(HttpContext context) => ValueTask.FromResult(From(context.User));

    public static SignedIn? From(ClaimsPrincipal? principal) =>
        Guid.TryParse(principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var id) ? new SignedIn(id) : null;
}
