using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// <see cref="CompactJwt.Verify"/>. The input is a token, or, behind a zero byte, header and claims (two frames) that are then signed with the
/// trusted key: what is checked behind the signature must hold against whoever holds a key as well.
/// </summary>
internal sealed class JwtTarget : IFuzzTarget
{
    private static readonly JwtExpectation Expected = new() { Type = "grant+jwt", Issuer = "events", Audience = "media" };

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly IReadOnlyList<JwtVerificationKey> _trusted;

    public JwtTarget() => _trusted = JwtVerificationKey.AllFromPem(_key.ExportSubjectPublicKeyInfoPem());

    public string Name => "jwt";

    public int MaxLength => 6_000;

    public long AllocationLimit => 256 * 1_024;

    // The key is new for every run, so the committed tokens are of unknown keys; the framed ones are signed when they are run.
    public IEnumerable<byte[]> Seeds => [Framed(Claims), Framed("""{"iss":"events","aud":"media","exp":9e10,"nbf":-1,"x":[[[{}]]]}"""), Token()];

    public IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "\\ud800", "{\"", "\"exp\":1e400", "\"exp\":221845392001", "\"aud\":[\"media\"]", "\"alg\":\"none\"", "\"crit\":[]", ".", "..", "=", "eyJ", "null", "[[[[[[[[[", "\\u0061lg" }
            .Select(Encoding.UTF8.GetBytes),
    ];

    private const string Claims = """{"iss":"events","aud":"media","exp":4000000000,"nbf":100000,"sub":"someone","publish":true}""";

    public void Run(ReadOnlySpan<byte> input)
    {
        var token = !input.IsEmpty && input[0] == 0 ? Sign(input[1..]) : Encoding.Latin1.GetString(input);
        var result = CompactJwt.Verify(token, _trusted, Expected, TimeProvider.System);
        Demand.That(result.IsOk || result.Error!.Code.StartsWith("token_", StringComparison.Ordinal), "A refusal has its code.");
        if (result.IsOk)
        {
            var claims = result.Value;
            Demand.That(claims.Text("iss") == "events" && claims.Text("aud") == "media" && claims.ExpiresAt > DateTimeOffset.UtcNow, "What is taken is ours.");
            _ = (claims.Text("sub"), claims.Flag("publish"));
        }
    }

    public void Dispose()
    {
        _key.Dispose();
        foreach (var key in _trusted)
        {
            key.Dispose();
        }
    }

    private string Sign(ReadOnlySpan<byte> frames)
    {
        var parts = new Frames(frames);
        _ = parts.TryNext(out var header);
        _ = parts.TryNext(out var claims);
        // The key id is random, so it cannot stand in a committed input.
        var named = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(header).Replace("KEY", _trusted[0].KeyId, StringComparison.Ordinal));
        var signed = $"{Base64Url.EncodeToString(named)}.{Base64Url.EncodeToString(claims)}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    private static byte[] Framed(string claims) =>
        [0, .. Frames.Join("""{"alg":"ES256","typ":"grant+jwt","kid":"KEY"}"""u8.ToArray(), Encoding.UTF8.GetBytes(claims))];

    private byte[] Token() => Encoding.ASCII.GetBytes(Sign(Framed(Claims).AsSpan(1)));
}
