using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Events.Rtc.Signalling;

/// <summary>A STUN or TURN server that clients are told of.</summary>
/// <param name="Urls">For example <c>turn:turn.example.org:3478?transport=udp</c> (RFC 7064, RFC 7065).</param>
/// <param name="Username">For TURN.</param>
/// <param name="Credential">For TURN.</param>
public sealed record IceServer(IReadOnlyList<string> Urls, string? Username = null, string? Credential = null);

/// <summary>TURN servers that share a secret with us and let in whoever shows a name signed with it.</summary>
public sealed record TurnOptions
{
    /// <summary>Where they listen: <c>turn:</c> and <c>turns:</c>, and <c>stun:</c>, which needs no credentials.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>coturn's <c>static-auth-secret</c>; at least 16 characters.</summary>
    public required string Secret { get; init; }

    /// <summary>How long a name is let in. Clients ask for another before; a relayed call that runs goes on.</summary>
    public TimeSpan CredentialLifetime { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>What a client is told of STUN and TURN: the fixed servers, and the shared ones with credentials of its own.</summary>
/// <remarks>draft-uberti-behave-turn-rest-00 §2.2: user name = end of validity in seconds since 1970 ":" user, password = base64(HMAC-SHA1(secret, user name)).</remarks>
internal sealed class IceServers(SignallingOptions options, TimeProvider clock)
{
    private static readonly string[] NeedCredentials = ["turn:", "turns:"];

    /// <summary>Seconds for which the answer of <see cref="For"/> is good; null: for ever.</summary>
    public int? Ttl => options.Turn is { } turn ? (int)turn.CredentialLifetime.TotalSeconds : null;

    /// <param name="identity">The client's, which TURN servers write into their logs: an id, never a name.</param>
    public IReadOnlyList<IceServer> For(string identity)
    {
        if (options.Turn is not { } turn)
            return options.IceServers;
        string username = string.Create(CultureInfo.InvariantCulture, $"{(clock.GetUtcNow() + turn.CredentialLifetime).ToUnixTimeSeconds()}:{identity}");
        List<IceServer> servers = [.. options.IceServers];
        List<string> open = [.. turn.Urls.Where(url => !HasCredentials(url))];
        List<string> relays = [.. turn.Urls.Where(HasCredentials)];
        if (open.Count > 0)
            servers.Add(new IceServer(open));
        if (relays.Count > 0)
            servers.Add(new IceServer(relays, username, Sign(turn.Secret, username)));
        return servers;
    }

    private static bool HasCredentials(string url) => NeedCredentials.Any(scheme => url.StartsWith(scheme, StringComparison.Ordinal));

    [SuppressMessage("Security", "CA5350", Justification = "TURN servers know no other signature (draft-uberti-behave-turn-rest-00 §2.2).")]
    private static string Sign(string secret, string username) =>
        Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(username)));
}
