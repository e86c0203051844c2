using System.Security.Cryptography;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>
/// The keys of one kind of token while they rotate: <c>{name}.pem</c> signs, every block of <c>{name}.pub.pem</c> verifies, an old one
/// until the time written above it. Both files are looked at again while we run, so that a rotation needs no restart. Safe to use from any thread.
/// </summary>
public sealed class SigningKeyRing
{
    private readonly string _name;
    private readonly WatchedFiles<Files, Loaded> _watched;
    private readonly TimeProvider _clock;

    /// <param name="directory">Null: the files are what they were.</param>
    private SigningKeyRing(string? directory, string name, Files first, TimeProvider clock)
    {
        (_name, _clock) = (name, clock);
        _watched = new(directory is null ? null : () => Files.Of(directory, name, first.Private is not null), files => Read(name, files), first, clock);
    }

    /// <summary>The key that signs.</summary>
    /// <exception cref="InvalidOperationException">This ring only verifies.</exception>
    public JwtSigningKey Signing => _watched.Current().Signing ?? throw new InvalidOperationException($"The ring {_name} holds public keys only.");

    /// <summary>The keys that verify at this moment, the signing one's public half among them.</summary>
    public IReadOnlyList<JwtVerificationKey> Trusted => _watched.Current().TrustedAt(_clock.GetUtcNow());

    /// <summary>One private key that never changes.</summary>
    public static SigningKeyRing OfKey(string privatePem, TimeProvider clock)
    {
        using JwtSigningKey key = JwtSigningKey.FromPem(privatePem);
        return new SigningKeyRing(null, key.KeyId, new Files(privatePem, key.ExportPublicPem()), clock);
    }

    /// <summary>Public keys that never change.</summary>
    public static SigningKeyRing OfPublicKeys(IReadOnlyList<JwtVerificationKey> keys, TimeProvider clock) =>
        new(null, "public", new Files(null, string.Concat(keys.Select(k => k.ExportPublicPem()))), clock);

    /// <summary>Reads both halves from a directory, and makes those that do not exist.</summary>
    /// <exception cref="CryptographicException">A file does not hold what it should.</exception>
    public static SigningKeyRing LoadOrCreate(string directory, string name, TimeProvider clock)
    {
        // The public half follows from the private one, so that two roles cannot pair halves of different keys.
        string privatePem = KeyFiles.LoadOrCreate(directory, $"{name}.pem", NewPrivatePem);
        _ = KeyFiles.LoadOrCreate(directory, $"{name}.pub.pem", () => PublicOf(privatePem));
        return new SigningKeyRing(directory, name, Files.Of(directory, name, signs: true), clock);
    }

    /// <summary>Reads public keys from <c>{name}.pub.pem</c>: what a node has that signs nothing.</summary>
    /// <exception cref="CryptographicException">The file does not hold what it should.</exception>
    public static SigningKeyRing LoadPublic(string directory, string name, TimeProvider clock) =>
        new(directory, name, Files.Of(directory, name, signs: false), clock);

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
                blocks.Add((end is { } at ? TrustEnd.Line(at) : "") + old.Key.ExportPublicPem());
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
        return !verified.IsOk && verified.Error.Code == "token_key_unknown" && _watched.Look() ? CompactJwt.Verify(token, Trusted, expected, _clock) : verified;
    }

    private static Loaded Read(string name, Files files)
    {
        JwtSigningKey? signing = files.Private is { } pem ? JwtSigningKey.FromPem(pem) : null;
        Trust[] trusted = [.. ReadTrusted(files.Public)];
        return signing is null || trusted.Any(t => t.Key.KeyId == signing.KeyId)
            ? new Loaded(signing, trusted)
            : throw new CryptographicException($"{name}.pub.pem does not hold the public half of {name}.pem; add it.");
    }

    private static List<Trust> ReadTrusted(string pem)
    {
        List<Trust> trusted = [];
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            DateTimeOffset? until = null;
            int label = rest[..fields.Location.Start].LastIndexOf(TrustEnd.Label);
            if (label >= 0)
                until = TrustEnd.Read(rest[(label + TrustEnd.Label.Length)..fields.Location.Start].Trim());
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

    /// <param name="Private">Null: this ring only verifies.</param>
    /// <param name="Public">PEM blocks.</param>
    private sealed record Files(string? Private, string Public)
    {
        public static Files Of(string directory, string name, bool signs) =>
            new(signs ? File.ReadAllText(Path.Combine(directory, $"{name}.pem")) : null, File.ReadAllText(Path.Combine(directory, $"{name}.pub.pem")));
    }

    private sealed record Loaded(JwtSigningKey? Signing, Trust[] Trusts)
    {
        private readonly JwtVerificationKey[] _all = [.. Trusts.Select(t => t.Key)];

        /// <summary>Allocates only while a key is on its way out.</summary>
        public IReadOnlyList<JwtVerificationKey> TrustedAt(DateTimeOffset now) =>
            Trusts.Any(t => t.Until <= now) ? [.. Trusts.Where(t => t.Until is null || t.Until > now).Select(t => t.Key)] : _all;
    }
}
