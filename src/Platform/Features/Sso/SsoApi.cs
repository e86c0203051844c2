using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Sso.Oidc;
using Events.Platform.Features.Sso.Saml;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Mvc;

namespace Events.Platform.Features.Sso;

/// <summary>Company sign-in by OIDC and SAML: setting it up, demanding it, and the ways of the browser through it.</summary>
internal static class SsoApi
{
    /// <summary>Metadata of a provider, with its certificates and attributes.</summary>
    private const int MaxMetadataBytes = 256 * 1024;

    public static void AddSso(this IServiceCollection services)
    {
        services.AddSingleton<SsoSecrets>();
        services.AddSingleton<Connections>();
        services.AddSingleton<FinishSignIn>();
        services.AddSingleton<OidcHttp>();
        services.AddSingleton<OidcDiscovery>();
        services.AddSingleton<IdTokens>();
        services.AddSingleton<OidcSignIn>();
        services.AddSingleton<SamlSignIn>();
    }

    public static void MapSso(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/organisations/{id:guid}/sso").RequireAuthorization(AccountCookie.Scheme);
        group.MapGet("/connections", (Guid id, SignedIn account, Connections connections, CancellationToken cancel) => connections.ListAsync(id, account, cancel));
        group.MapPost("/connections", (Guid id, NewSsoConnection request, SignedIn account, Connections connections, CancellationToken cancel) => connections.CreateAsync(id, request, account, cancel))
            .WithMetadata(new RequestSizeLimitAttribute(MaxMetadataBytes));
        group.MapPatch("/connections/{connectionId:guid}", (Guid id, Guid connectionId, SsoConnectionChange request, SignedIn account, Connections connections, CancellationToken cancel) =>
            connections.ChangeAsync(id, connectionId, request, account, cancel)).WithMetadata(new RequestSizeLimitAttribute(MaxMetadataBytes));
        group.MapDelete("/connections/{connectionId:guid}", (Guid id, Guid connectionId, SignedIn account, Connections connections, CancellationToken cancel) =>
            connections.RemoveAsync(id, connectionId, account, cancel));
        group.MapDelete("/connections/{connectionId:guid}/certificates/{sha256}", (Guid id, Guid connectionId, string sha256, SignedIn account, Connections connections, CancellationToken cancel) =>
            connections.UnpinAsync(id, connectionId, sha256, account, cancel));
        group.MapDelete("/connections/{connectionId:guid}/identities/{userId:guid}", (Guid id, Guid connectionId, Guid userId, SignedIn account, Connections connections, CancellationToken cancel) =>
            connections.UnlinkAsync(id, connectionId, userId, account, cancel));
        group.MapGet("/domains", Domains.ListAsync);
        group.MapPost("/domains", Domains.AskAsync);
        group.MapPost("/domains/{domainId:guid}/verify", Domains.VerifyAsync);
        group.MapDelete("/domains/{domainId:guid}", Domains.RemoveAsync);
        routes.MapPut("/api/v1/events/{id:guid}/sso", EventSso.ChangeAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/sso/options", EventSso.OptionsAsync);

        var browser = routes.MapGroup("/sso/{id:guid}").ExcludeFromDescription();
        browser.MapGet("/start", StartAsync);
        browser.MapGet("/callback", (Guid id, HttpContext context, OidcSignIn oidc, CancellationToken cancel) => oidc.CallbackAsync(id, context, cancel));
        browser.MapGet("/metadata", (Guid id, HttpContext context, SamlSignIn saml, CancellationToken cancel) => saml.MetadataAsync(id, context, cancel));

        // A foreign site posts here by design; what it posts is signed, and counts only in the browser that asked for it.
        browser.MapPost(SamlSignIn.AcsPath, (Guid id, HttpContext context, SamlSignIn saml, CancellationToken cancel) => saml.AcceptAsync(id, context, cancel))
            .DisableAntiforgery().WithMetadata(new RequestSizeLimitAttribute(SamlSignIn.MaxFormBytes));
        browser.MapGet("/finish", (Guid id, HttpContext context, SamlSignIn saml, CancellationToken cancel) => saml.FinishAsync(id, context, cancel));
    }

    /// <summary>Leads the browser to the provider, and gives it the state that the answer must come back to.</summary>
    private static async Task<IResult> StartAsync(
        Guid id, HttpContext context, Database database, SsoSecrets secrets, OidcSignIn oidc, SamlSignIn saml, CancellationToken cancel, string? next = null)
    {
        await using var db = await database.OpenAsync(cancel);
        if (await ConnectionQueries.EnabledAsync(db, id) is not { } connection)
        {
            return SsoPage.Refuse(context, SsoErrors.ConnectionNotFound);
        }

        await db.CloseAsync(); // the provider's configuration may have to be waited for
        var state = SignInState.New(id, next);
        var address = connection.Kind == SsoConnection.Oidc ? await oidc.AddressAsync(connection, state, cancel) : saml.Address(connection, state);
        if (address.Error is not null)
        {
            return SsoPage.Refuse(context, address.Error);
        }

        state.Keep(context, secrets);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Redirect(address.Value!);
    }
}
