using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Links;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Authentication;
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
        services.AddCookieKeys(keysDirectory);
        services.AddSingleton<IPasswordHasher<PasswordOwner>, PasswordHasher<PasswordOwner>>();
        services.AddSingleton<SignInLimits>();
        services.AddSingleton<SignIn>();
        services.AddSingleton<LinkLimits>();
        services.AddSingleton<LinkMails>();
        services.AddSingleton<AskForLink>();
        services.AddSingleton<ConfirmLink>();
    }

    internal static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/auth/sign-in", SignInAsync);
        routes.MapPost("/api/v1/auth/sign-up", (SignUpRequest request, AskForLink links, HttpContext context, CancellationToken cancel) =>
            AnswerAsync(context, links.SignUpAsync(request, context.Connection.RemoteIpAddress, cancel)));
        routes.MapPost("/api/v1/auth/links", (LinkRequest request, AskForLink links, HttpContext context, CancellationToken cancel) =>
            AnswerAsync(context, links.SignInAsync(request, context.Connection.RemoteIpAddress, cancel)));
        routes.MapPost("/api/v1/auth/confirm", ConfirmAsync);
        routes.MapConfirmPage();
        routes.MapPost("/api/v1/me/password", ChangePassword.HandleAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/me/sessions/end", ChangePassword.EndSessionsAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/me/profile", ChangeMe.GetAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPatch("/api/v1/me/profile", ChangeMe.HandleAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/auth/sign-out", (Delegate)SignOutAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/me", Me.HandleAsync).RequireAuthorization(AccountCookie.Scheme);
    }

    private static async Task<Results<Ok<SignInAnswer>, ProblemHttpResult>> SignInAsync(SignInRequest request, SignIn signIn, Database database, HttpContext context, CancellationToken cancel)
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

        await AccountCookie.SignInAsync(context, database, user!.Id, null, cancel);
        return TypedResults.Ok(new SignInAnswer(user));
    }

    private static async Task<Results<Accepted<LinkAnswer>, ProblemHttpResult>> AnswerAsync(HttpContext context, Task<ApiError?> asking)
    {
        if (await asking is not { } error)
        {
            return TypedResults.Accepted((string?)null, AskForLink.Sent);
        }

        if (error.Status == 429)
        {
            context.Response.Headers.RetryAfter = "600";
        }

        return error.ToResult();
    }

    private static async Task<Results<Ok<ConfirmAnswer>, ProblemHttpResult>> ConfirmAsync(ConfirmRequest request, ConfirmLink confirm, HttpContext context, CancellationToken cancel)
    {
        var (answer, error) = await confirm.HandleAsync(request, context, cancel);
        return error is not null ? error.ToResult() : TypedResults.Ok(answer!);
    }

    internal static async Task<NoContent> SignOutAsync(HttpContext context)
    {
        await context.SignOutAsync(AccountCookie.Scheme);
        return TypedResults.NoContent();
    }
}
