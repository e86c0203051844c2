using Events.Rtc.Signalling.Tokens;

namespace Events.Rtc.Signalling;

/// <summary>How the doors of a media node behave.</summary>
public sealed record SignallingOptions
{
    /// <summary>PEM of the keys that verify room grants: one, or two while keys rotate. Each text may hold several blocks.</summary>
    public required IReadOnlyList<string> GrantPublicKeys { get; init; }

    /// <summary>Where <c>grants.pub.pem</c> is, which then takes the keys' place and is looked at while we run; null: the keys stay what they are.</summary>
    public string? KeysDirectory { get; init; }

    /// <summary>The secret of the node API and of event delivery; at least 16 characters.</summary>
    public required SecretRing NodeKey { get; init; }

    /// <summary>The installation's data directory; the journal lives in <c>journal/{NodeName}</c> below it.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>This node's name, <c>[A-Za-z0-9._~-]{1,64}</c>; the platform counts its events by it.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where events are delivered; null keeps them in the journal.</summary>
    public Uri? PlatformUrl { get; init; }

    /// <summary>Makes the handler that reaches the platform; null: the default. The host gives one that trusts its own certificate.</summary>
    public Func<HttpMessageHandler>? PlatformHandler { get; init; }

    /// <summary>
    /// Lets WHIP and WHEP in without a grant, and WHIP create the named room. Development only: mapping fails outside of the
    /// Development environment, requests must arrive on a loopback address, and forwarded ones are refused.
    /// </summary>
    public bool OpenWhip { get; init; }

    /// <summary>An <c>Origin</c> on the request's own host and this port is the platform's and allowed.</summary>
    public int PlatformHttpPort { get; init; } = 8080;

    /// <summary>Further origins allowed at the hub (<c>EVENTS_ORIGINS</c>), as <c>https://host[:port]</c>.</summary>
    public IReadOnlyList<string> ExtraOrigins { get; init; } = [];

    /// <summary>Handed to clients with the answer of join, and as Link headers.</summary>
    public IReadOnlyList<IceServer> IceServers { get; init; } = [];

    /// <summary>TURN servers for which each client gets credentials of its own; null: none.</summary>
    public TurnOptions? Turn { get; init; }

    /// <summary>A socket from which nothing has come for so long is lost; our client pings every 5 s, @microsoft/signalr by default every 15 s.</summary>
    public TimeSpan SocketSilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A participant whose client closed its socket leaves after this long without a resume.</summary>
    public TimeSpan ResumeGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A participant whose socket fell silent leaves after this long without a resume: as long as our own client tries. Longer keeps
    /// who will not come back in the list, shorter makes a long tunnel a new join.
    /// </summary>
    public TimeSpan OutageGrace { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Hub calls per second of one connection, in the long run; a whole venue may share one.</summary>
    public int HubCallsPerSecond { get; init; } = 50;

    /// <summary>Hub calls at once of one connection.</summary>
    public int HubCallBurst { get; init; } = 100;

    /// <summary>Messages that wait for a slow client before its connection is dropped; it resumes with a snapshot.</summary>
    public int HubQueueLength { get; init; } = 2_000;

    /// <summary>Requests for WHIP, WHEP and the hub per second of one address (one /64 of IPv6), in the long run; a whole venue may share one.</summary>
    public int HttpRequestsPerSecond { get; init; } = 1_000;

    /// <summary>Requests for WHIP, WHEP and the hub at once of one address. Behind a proxy all clients share one: raise it there.</summary>
    public int HttpRequestBurst { get; init; } = 5_000;

    internal void Validate()
    {
        if (GrantPublicKeys.Count == 0)
            throw new ArgumentException("At least one grant key is needed.");
        if (NodeKey.Current.Length < 16)
            throw new ArgumentException("The node key must have at least 16 characters.");
        if (!GrantFormat.IsRoomName(NodeName))
            throw new ArgumentException($"The node name '{NodeName}' must match [A-Za-z0-9._~-]{{1,64}}.");
        if (Turn is { } turn && (turn.Urls.Count == 0 || turn.Secret.Length < 16 || turn.CredentialLifetime < TimeSpan.FromMinutes(1)))
            throw new ArgumentException("TURN needs addresses, a secret of at least 16 characters, and credentials that live a minute or longer.");
        if (ResumeGrace <= TimeSpan.Zero || OutageGrace <= TimeSpan.Zero || SocketSilence <= TimeSpan.Zero || HubCallsPerSecond <= 0 || HubCallBurst <= 0 || HubQueueLength <= 0
            || HttpRequestsPerSecond <= 0 || HttpRequestBurst <= 0)
            throw new ArgumentException("Grace, rates and queue lengths must be more than zero.");
    }
}
