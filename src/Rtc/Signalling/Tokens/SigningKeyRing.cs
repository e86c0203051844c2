using System.Globalization;
using System.Security.Cryptography;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>
/// The keys of one kind of token while they rotate: <c>{name}.pem</c> signs, every block of <c>{name}.pub.pem</c> verifies, an old one
/// until the time written above it. Both files are looked at again while we run, so that a rotation needs no restart. Safe to use from any thread.
/// </summary>
public sealed class SigningKeyRing
{
    /// <summary>Stands before the block of a key that signs no more (RFC 7468 §2 lets text stand there), followed by an RFC 3339 time.</summary>
    private const string EndLabel = "Trusted-Until: ";

    /// <summary>A key that was taken away is trusted for this much longer.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string? _directory;
    private readonly string _name;
    private readonly bool _signs;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private volatile Loaded _loaded;
    private long _lookedAt;

    private SigningKeyRing(string? directory, string name, bool signs, Loaded loaded, TimeProvider clock)
    {
        (_directory, _name, _signs, _loaded, _clock) = (directory, name, signs, loaded, clock);
        _lookedAt = clock.GetTimestamp();
    }

    /// <summary>The key that signs.</summary>
    /// <exception cref="InvalidOperationException">This ring only verifies.</exception>
    public JwtSigningKey Signing => Current().Signing ?? throw new InvalidOperationException($"The ring {_name} holds public keys only.");

    /// <summary>The keys that verify at this moment, the signing one's public half among them.</summary>
    public IReadOnlyList<JwtVerificationKey> Trusted => Current().TrustedAt(_clock.GetUtcNow());

    /// <summary>One private key that never changes.</summary>
    public static SigningKeyRing OfKey(string privatePem, TimeProvider clock)
    {
        JwtSigningKey key = JwtSigningKey.FromPem(privatePem);
        return new SigningKeyRing(null, key.KeyId, signs: true, new Loaded(("", ""), key, [.. JwtVerificationKey.AllFromPem(key.ExportPublicPem()).Select(k => new Trust(k, null))]), clock);
    }

    /// <summary>Public keys that never change.</summary>
    public static SigningKeyRing OfPublicKeys(IReadOnlyList<JwtVerificationKey> keys, TimeProvider clock) =>
        new(null, "public", signs: false, new Loaded(("", ""), null, [.. keys.Select(k => new Trust(k, null))]), clock);

    /// <summary>Reads both halves from a directory, and makes those that do not exist.</summary>
    /// <exception cref="CryptographicException">A file does not hold what it should.</exception>
    public static SigningKeyRing LoadOrCreate(string directory, string name, TimeProvider clock)
    {
        // The public half follows from the private one, so that two roles cannot pair halves of different keys.
        string privatePem = KeyFiles.LoadOrCreate(directory, $"{name}.pem", NewPrivatePem);
        _ = KeyFiles.LoadOrCreate(directory, $"{name}.pub.pem", () => PublicOf(privatePem));
        return new SigningKeyRing(directory, name, signs: true, Read(directory, name, Files(directory, name, signs: true)), clock);
    }

    /// <summary>Reads public keys from <c>{name}.pub.pem</c>: what a node has that signs nothing.</summary>
    /// <exception cref="CryptographicException">The file does not hold what it should.</exception>
    public static SigningKeyRing LoadPublic(string directory, string name, TimeProvider clock) =>
        new(directory, name, signs: false, Read(directory, name, Files(directory, name, signs: false)), clock);

    /// <summary>Lets a new key sign. Those before are trusted for a while, or no longer.</summary>
    /// <param name="directory">Where <see cref="LoadOrCreate"/> keeps the files.</param>
    /// <param name="name">The ring's.</param>
    /// <param name="overlap">The life of what the old key signed; zero: it is known to a stranger, and ends at once. Null: what it signed has no end.</param>
    /// <param name="now">The moment.</param>
    /// <returns>The new key's id.</returns>
    public static string Rotate(string directory, string name, TimeSpan? overlap, DateTimeOffset now)
    {
        string before = KeyFiles.LoadOrCreate(directory, $"{name}.pem", NewPrivatePem);
        string trusted = KeyFiles.LoadOrCreate(directory, $"{name}.pub.pem", () => PublicOf(before));
        using JwtSigningKey next = JwtSigningKey.Generate();
        List<string> blocks = [next.ExportPublicPem()];
        foreach (Trust old in overlap == TimeSpan.Zero ? [] : ReadTrusted(trusted))
        {
            DateTimeOffset? end = old.Until ?? (overlap is { } life ? now + life : null);
            if (end is null || end > now)
                blocks.Add((end is { } at ? EndLabel + at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) + "\n" : "") + old.Key.ExportPublicPem());
        }

        // Known before it signs: whoever reads between the two verifies both keys' tokens.
        KeyFiles.Replace(directory, $"{name}.pub.pem", string.Concat(blocks));
        KeyFiles.Replace(directory, $"{name}.pem", next.ExportPrivatePem());
        return next.KeyId;
    }

    /// <summary>See <see cref="CompactJwt.Verify"/>. A key that we do not know may have been made this moment: the files are looked at.</summary>
    public RtcResult<JwtClaims> Verify(string token, JwtExpectation expected)
    {
        RtcResult<JwtClaims> verified = CompactJwt.Verify(token, Trusted, expected, _clock);
        return !verified.IsOk && verified.Error.Code == "token_key_unknown" && Look() ? CompactJwt.Verify(token, Trusted, expected, _clock) : verified;
    }

    private Loaded Current()
    {
        if (_directory is not null && _clock.GetElapsedTime(Interlocked.Read(ref _lookedAt)) >= LookEvery)
            Look();
        return _loaded;
    }

    /// <summary>Whether the files have changed; files that cannot be used leave the keys as they were.</summary>
    private bool Look()
    {
        if (_directory is null)
            return false;
        lock (_gate)
        {
            Interlocked.Exchange(ref _lookedAt, _clock.GetTimestamp());
            try
            {
                // What they hold, not when they were written: two writes may fall into one tick of the file system's clock.
                (string? Private, string Public) files = Files(_directory, _name, _signs);
                if (files == _loaded.Files)
                    return false;
                _loaded = Read(_directory, _name, files);
                return true;
            }
            catch (Exception exception) when (exception is IOException or CryptographicException)
            {
                return false; // between the two files of a rotation, or an operator's slip: the next look may find better
            }
        }
    }

    private static Loaded Read(string directory, string name, (string? Private, string Public) files)
    {
        JwtSigningKey? signing = files.Private is { } pem ? JwtSigningKey.FromPem(pem) : null;
        Trust[] trusted = [.. ReadTrusted(files.Public)];
        return signing is null || trusted.Any(t => t.Key.KeyId == signing.KeyId)
            ? new Loaded(files, signing, trusted)
            : throw new CryptographicException($"{directory}/{name}.pub.pem does not hold the public half of {name}.pem; add it.");
    }

    private static (string? Private, string Public) Files(string directory, string name, bool signs) =>
        (signs ? File.ReadAllText(Path.Combine(directory, $"{name}.pem")) : null, File.ReadAllText(Path.Combine(directory, $"{name}.pub.pem")));

    private static List<Trust> ReadTrusted(string pem)
    {
        List<Trust> trusted = [];
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            DateTimeOffset? until = null;
            int label = rest[..fields.Location.Start].LastIndexOf(EndLabel);
            if (label >= 0)
            {
                ReadOnlySpan<char> text = rest[(label + EndLabel.Length)..fields.Location.Start].Trim();
                until = DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset end)
                    ? end
                    : throw new CryptographicException($"'{text}' is no time like 2030-01-31T12:00:00Z.");
            }

            trusted.Add(new Trust(JwtVerificationKey.AllFromPem(rest[fields.Location].ToString())[0], until));
            rest = rest[fields.Location.End..];
        }

        return trusted.Count > 0 ? trusted : throw new CryptographicException("No public key in the PEM.");
    }

    private static string NewPrivatePem()
    {
        using JwtSigningKey key = JwtSigningKey.Generate();
        return key.ExportPrivatePem();
    }

    private static string PublicOf(string privatePem)
    {
        using JwtSigningKey key = JwtSigningKey.FromPem(privatePem);
        return key.ExportPublicPem();
    }

    /// <param name="Until">Null: for as long as it stands there.</param>
    private sealed record Trust(JwtVerificationKey Key, DateTimeOffset? Until);

    private sealed record Loaded((string? Private, string Public) Files, JwtSigningKey? Signing, Trust[] Trusts)
    {
        private readonly JwtVerificationKey[] _all = [.. Trusts.Select(t => t.Key)];

        /// <summary>Allocates only while a key is on its way out.</summary>
        public IReadOnlyList<JwtVerificationKey> TrustedAt(DateTimeOffset now) =>
            Trusts.Any(t => t.Until <= now) ? [.. Trusts.Where(t => t.Until is null || t.Until > now).Select(t => t.Key)] : _all;
    }
}
