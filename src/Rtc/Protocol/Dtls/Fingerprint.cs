using System.Globalization;

namespace Events.Rtc.Protocol.Dtls;

/// <summary>A certificate fingerprint as SDP carries it (RFC 8122 §5): hash function name and the digest.</summary>
public sealed class Fingerprint : IEquatable<Fingerprint>
{
    private readonly byte[] _digest;

    public Fingerprint(string algorithm, ReadOnlySpan<byte> digest)
    {
        Algorithm = algorithm.ToLowerInvariant();
        _digest = digest.ToArray();
    }

    /// <summary>Lower case: "sha-256".</summary>
    public string Algorithm { get; }

    public ReadOnlySpan<byte> Digest => _digest;

    /// <summary>Parses "sha-256 AB:CD:…"; false when malformed or of the wrong length for its algorithm.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Fingerprint? fingerprint)
    {
        fingerprint = null;
        text = text.Trim();
        var space = text.IndexOf(' ');
        if (space <= 0)
        {
            return false;
        }

        var algorithm = text[..space].ToString().ToLowerInvariant();
        var expected = algorithm switch { "sha-1" => 20, "sha-224" => 28, "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, _ => 0 };
        var hex = text[(space + 1)..].Trim();
        if (expected == 0 || hex.Length != (expected * 3) - 1)
        {
            return false;
        }

        var digest = new byte[expected];
        for (var i = 0; i < expected; i++)
        {
            if (!byte.TryParse(hex.Slice(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out digest[i])
                || (i + 1 < expected && hex[(i * 3) + 2] != ':'))
            {
                return false;
            }
        }

        fingerprint = new(algorithm, digest);
        return true;
    }

    public bool Equals(Fingerprint? other) =>
        other is not null && other.Algorithm == Algorithm && _digest.AsSpan().SequenceEqual(other._digest);

    public override bool Equals(object? obj) => Equals(obj as Fingerprint);

    public override int GetHashCode() => HashCode.Combine(Algorithm, _digest.Length > 0 ? _digest[0] : 0);

    public override string ToString() => $"{Algorithm} {string.Join(':', _digest.Select(b => b.ToString("X2", CultureInfo.InvariantCulture)))}";
}
