using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.Platform.Composition;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Events.Platform.Features.Sso.Oidc;

/// <param name="AccessToken">Came with the ID token; <c>at_hash</c> is held against it.</param>
internal sealed record IdTokenExpectation(string Issuer, string ClientId, string Nonce, string? AccessToken);

/// <summary>
/// Verifies ID tokens (OpenID Connect Core 1.0 §3.1.3.7). The signature is Microsoft.IdentityModel's work, with the algorithms pinned and one key chosen by
/// us; what the claims must say is checked here, on a body without duplicate members.
/// </summary>
internal sealed class IdTokens(OidcDiscovery discovery, TimeProvider clock)
{
    private const int MaxLength = 32 * 1024;
    private const int MaxSubject = 255; // Core §2

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <summary>The code was exchanged a moment ago, so the token is new as well.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSsaPssSha256];
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxLength };

    /// <summary>The verified claims, an object.</summary>
    public async Task<Outcome<JsonDocument>> VerifyAsync(string text, OidcMetadata metadata, IdTokenExpectation expected, CancellationToken cancel)
    {
        if (text.Length > MaxLength || text.Count(c => c == '.') != 2 || !_handler.CanReadToken(text))
        {
            return SsoErrors.IdToken("it is no signed token");
        }

        JsonWebToken token;
        try
        {
            token = _handler.ReadJsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException)
        {
            return SsoErrors.IdToken("it is no signed token");
        }

        if (HeaderRefusal(token) is { } refused)
        {
            return refused;
        }

        var keys = await discovery.KeysAsync(metadata, token.Kid is { Length: > 0 } kid ? kid : null, cancel);
        if (keys.Error is not null)
        {
            return keys.Error;
        }

        if (KeyOf(token, keys.Value!) is not { } key)
        {
            return SsoErrors.IdToken("it is signed with a key that the provider does not publish");
        }

        var verdict = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidAlgorithms = Algorithms,
            IssuerSigningKeys = [key],
            RequireSignedTokens = true,
            ValidIssuer = expected.Issuer,
            ValidAudience = expected.ClientId,
            RequireExpirationTime = true,
            LifetimeValidator = (from, until, _, _) => HoldsNow(from, until),
        });
        if (!verdict.IsValid)
        {
            return SsoErrors.IdToken(Reason(verdict.Exception));
        }

        try
        {
            var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload), Strict);
            if (ClaimsRefusal(claims.RootElement, token.Alg, expected) is { } wrong)
            {
                claims.Dispose();
                return SsoErrors.IdToken(wrong);
            }

            return claims;
        }
        catch (JsonException)
        {
            return SsoErrors.IdToken("its claims are not understood");
        }
    }

    /// <summary>Unknown critical extensions are not ignored (RFC 7515 §4.1.11), and no other kind of token passes for an ID token (RFC 8725 §3.11).</summary>
    private static ApiError? HeaderRefusal(JsonWebToken token) =>
        !Algorithms.Contains(token.Alg) ? SsoErrors.IdToken("its algorithm is not taken")
        : token.TryGetHeaderValue<object>("crit", out _) ? SsoErrors.IdToken("its header demands something unknown")
        : !string.IsNullOrEmpty(token.Typ) && !string.Equals(token.Typ, "JWT", StringComparison.OrdinalIgnoreCase) ? SsoErrors.IdToken("it is of another type")
        : null;

    /// <summary>By its id; without one only if there is no choice (Core §10.1).</summary>
    private static JsonWebKey? KeyOf(JsonWebToken token, OidcKeys keys)
    {
        var family = token.Alg == SecurityAlgorithms.EcdsaSha256 ? JsonWebAlgorithmsKeyTypes.EllipticCurve : JsonWebAlgorithmsKeyTypes.RSA;
        var fitting = keys.All.Where(k => k.Kty == family && (string.IsNullOrEmpty(k.Alg) || k.Alg == token.Alg) && (string.IsNullOrEmpty(token.Kid) || k.Kid == token.Kid)).Take(2).ToList();
        return fitting.Count == 1 ? fitting[0] : null;
    }

    private bool HoldsNow(DateTime? from, DateTime? until)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return until is not null && now < until + Skew && (from is null || now > from - Skew);
    }

    private string? ClaimsRefusal(JsonElement claims, string algorithm, IdTokenExpectation expected)
    {
        var now = clock.GetUtcNow();
        if (OidcHttp.Text(claims, "sub", MaxSubject) is null)
        {
            return "it has no subject";
        }

        if (!Same(OidcHttp.Text(claims, "nonce"), expected.Nonce))
        {
            return "it answers another sign-in";
        }

        if (!claims.TryGetProperty("iat", out var iat) || iat.ValueKind != JsonValueKind.Number || !iat.TryGetDouble(out var seconds) || seconds is < 0 or > 253_402_300_799
            || DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1_000)) is var issued && (issued > now + Skew || issued < now - MaxAge))
        {
            return "it was not issued just now";
        }

        // Core §3.1.3.7, 3 to 5: further audiences are not trusted by us, and whoever the token was made for must be us.
        var manyAudiences = claims.GetProperty("aud") is { ValueKind: JsonValueKind.Array } audiences && audiences.GetArrayLength() > 1;
        if (manyAudiences || (claims.TryGetProperty("azp", out _) && OidcHttp.Text(claims, "azp") != expected.ClientId))
        {
            return "it was made for somebody else too";
        }

        return claims.TryGetProperty("at_hash", out _) && !Same(OidcHttp.Text(claims, "at_hash"), HalfHash(expected.AccessToken, algorithm)) ? "it does not belong to its access token" : null;
    }

    /// <summary>Core §3.1.3.6: the left half of the hash that the algorithm uses, which is SHA-256 for all three.</summary>
    private static string? HalfHash(string? accessToken, string algorithm) =>
        accessToken is not null && algorithm.EndsWith("256", StringComparison.Ordinal) ? Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16)) : null;

    private static bool Same(string? told, string? expected) =>
        told is not null && expected is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(told), Encoding.UTF8.GetBytes(expected));

    private static string Reason(Exception? e) => e switch
    {
        SecurityTokenInvalidIssuerException => "it is from another issuer",
        SecurityTokenInvalidAudienceException => "it is for another audience",
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNotYetValidException or SecurityTokenNoExpirationException => "it is not valid now",
        SecurityTokenInvalidAlgorithmException => "its algorithm is not taken",
        _ => "its signature is wrong",
    };
}
