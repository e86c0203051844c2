using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Roles;
using Microsoft.AspNetCore.WebUtilities;

namespace Events.Platform.Features.Sso.Oidc;

/// <summary>The authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9700), by one connection.</summary>
internal sealed class OidcSignIn(Database database, NodeOptions options, OidcDiscovery discovery, OidcHttp http, IdTokens tokens, SsoSecrets secrets, FinishSignIn finish)
{
    private const int MaxCode = 2_048;

    /// <summary>Google accounts may have an address of a company that does not run them; those that it does run name it in <c>hd</c>.</summary>
    private const string GoogleIssuer = "https://accounts.google.com";

    private static readonly ApiError Denied = ApiError.Forbidden("sso_denied", "Your company's identity provider did not sign you in.");
    private static readonly ApiError IssuerMixedUp = ApiError.Forbidden("sso_issuer_mismatch", "The answer came from another identity provider than the one that was asked.");
    private static readonly ApiError CodeMissing = ApiError.BadRequest("sso_code_missing", "The identity provider's answer has no usable code.");

    public async Task<Outcome<string>> AddressAsync(SsoConnection connection, SignInState state, CancellationToken cancel)
    {
        var metadata = await discovery.MetadataAsync(connection.Issuer, cancel);
        return metadata.Error is not null ? metadata.Error : QueryHelpers.AddQueryString(metadata.Value!.Authorization.AbsoluteUri, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = connection.ClientId,
            ["redirect_uri"] = new SsoAddresses(options.PublicUrl, connection.Id).Callback,
            ["scope"] = "openid email profile",
            ["state"] = state.State,
            ["nonce"] = state.Nonce,
            ["code_challenge"] = state.Challenge,
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>The provider leads the browser back here.</summary>
    public async Task<IResult> CallbackAsync(Guid id, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        if (finish.TakeState(context, id, query["state"]) is not { } state)
        {
            return SsoPage.Refuse(context, SsoErrors.StateInvalid);
        }

        await using var db = await database.OpenAsync(cancel);
        var connection = await ConnectionQueries.EnabledAsync(db, id);
        await db.CloseAsync(); // what follows waits for the provider
        return connection is not { Kind: SsoConnection.Oidc }
            ? SsoPage.Refuse(context, SsoErrors.ConnectionNotFound)
            : await finish.HandleAsync(context, connection, await VouchAsync(connection, state, query, cancel), state.Next, cancel);
    }

    private async Task<Outcome<VouchedPerson>> VouchAsync(SsoConnection connection, SignInState state, IQueryCollection query, CancellationToken cancel)
    {
        var found = await discovery.MetadataAsync(connection.Issuer, cancel);
        if (found.Error is not null)
        {
            return found.Error;
        }

        // RFC 9207 §2.4: before anything else of the answer is used, errors included.
        var metadata = found.Value!;
        if (query.ContainsKey("iss") ? query["iss"] != metadata.Issuer : metadata.NamesIssuer)
        {
            return IssuerMixedUp;
        }

        if (query.ContainsKey("error"))
        {
            return Denied;
        }

        if (query["code"] is not [{ Length: > 0 and <= MaxCode } code])
        {
            return CodeMissing;
        }

        var exchanged = await http.SendAsync(TokenRequest(connection, metadata, state, code), cancel);
        if (exchanged.Error is not null)
        {
            return exchanged.Error;
        }

        using var answer = exchanged.Value!;
        var accessToken = OidcHttp.Text(answer.RootElement, "access_token", OidcHttp.MaxBytes);
        if (OidcHttp.Text(answer.RootElement, "id_token", OidcHttp.MaxBytes) is not { } idToken)
        {
            return SsoErrors.IdToken("there is none");
        }

        var verified = await tokens.VerifyAsync(idToken, metadata, new IdTokenExpectation(metadata.Issuer, connection.ClientId!, state.Nonce, accessToken), cancel);
        if (verified.Error is not null)
        {
            return verified.Error;
        }

        using var claims = verified.Value!;
        return await PersonAsync(connection, metadata, claims.RootElement, accessToken, cancel);
    }

    private HttpRequestMessage TokenRequest(SsoConnection connection, OidcMetadata metadata, SignInState state, string code)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = new SsoAddresses(options.PublicUrl, connection.Id).Callback,
            ["code_verifier"] = state.Verifier,
        };
        var request = new HttpRequestMessage(HttpMethod.Post, metadata.Token);
        var secret = connection.ClientSecret is { } kept ? secrets.OpenClientSecret(kept) : null;
        if (secret is not null && !metadata.PostsSecret)
        {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            var pair = $"{Uri.EscapeDataString(connection.ClientId!)}:{Uri.EscapeDataString(secret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }
        else
        {
            form["client_id"] = connection.ClientId!;
            if (secret is not null)
            {
                form["client_secret"] = secret;
            }
        }

        request.Content = new FormUrlEncodedContent(form);
        return request;
    }

    /// <summary>Providers may tell address and name at their user info endpoint only (Core §5.4).</summary>
    private async Task<Outcome<VouchedPerson>> PersonAsync(SsoConnection connection, OidcMetadata metadata, JsonElement claims, string? accessToken, CancellationToken cancel)
    {
        var subject = OidcHttp.Text(claims, "sub")!;
        if (connection.Issuer == GoogleIssuer && !connection.Domains.Contains(OidcHttp.Text(claims, "hd")?.ToLowerInvariant()))
        {
            return ApiError.Forbidden("sso_domain_not_allowed", "Your Google account is not one that your company manages.");
        }

        if (OidcHttp.Text(claims, "email") is not null || metadata.UserInfo is null || accessToken is null)
        {
            return Person(subject, claims);
        }

        var fetched = await http.GetAsync(metadata.UserInfo, accessToken, cancel);
        if (fetched.Error is not null)
        {
            return fetched.Error;
        }

        // Core §5.3.2: an answer about somebody else is not used.
        using var info = fetched.Value!;
        return OidcHttp.Text(info.RootElement, "sub") == subject ? Person(subject, info.RootElement) : SsoErrors.IdToken("the provider's user information is of somebody else");
    }

    private static VouchedPerson Person(string subject, JsonElement claims)
    {
        // Some providers write the boolean as text.
        var isUnverified = claims.TryGetProperty("email_verified", out var verified) && (verified.ValueKind == JsonValueKind.False || (verified.ValueKind == JsonValueKind.String && verified.GetString() != "true"));
        return new VouchedPerson(subject, OidcHttp.Text(claims, "email", 254), !isUnverified, OidcHttp.Text(claims, "name", 200));
    }
}
