using System.Security.Cryptography;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>
/// The keys of one installation, in <c>{dataDir}/keys</c>, made at the first start. The roles start at once, so each file
/// is created whole and exactly once: whoever comes second reads what the first wrote. Keys rotate in their rings
/// (<see cref="SigningKeyRing"/>, <see cref="SecretRing"/>); the PEM texts here are as they were at the start.
/// </summary>
public sealed record NodeKeys
{
    /// <summary>The ring of room grants.</summary>
    public const string Grants = "grants";

    /// <summary>The ring of event tokens.</summary>
    public const string Events = "events";

    /// <summary>The ring of analytics tokens.</summary>
    public const string Analytics = "analytics";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary><c>grants.pem</c>: signs room grants. Only the platform role uses it.</summary>
    public required string GrantPrivatePem { get; init; }

    /// <summary><c>grants.pub.pem</c>: verifies room grants; holds a second block while keys rotate.</summary>
    public required string GrantPublicPem { get; init; }

    /// <summary><c>node.key</c>: the secret that roles present to each other (43 characters of base64url).</summary>
    public required SecretRing NodeKey { get; init; }

    /// <summary><c>playback.key</c>: 32 bytes that sign playback addresses.</summary>
    public required SecretRing PlaybackKey { get; init; }

    /// <summary><c>events.pem</c>: signs event tokens. Only the platform role uses it.</summary>
    public required string EventsPrivatePem { get; init; }

    /// <summary><c>analytics.pem</c>: signs analytics tokens. Only the platform role uses it.</summary>
    public required string AnalyticsPrivatePem { get; init; }

    /// <summary>Reads the keys, and makes those that do not exist.</summary>
    /// <param name="dataDirectory">The installation's data directory.</param>
    /// <exception cref="CryptographicException">A file does not hold what it should.</exception>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static NodeKeys LoadOrCreate(string dataDirectory)
    {
        string directory = Path.Combine(dataDirectory, "keys");
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Keys are files that only their owner may read: a Unix file mode.");
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);

        foreach (string name in new[] { Grants, Events, Analytics })
            _ = SigningKeyRing.LoadOrCreate(directory, name, TimeProvider.System);
        string Text(string name) => File.ReadAllText(Path.Combine(directory, name));

        return new NodeKeys
        {
            GrantPrivatePem = Text($"{Grants}.pem"),
            GrantPublicPem = Text($"{Grants}.pub.pem"),
            EventsPrivatePem = Text($"{Events}.pem"),
            AnalyticsPrivatePem = Text($"{Analytics}.pem"),
            NodeKey = SecretRing.LoadOrCreate(directory, SecretRing.Node, TimeProvider.System),
            PlaybackKey = SecretRing.LoadOrCreate(directory, SecretRing.Playback, TimeProvider.System),
        };
    }
}
