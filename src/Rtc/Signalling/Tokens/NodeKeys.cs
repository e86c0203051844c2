using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>
/// The keys of one installation, in <c>{dataDir}/keys</c>, made at the first start. The roles start at once, so each file
/// is created whole and exactly once: whoever comes second reads what the first wrote.
/// </summary>
public sealed record NodeKeys
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary><c>grants.pem</c>: signs room grants. Only the platform role uses it.</summary>
    public required string GrantPrivatePem { get; init; }

    /// <summary><c>grants.pub.pem</c>: verifies room grants; holds a second block while keys rotate.</summary>
    public required string GrantPublicPem { get; init; }

    /// <summary><c>node.key</c>: the secret that roles present to each other (43 characters of base64url).</summary>
    public required string NodeKey { get; init; }

    /// <summary><c>playback.key</c>: 32 bytes that sign playback addresses.</summary>
    public required byte[] PlaybackKey { get; init; }

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

        string grants = LoadOrCreateFile(directory, "grants.pem", NewSigningKey);
        // The public half follows from the private one, so that two roles cannot pair halves of different keys.
        string grantsPublic = LoadOrCreateFile(directory, "grants.pub.pem", () => PublicOf(grants));
        string events = LoadOrCreateFile(directory, "events.pem", NewSigningKey);
        string analytics = LoadOrCreateFile(directory, "analytics.pem", NewSigningKey);
        using (JwtSigningKey.FromPem(events))
        using (JwtSigningKey.FromPem(analytics))
        using (JwtSigningKey grantKey = JwtSigningKey.FromPem(grants))
        {
            IReadOnlyList<JwtVerificationKey> trusted = JwtVerificationKey.AllFromPem(grantsPublic);
            if (trusted.All(key => key.KeyId != grantKey.KeyId))
                throw new CryptographicException($"{directory}/grants.pub.pem does not hold the public half of grants.pem; add it.");
        }

        return new NodeKeys
        {
            GrantPrivatePem = grants,
            GrantPublicPem = grantsPublic,
            EventsPrivatePem = events,
            AnalyticsPrivatePem = analytics,
            NodeKey = Secret(directory, "node.key").Text,
            PlaybackKey = Secret(directory, "playback.key").Bytes,
        };
    }

    private static string NewSigningKey()
    {
        using JwtSigningKey key = JwtSigningKey.Generate();
        return key.ExportPrivatePem();
    }

    private static string PublicOf(string privatePem)
    {
        using JwtSigningKey key = JwtSigningKey.FromPem(privatePem);
        return key.ExportPublicPem();
    }

    private static (string Text, byte[] Bytes) Secret(string directory, string name)
    {
        string text = LoadOrCreateFile(directory, name, () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)) + "\n").Trim();
        byte[] bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int written) && written >= 32
            ? (text, bytes[..written])
            : throw new CryptographicException($"{directory}/{name} does not hold 32 bytes of base64url; delete it to have a new one made.");
    }

    private static string LoadOrCreateFile(string directory, string name, Func<string> make)
    {
        string path = Path.Combine(directory, name);
        if (File.Exists(path))
            return File.ReadAllText(path);

        // Written and synced under a name of its own, then linked to its place: a reader sees all of it or nothing, and of
        // several roles exactly one succeeds. The others find the key of the first.
        string draft = Path.Combine(directory, $".{name}.{Guid.NewGuid():N}");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (FileStream stream = new(draft, options))
            {
                stream.Write(Encoding.ASCII.GetBytes(make()));
                stream.Flush(flushToDisk: true);
            }

            _ = LinuxFiles.TryLink(draft, path);
        }
        finally
        {
            File.Delete(draft);
        }

        LinuxFiles.SyncDirectory(directory);
        return File.ReadAllText(path);
    }
}
