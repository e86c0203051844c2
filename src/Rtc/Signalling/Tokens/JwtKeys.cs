using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>A P-256 private key that signs tokens. Safe to use from any thread.</summary>
public sealed class JwtSigningKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    private JwtSigningKey(ECDsa key)
    {
        _key = key;
        KeyId = JwtVerificationKey.Thumbprint(key);
    }

    /// <summary>The <c>kid</c>: the key's RFC 7638 thumbprint, so that whoever holds the public key knows it too.</summary>
    public string KeyId { get; }

    /// <summary>A new random key.</summary>
    public static JwtSigningKey Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a PKCS#8 or SEC 1 private key.</summary>
    /// <exception cref="CryptographicException">It is no P-256 private key.</exception>
    public static JwtSigningKey FromPem(string pem)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            JwtVerificationKey.RequireP256(key);
            return new JwtSigningKey(key);
        }
        catch (Exception exception)
        {
            key.Dispose();
            throw exception as CryptographicException ?? new CryptographicException("No P-256 private key in the PEM.", exception);
        }
    }

    /// <summary>The private key as PKCS#8 PEM.</summary>
    public string ExportPrivatePem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>The public key as SubjectPublicKeyInfo PEM: what verifiers are given.</summary>
    public string ExportPublicPem() => _key.ExportSubjectPublicKeyInfoPem() + "\n";

    public void Dispose() => _key.Dispose();

    /// <summary>The 64-byte signature r‖s (RFC 7518 §3.4).</summary>
    public byte[] Sign(ReadOnlySpan<byte> signingInput)
    {
        // ECDsa instances promise nothing about threads.
        lock (_gate)
            return _key.SignData(signingInput, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}

/// <summary>A P-256 public key that verifies tokens. Safe to use from any thread.</summary>
public sealed class JwtVerificationKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    private JwtVerificationKey(ECDsa key)
    {
        _key = key;
        KeyId = Thumbprint(key);
    }

    /// <summary>The <c>kid</c> that a token names to be verified by this key.</summary>
    public string KeyId { get; }

    /// <summary>Reads every public key in a PEM text; while keys rotate the text holds two.</summary>
    /// <exception cref="CryptographicException">A block is no P-256 public key, or there is none.</exception>
    public static IReadOnlyList<JwtVerificationKey> AllFromPem(string pem)
    {
        List<JwtVerificationKey> keys = [];
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label] is not "PUBLIC KEY")
                throw new CryptographicException($"The PEM holds a {rest[fields.Label]}; only public keys verify.");
            ECDsa key = ECDsa.Create();
            key.ImportFromPem(rest[fields.Location]);
            RequireP256(key);
            keys.Add(new JwtVerificationKey(key));
            rest = rest[fields.Location.End..];
        }

        return keys.Count > 0 ? keys : throw new CryptographicException("No public key in the PEM.");
    }

    public void Dispose() => _key.Dispose();

    /// <summary>Whether the 64 bytes r‖s are this key's signature.</summary>
    public bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
    {
        lock (_gate)
            return _key.VerifyData(signingInput, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>The key as SubjectPublicKeyInfo PEM.</summary>
    public string ExportPublicPem() => _key.ExportSubjectPublicKeyInfoPem() + "\n";

    /// <summary>The coordinates of the key's point, as a JSON Web Key has them (RFC 7518 §6.2.1).</summary>
    public (string X, string Y) Coordinates()
    {
        ECPoint point = _key.ExportParameters(includePrivateParameters: false).Q;
        return (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
    }

    /// <summary>RFC 7638 §3: SHA-256 of the required members in lexical order.</summary>
    internal static string Thumbprint(ECDsa key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        string jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(jwk)));
    }

    internal static void RequireP256(ECDsa key)
    {
        // 1.2.840.10045.3.1.7: RFC 5480 §2.1.1.1, secp256r1.
        if (key.ExportParameters(includePrivateParameters: false).Curve.Oid is not { Value: "1.2.840.10045.3.1.7" })
            throw new CryptographicException("ES256 needs a key on the curve P-256.");
    }
}
