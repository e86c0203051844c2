using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>
/// A shared secret while it rotates, one file: its first line is the secret that is shown and signs; those below are accepted too, each until the
/// time in the line above it, or for as long as it stands there. A secret is 32 bytes in base64url. Safe to use from any thread.
/// </summary>
public sealed class SecretRing
{
    /// <summary>The file of the secret that roles show each other.</summary>
    public const string Node = "node";

    /// <summary>The file of the secret that signs addresses of media.</summary>
    public const string Playback = "playback";

    private const int MinBytes = 32;

    private readonly string _name;
    private readonly WatchedFiles<string, Secret[]> _watched;
    private readonly TimeProvider _clock;

    private SecretRing(string name, Func<string>? read, string first, TimeProvider clock)
    {
        (_name, _clock) = (name, clock);
        _watched = new(read, content => [.. Read(name, content)], first, clock);
    }

    /// <summary>The secret that is shown to others, as text.</summary>
    public string Current => _watched.Current()[0].Text;

    /// <summary>The secrets that verify at this moment, the one that signs first.</summary>
    public IReadOnlyList<byte[]> Trusted => [.. TrustedNow().Select(secret => secret.Bytes)];

    /// <summary>A secret that never changes.</summary>
    /// <param name="text">At least one character; the same text is to be shown.</param>
    /// <param name="clock">None is needed: it has no end.</param>
    public static SecretRing Of(string text, TimeProvider? clock = null) => new("", null, text, clock ?? TimeProvider.System);

    /// <summary>Reads <c>{name}.key</c>, and makes it if it does not exist.</summary>
    /// <exception cref="CryptographicException">The file does not hold what it should.</exception>
    public static SecretRing LoadOrCreate(string directory, string name, TimeProvider clock)
    {
        string file = FileOf(name);
        string first = KeyFiles.LoadOrCreate(directory, file, NewLine);
        return new SecretRing($"{directory}/{file}", () => File.ReadAllText(Path.Combine(directory, file)), first, clock);
    }

    /// <summary>Lets a new secret sign. Those before are accepted for a while, or no longer.</summary>
    /// <param name="directory">Where <see cref="LoadOrCreate"/> keeps the file.</param>
    /// <param name="name">The ring's.</param>
    /// <param name="overlap">The life of what the old secret signed; zero: it is known to a stranger, and ends at once. Null: what it signed has no end.</param>
    /// <param name="now">The moment.</param>
    public static void Rotate(string directory, string name, TimeSpan? overlap, DateTimeOffset now)
    {
        string before = KeyFiles.LoadOrCreate(directory, FileOf(name), NewLine);
        StringBuilder lines = new(NewLine());
        foreach (Secret old in overlap == TimeSpan.Zero ? [] : Read(name, before))
        {
            DateTimeOffset? end = old.Until ?? (overlap is { } life ? now + life : null);
            if (end is null || end > now)
                lines.Append(end is { } at ? TrustEnd.Line(at) : "").Append(old.Text).Append('\n');
        }

        KeyFiles.Replace(directory, FileOf(name), lines.ToString());
    }

    /// <summary>
    /// Whether this is one of the secrets, in a time that does not depend on where it differs. One that we do not know may have been made this moment: the file is looked at.
    /// </summary>
    public bool Accepts(string? shown) => shown is not null && (IsKnown(shown) || (_watched.Look() && IsKnown(shown)));

    /// <summary>Looks whether there are new secrets; for who was shown a signature that none of <see cref="Trusted"/> made.</summary>
    public bool Look() => _watched.Look();

    private bool IsKnown(string shown)
    {
        // Hashes have one length and no common prefix to measure.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(shown));
        bool known = false;
        foreach (Secret secret in TrustedNow())
            known |= CryptographicOperations.FixedTimeEquals(hash, secret.Hash);
        return known;
    }

    private IEnumerable<Secret> TrustedNow()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        return _watched.Current().Where(secret => secret.Until is null || secret.Until > now);
    }

    private static string FileOf(string name) => $"{name}.key";

    private static string NewLine() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(MinBytes)) + "\n";

    /// <param name="name">A file's, whose secrets are base64url; empty: any text, which is its own bytes.</param>
    /// <param name="content">Its lines.</param>
    private static List<Secret> Read(string name, string content)
    {
        List<Secret> secrets = [];
        DateTimeOffset? until = null;
        foreach (string line in content.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith(TrustEnd.Label, StringComparison.Ordinal))
            {
                until = TrustEnd.Read(line.AsSpan(TrustEnd.Label.Length).Trim());
                continue;
            }

            secrets.Add(new Secret(line, name.Length == 0 ? Encoding.UTF8.GetBytes(line) : Decode(name, line), SHA256.HashData(Encoding.UTF8.GetBytes(line)), until));
            until = null;
        }

        // The one that signs has no end, or nothing would be signed some day.
        return secrets.Count > 0 && secrets[0].Until is null ? secrets : throw new CryptographicException($"{name} does not begin with a secret; delete it to have a new one made.");
    }

    private static byte[] Decode(string name, string line)
    {
        string text = line.TrimEnd('=').Replace('+', '-').Replace('/', '_'); // older files are base64
        byte[] bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int written) && written >= MinBytes
            ? bytes[..written]
            : throw new CryptographicException($"{name} does not hold {MinBytes} bytes of base64url; delete it to have a new one made.");
    }

    /// <param name="Until">Null: for as long as it stands there.</param>
    private sealed record Secret(string Text, byte[] Bytes, byte[] Hash, DateTimeOffset? Until);
}
