using Events.Platform.Features.Privacy;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Composition;

/// <summary>A public key as RFC 7517 has it, P-256.</summary>
/// <param name="Purpose">Whose signatures it verifies: events, analytics, grants or tickets; a member of our own (RFC 7517 §4).</param>
public sealed record PublicKey(string Kty, string Crv, string X, string Y, string Use, string Alg, string Kid, string Purpose);

/// <param name="Keys">The one that signs first, then those that are still trusted.</param>
public sealed record PublicKeys(IReadOnlyList<PublicKey> Keys);

/// <summary>The platform's signing keys, and their public halves for who verifies elsewhere: offline scanners, an organiser's own system.</summary>
internal static class KeyRings
{
    public const string Path = "/.well-known/jwks.json";

    /// <summary>Every ring, and how long what it signs lives: for so long an old key is trusted. Null: a printed ticket has no end.</summary>
    public static readonly IReadOnlyDictionary<string, TimeSpan?> Lifetimes = new Dictionary<string, TimeSpan?>
    {
        [NodeKeys.Events] = TimeSpan.FromMinutes(20), // EventTokens.Lifetime, and clocks that differ
        [NodeKeys.Analytics] = TimeSpan.FromMinutes(20),
        [NodeKeys.Grants] = GrantFormat.MaxLifetime + TimeSpan.FromHours(1),
        [TicketKeys.Ring] = null,
    };

    /// <summary>Every shared secret, and how long what it made lives.</summary>
    public static readonly IReadOnlyDictionary<string, TimeSpan?> SecretLifetimes = new Dictionary<string, TimeSpan?>
    {
        [SecretRing.Node] = TimeSpan.FromHours(1), // it signs nothing: for as long as a role on another machine may wait for the file
        [SecretRing.Playback] = ExportFile.KeptFor + TimeSpan.FromHours(1), // the longest of signed addresses
        [TicketKeys.Links] = null, // links in mails have no end
    };

    public static void AddKeyRings(this IServiceCollection services, NodeOptions options)
    {
        foreach (var name in Lifetimes.Keys)
        {
            services.AddKeyedSingleton(name, (provider, _) => SigningKeyRing.LoadOrCreate(options.KeysDirectory, name, provider.GetRequiredService<TimeProvider>()));
        }
    }

    public static void MapPublicKeys(this IEndpointRouteBuilder routes) => routes.MapGet(Path, (IServiceProvider services, HttpContext context) =>
    {
        // Shorter than any overlap, so that nobody misses a new key for long.
        context.Response.Headers.CacheControl = "public, max-age=60";
        return TypedResults.Ok(new PublicKeys([.. Lifetimes.Keys.SelectMany(name => services.GetRequiredKeyedService<SigningKeyRing>(name).Trusted.Select(k => Public(name, k)))]));
    }).ReadableByAnySite();

    private static PublicKey Public(string purpose, JwtVerificationKey key)
    {
        var (x, y) = key.Coordinates();
        return new PublicKey("EC", "P-256", x, y, "sig", "ES256", key.KeyId, purpose);
    }
}
