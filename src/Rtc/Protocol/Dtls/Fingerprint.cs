using System.Globalization;
using System.Text;

namespace Events.Rtc.Protocol.Dtls;

/// <summary>A certificate fingerprint as SDP carries it (RFC 8122 §5): hash function name and the digest.</summary>
public sealed class Fingerprint : IEquatable<Fingerprint>
{
    private readonly byte[] _digest;
    private string? _text;

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

    /// <summary>As SDP has it; the same string each time, for one's own is in every answer.</summary>
    public override string ToString() => _text ??= Write();

    private string Write()
    {
        var text = new StringBuilder(Algorithm, Algorithm.Length + (3 * _digest.Length));
        for (var i = 0; i < _digest.Length; i++)
        {
            text.Append(i == 0 ? ' ' : ':').Append(CultureInfo.InvariantCulture, $"{_digest[i]:X2}");
        }

        return text.ToString();
    }
}
