using Events.Platform.Composition;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Events.Platform.Features.Accounts;

/// <summary>Accounts: signing in and out, and who one is.</summary>
public static class AccountsApi
{
    internal static void AddAccounts(this IServiceCollection services, string keysDirectory)
    {
        services.AddAuthentication().AddCookie(AccountCookie.Scheme, AccountCookie.Configure);
        services.AddAuthorizationBuilder().AddPolicy(AccountCookie.Scheme, policy => policy.AddAuthenticationSchemes(AccountCookie.Scheme).RequireAuthenticatedUser());

        // Kept, so that a restart signs nobody out.
        services.AddDataProtection().SetApplicationName("events").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(keysDirectory, "cookies")));
        services.AddSingleton<IPasswordHasher<PasswordOwner>, PasswordHasher<PasswordOwner>>();
        services.AddSingleton<SignInLimits>();
        services.AddSingleton<SignIn>();
    }

    internal static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/auth/sign-in", SignInAsync);
        routes.MapPost("/api/v1/auth/sign-out", (Delegate)SignOutAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/me", Me.HandleAsync).RequireAuthorization(AccountCookie.Scheme);
    }

    private static async Task<Results<Ok<SignInAnswer>, ProblemHttpResult>> SignInAsync(SignInRequest request, SignIn signIn, HttpContext context, CancellationToken cancel)
    {
        var (user, error) = await signIn.HandleAsync(request, context.Connection.RemoteIpAddress, cancel);
        if (error is not null)
        {
            if (error.Status == 429)
            {
                context.Response.Headers.RetryAfter = "60";
            }

            return error.ToResult();
        }

        await context.SignInAsync(AccountCookie.Scheme, AccountCookie.PrincipalOf(user!.Id), new AuthenticationProperties { IsPersistent = true });
        return TypedResults.Ok(new SignInAnswer(user));
    }

    private static async Task<NoContent> SignOutAsync(HttpContext context)
    {
        await context.SignOutAsync(AccountCookie.Scheme);
        return TypedResults.NoContent();
    }
}
