using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Platform.Testing;

/// <summary>
/// An OpenID provider that says what the test wants said, rightly signed or not. What a real one says is tested against oidc-provider.
/// </summary>
internal sealed class OidcStandIn : IAsyncDisposable
{
    public const string ClientId = "events-tests";
    public const string ClientSecret = "a secret: of+tests";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Grant> _grants = new();

    private OidcStandIn(WebApplication app, string issuer) => (_app, Issuer) = (app, issuer);

    public string Issuer { get; }

    public RSA Rsa { get; } = RSA.Create(2048);

    public ECDsa Ec { get; private set; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string EcKeyId { get; private set; } = "ec";

    /// <summary>Further members of the configuration, replacing those that are there.</summary>
    public Dictionary<string, object> Configuration { get; } = [];

    /// <summary>How often the keys were asked for.</summary>
    public int KeyRequests { get; private set; }

    public static async Task<OidcStandIn> StartAsync()
    {
        var port = PlatformFixture.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));

        // A path of its own: the platform keeps an issuer's keys for an hour, and ports come again sooner.
        var tenant = Guid.NewGuid().ToString("N");
        var provider = new OidcStandIn(builder.Build(), $"http://127.0.0.1:{port}/{tenant}");
        provider._app.MapGet($"/{tenant}/.well-known/openid-configuration", () => provider.Describe());
        provider._app.MapGet($"/{tenant}/jwks", () => provider.Keys());
        provider._app.MapPost($"/{tenant}/token", (Delegate)provider.TokenAsync);
        await provider._app.StartAsync();
        return provider;
    }

    public void RotateEcKey() => (Ec, EcKeyId) = (ECDsa.Create(ECCurve.NamedCurves.nistP256), "ec-" + Guid.NewGuid().ToString("N"));

    /// <summary>The claims of a proper ID token for a sign-in that was begun at this address.</summary>
    public Dictionary<string, object> Claims(Uri authorization, string subject, string email)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new()
        {
            ["iss"] = Issuer,
            ["aud"] = ClientId,
            ["sub"] = subject,
            ["email"] = email,
            ["email_verified"] = true,
            ["name"] = "Pat Person",
            ["nonce"] = Parameter(authorization, "nonce"),
            ["iat"] = now,
            ["exp"] = now + 300,
        };
    }

    /// <summary>Makes a code for an ID token, bound to the sign-in's PKCE challenge.</summary>
    public string Code(Uri authorization, string idToken, string accessToken = "access")
    {
        var code = Guid.NewGuid().ToString("N");
        _grants[code] = new Grant(Parameter(authorization, "code_challenge"), Parameter(authorization, "redirect_uri"), idToken, accessToken);
        return code;
    }

    public string SignEs256(object claims, object? header = null) => Sign(header ?? new { alg = "ES256", kid = EcKeyId, typ = "JWT" }, claims, input => Ec.SignData(input, HashAlgorithmName.SHA256));

    public string SignRs256(object claims, object? header = null) =>
        Sign(header ?? new { alg = "RS256", kid = "rsa" }, claims, input => Rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static string Sign(object header, object claims, Func<byte[], byte[]> sign)
    {
        var body = claims as string ?? JsonSerializer.Serialize(claims);
        var input = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(header))}.{Encode(Encoding.UTF8.GetBytes(body))}";
        return $"{input}.{Encode(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    public static string Parameter(Uri address, string name) => QueryHelpers.ParseQuery(address.Query)[name].ToString();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Rsa.Dispose();
        Ec.Dispose();
    }

    private Dictionary<string, object> Describe()
    {
        var all = new Dictionary<string, object>
        {
            ["issuer"] = Issuer,
            ["authorization_endpoint"] = $"{Issuer}/authorize",
            ["token_endpoint"] = $"{Issuer}/token",
            ["jwks_uri"] = $"{Issuer}/jwks",
            ["authorization_response_iss_parameter_supported"] = true,
        };
        foreach (var (name, value) in Configuration)
        {
            all[name] = value;
        }

        return all;
    }

    private object Keys()
    {
        KeyRequests++;
        var (rsa, ec) = (Rsa.ExportParameters(false), Ec.ExportParameters(false));
        return new
        {
            keys = new object[]
            {
                new { kty = "RSA", kid = "rsa", use = "sig", n = Encode(rsa.Modulus!), e = Encode(rsa.Exponent!) },
                new { kty = "EC", kid = EcKeyId, crv = "P-256", x = Encode(ec.Q.X!), y = Encode(ec.Q.Y!) },
                new { kty = "oct", kid = "shared", k = Encode(Encoding.ASCII.GetBytes(ClientSecret)) },
            },
        };
    }

    private async Task<IResult> TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(ClientId)}:{Uri.EscapeDataString(ClientSecret)}"));
        return context.Request.Headers.Authorization == expected && _grants.TryRemove(form["code"].ToString(), out var grant)
            && form["redirect_uri"] == grant.RedirectUri && Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) == grant.Challenge
            ? Results.Json(new { access_token = grant.AccessToken, token_type = "Bearer", id_token = grant.IdToken })
            : Results.Json(new { error = "invalid_grant" }, statusCode: 400);
    }

    private sealed record Grant(string Challenge, string RedirectUri, string IdToken, string AccessToken);
}
