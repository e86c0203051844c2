using System.Collections.Concurrent;
using System.Text.Json;
using Events.Platform.Composition;
using Microsoft.IdentityModel.Tokens;

namespace Events.Platform.Features.Sso.Oidc;

/// <summary>What a provider's configuration says (OpenID Connect Discovery 1.0 §3), as far as it is used here.</summary>
/// <param name="PostsSecret">The client secret goes into the form, since the provider does not take HTTP Basic.</param>
/// <param name="NamesIssuer">Authorization responses carry <c>iss</c> (RFC 9207 §3), so one without it is refused.</param>
internal sealed record OidcMetadata(string Issuer, Uri Authorization, Uri Token, Uri? UserInfo, Uri Keys, bool PostsSecret, bool NamesIssuer);

/// <summary>The keys that a provider signs with.</summary>
internal sealed record OidcKeys(IReadOnlyList<JsonWebKey> All);

/// <summary>Configurations and keys of providers, fetched within bounds and cached per issuer.</summary>
internal sealed class OidcDiscovery(OidcHttp http, TimeProvider clock)
{
    private const string WellKnown = "/.well-known/openid-configuration";
    private const int MaxKeys = 100;
    private const int MinRsaBits = 2_048; // RFC 7518 §3.3

    /// <summary>More issuers than that and the cache begins anew.</summary>
    private const int MaxIssuers = 1_000;

    private readonly ConcurrentDictionary<string, Cached<OidcMetadata>> _metadata = new();
    private readonly ConcurrentDictionary<string, Cached<OidcKeys>> _keys = new();

    /// <summary>Whether this can be an issuer at all (OpenID Connect Core 1.0 §2: https, no query, no fragment).</summary>
    public bool IsIssuer(string issuer) => http.Address(issuer) is { Query.Length: 0 };

    public Task<Outcome<OidcMetadata>> MetadataAsync(string issuer, CancellationToken cancel) =>
        Of(_metadata, issuer, c => FetchMetadataAsync(issuer, c)).GetAsync(cancel);

    /// <summary>The keys that may have signed a token with this key id; looked up anew once when the id is unknown, since providers rotate.</summary>
    public async Task<Outcome<OidcKeys>> KeysAsync(OidcMetadata metadata, string? keyId, CancellationToken cancel)
    {
        var cached = Of(_keys, metadata.Keys.AbsoluteUri, c => FetchKeysAsync(metadata.Keys, c));
        var keys = await cached.GetAsync(cancel);
        if (keys.Value is { } known && keyId is not null && known.All.All(k => k.Kid != keyId))
        {
            keys = await cached.RenewAsync(known, cancel);
        }

        return keys;
    }

    private Cached<T> Of<T>(ConcurrentDictionary<string, Cached<T>> cache, string key, Func<CancellationToken, Task<Outcome<T>>> fetch)
        where T : class
    {
        if (cache.Count >= MaxIssuers && !cache.ContainsKey(key))
        {
            cache.Clear();
        }

        return cache.GetOrAdd(key, _ => new Cached<T>(clock, fetch));
    }

    private async Task<Outcome<OidcMetadata>> FetchMetadataAsync(string issuer, CancellationToken cancel)
    {
        if (!IsIssuer(issuer))
        {
            return SsoErrors.Provider("has an address that is not allowed here");
        }

        var fetched = await http.GetAsync(new Uri(issuer.TrimEnd('/') + WellKnown), null, cancel);
        if (fetched.Error is not null)
        {
            return fetched.Error;
        }

        using var document = fetched.Value!;
        var root = document.RootElement;

        // Discovery §4.3: exactly the issuer that was asked, so that no provider speaks for another.
        if (OidcHttp.Text(root, "issuer") != issuer)
        {
            return SsoErrors.Provider("names another issuer than the one that is configured");
        }

        var authorization = http.Address(OidcHttp.Text(root, "authorization_endpoint"));
        var token = http.Address(OidcHttp.Text(root, "token_endpoint"));
        var keys = http.Address(OidcHttp.Text(root, "jwks_uri"));
        if (authorization is null || token is null || keys is null)
        {
            return SsoErrors.Provider("has no usable authorization, token or key address");
        }

        var methods = Texts(root, "token_endpoint_auth_methods_supported");
        return new OidcMetadata(
            issuer, authorization, token, http.Address(OidcHttp.Text(root, "userinfo_endpoint")), keys,
            methods.Count > 0 && !methods.Contains("client_secret_basic") && methods.Contains("client_secret_post"),
            root.TryGetProperty("authorization_response_iss_parameter_supported", out var names) && names.ValueKind == JsonValueKind.True);
    }

    private async Task<Outcome<OidcKeys>> FetchKeysAsync(Uri address, CancellationToken cancel)
    {
        var fetched = await http.GetAsync(address, null, cancel);
        if (fetched.Error is not null)
        {
            return fetched.Error;
        }

        using var document = fetched.Value!;
        if (!document.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array || keys.GetArrayLength() > MaxKeys)
        {
            return SsoErrors.Provider("has no usable set of keys");
        }

        return new OidcKeys([.. keys.EnumerateArray().Select(ReadKey).OfType<JsonWebKey>()]);
    }

    /// <summary>Public RSA and EC keys for signatures; whatever else a set holds is passed over (RFC 7517 §5).</summary>
    private static JsonWebKey? ReadKey(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || OidcHttp.Text(element, "kty") is not ("RSA" or "EC") || OidcHttp.Text(element, "use") is not (null or "sig"))
        {
            return null;
        }

        try
        {
            var key = new JsonWebKey(element.GetRawText());
            return key.Kty == JsonWebAlgorithmsKeyTypes.RSA ? (key.KeySize >= MinRsaBits ? key : null) : key.Crv == JsonWebKeyECTypes.P256 ? key : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return null;
        }
    }

    private static List<string> Texts(JsonElement root, string name) => root.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)]
        : [];
}
