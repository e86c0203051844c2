using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Roles;
using Microsoft.AspNetCore.WebUtilities;

namespace Events.Platform.Features.Sso.Saml;

/// <summary>A verified response on its way from the foreign post to the browser's own cookie: encrypted, in the address of one redirect.</summary>
/// <param name="Assertion">Base64 of the assertion's hash.</param>
internal sealed record SamlResult(Guid ConnectionId, string InResponseTo, string Assertion, VouchedPerson Person)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);
}

/// <summary>
/// SAML 2.0 Web Browser SSO, begun by us. The response arrives as a foreign site's post, which carries no SameSite=Lax cookie; it is
/// verified, its assertion is used up, and the browser is led on by GET, where the cookie shows whether it was this browser that asked.
/// </summary>
internal sealed class SamlSignIn(Database database, NodeOptions options, SsoSecrets secrets, FinishSignIn finish, TimeProvider clock)
{
    public const string AcsPath = "/acs";

    /// <summary>Base64 of the largest response, percent-encoded, and the relay state.</summary>
    public const int MaxFormBytes = (SamlResponse.MaxBytes * 4 / 3) + (64 * 1024);

    private static readonly ApiError FormMissing = ApiError.BadRequest("saml_malformed", "This address takes a form with SAMLResponse and RelayState.");
    private static readonly ApiError Replayed = ApiError.Forbidden("saml_replayed", "This response was used before. Begin again.");
    private static readonly ApiError Unsolicited = ApiError.Forbidden("saml_unsolicited", "The response answers another request than this browser's. Begin again.");

    public static bool IsAcs(PathString path) => path.StartsWithSegments("/sso") && path.Value!.EndsWith(AcsPath, StringComparison.Ordinal);

    public Outcome<string> Address(SsoConnection connection, SignInState state) =>
        SamlMessages.RequestAddress(connection, new SsoAddresses(options.PublicUrl, connection.Id), state, clock.GetUtcNow());

    public async Task<IResult> MetadataAsync(Guid id, HttpContext context, CancellationToken cancel)
    {
        await using var db = await database.OpenAsync(cancel);
        return await ConnectionQueries.EnabledAsync(db, id) is { Kind: SsoConnection.Saml }
            ? TypedResults.Content(SamlMessages.Metadata(new SsoAddresses(options.PublicUrl, id)), "application/samlmetadata+xml; charset=utf-8")
            : SsoPage.Refuse(context, SsoErrors.ConnectionNotFound);
    }

    /// <summary>The assertion consumer service (bindings §3.5.4).</summary>
    public async Task<IResult> AcceptAsync(Guid id, HttpContext context, CancellationToken cancel)
    {
        if (!context.Request.HasFormContentType)
        {
            return SsoPage.Refuse(context, FormMissing);
        }

        var form = await context.Request.ReadFormAsync(cancel);
        if (form["SAMLResponse"] is not [{ Length: > 0 } encoded] || form["RelayState"] is not [{ Length: > 0 and <= 80 } relayState] || Decode(encoded) is not { } bytes)
        {
            return SsoPage.Refuse(context, FormMissing);
        }

        await using var db = await database.OpenAsync(cancel);
        if (await ConnectionQueries.EnabledAsync(db, id) is not { Kind: SsoConnection.Saml } connection)
        {
            return SsoPage.Refuse(context, SsoErrors.ConnectionNotFound);
        }

        var ours = new SsoAddresses(options.PublicUrl, id);
        var verified = SamlResponse.Verify(bytes, new SamlExpectation(connection.Issuer, ours.Acs, ours.Metadata, await ConnectionQueries.CertificatesAsync(db, id)), clock.GetUtcNow());
        if (verified.Error is not null)
        {
            return finish.Refuse(context, connection, verified.Error);
        }

        var verdict = verified.Value!;
        var isNew = await db.ExecuteAsync(
            """
            with swept as (
                delete from platform.sso_assertions where (connection_id, assertion_hash) in
                    (select connection_id, assertion_hash from platform.sso_assertions where expires_at < now() limit 100 for update skip locked))
            insert into platform.sso_assertions (connection_id, assertion_hash, expires_at) values (@id, @AssertionHash, @ExpiresAt) on conflict do nothing
            """,
            new { id, verdict.AssertionHash, verdict.ExpiresAt });
        if (isNew == 0)
        {
            return finish.Refuse(context, connection, Replayed);
        }

        var result = secrets.SealResult(new SamlResult(id, verdict.InResponseTo, Convert.ToBase64String(verdict.AssertionHash), verdict.Person));
        context.Response.Headers.CacheControl = "no-store";
        return new SeeOther(QueryHelpers.AddQueryString($"/sso/{id}/finish", new Dictionary<string, string?> { ["state"] = relayState, ["result"] = result }));
    }

    /// <summary>The browser, led on from the post: it must be the one that asked for this very response.</summary>
    public async Task<IResult> FinishAsync(Guid id, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        if (finish.TakeState(context, id, query["state"]) is not { } state || secrets.OpenResult(query["result"]) is not { } result || result.ConnectionId != id)
        {
            return SsoPage.Refuse(context, SsoErrors.StateInvalid);
        }

        await using var db = await database.OpenAsync(cancel);
        if (await ConnectionQueries.EnabledAsync(db, id) is not { Kind: SsoConnection.Saml } connection)
        {
            return SsoPage.Refuse(context, SsoErrors.ConnectionNotFound);
        }

        await db.CloseAsync(); // the sign-in opens its own
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(result.InResponseTo), Encoding.UTF8.GetBytes(state.RequestId)))
        {
            return finish.Refuse(context, connection, Unsolicited);
        }

        return await finish.HandleAsync(context, connection, result.Person, state.Next, cancel, async transaction =>
            await transaction.Connection!.ExecuteAsync(
                "update platform.sso_assertions set finished_at = now() where connection_id = @id and assertion_hash = @Hash and finished_at is null",
                new { id, Hash = Convert.FromBase64String(result.Assertion) },
                transaction) == 1 ? null : Replayed);
    }

    private static byte[]? Decode(string text)
    {
        if (text.Length > SamlResponse.MaxBytes * 3 / 2)
        {
            return null;
        }

        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var written) ? bytes[..written] : null;
    }

    /// <summary>303 (RFC 9110 §15.4.4): the browser comes by GET, with its cookie.</summary>
    private sealed class SeeOther(string address) : IResult
    {
        public Task ExecuteAsync(HttpContext context)
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = address;
            return Task.CompletedTask;
        }
    }
}
