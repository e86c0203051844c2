using System.Security.Claims;
using Events.Platform.Composition;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Events.Platform.Features.Accounts;

/// <summary>The account domain: a cookie that names a user. It opens no other domain.</summary>
internal static class AccountCookie
{
    public const string Scheme = "account";
    public const string Name = "events_account";

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = Name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = TimeSpan.FromDays(14);
        options.SlidingExpiration = true;
        options.Events.OnRedirectToLogin = context => Problems.WriteAsync(context.HttpContext, new ApiError(401, "not_signed_in", "Sign in first."));
        options.Events.OnRedirectToAccessDenied = context => Problems.WriteAsync(context.HttpContext, ApiError.Forbidden("not_allowed", "Your account may not do this."));
    }

    public static ClaimsPrincipal PrincipalOf(Guid userId) => new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, userId.ToString())], Scheme));
}

/// <summary>The signed-in user of an endpoint that requires the account domain.</summary>
public sealed record SignedIn(Guid UserId)
{
    public static ValueTask<SignedIn?> BindAsync(HttpContext context) => ValueTask.FromResult(From(context.User));

    public static SignedIn? From(ClaimsPrincipal? principal) =>
        Guid.TryParse(principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var id) ? new SignedIn(id) : null;
}
