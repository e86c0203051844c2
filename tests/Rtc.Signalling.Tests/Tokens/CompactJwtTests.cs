using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Rtc.Signalling.Tokens;

public sealed class CompactJwtTests : IDisposable
{
    private static readonly JwtExpectation Expected = new() { Type = "rtc+jwt", Issuer = "events", Audience = "rtc", Leeway = TimeSpan.FromSeconds(5) };

    private readonly ManualTime _time = new();
    private readonly JwtSigningKey _key = JwtSigningKey.Generate();
    private readonly IReadOnlyList<JwtVerificationKey> _trusted;

    public CompactJwtTests() => _trusted = JwtVerificationKey.AllFromPem(_key.ExportPublicPem());

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    private string Header => $$"""{"alg":"ES256","typ":"rtc+jwt","kid":"{{_key.KeyId}}"}""";

    private string Body => $$"""{"iss":"events","aud":"rtc","exp":{{Now + 60}},"nbf":{{Now}},"sub":"ada"}""";

    public void Dispose() => _key.Dispose();

    [Fact]
    public void A_token_that_was_signed_here_is_taken_with_its_claims()
    {
        string token = CompactJwt.Sign(_key, "rtc+jwt", new { iss = "events", aud = "rtc", exp = Now + 60, sub = "ada", pub = true });

        RtcResult<JwtClaims> result = Verify(token);

        Assert.True(result.IsOk);
        Assert.Equal("ada", result.Value.Text("sub"));
        Assert.True(result.Value.Flag("pub"));
        Assert.Null(result.Value.Flag("sub"));
        Assert.Equal(_time.GetUtcNow().AddSeconds(60), result.Value.ExpiresAt);
    }

    [Fact]
    public void Hand_made_bytes_with_a_right_signature_are_taken() => Assert.True(Verify(Sign(Header, Body)).IsOk);

    public static TheoryData<string, string> HeaderRefusals => new()
    {
        { """{"alg":"none","typ":"rtc+jwt","kid":"KID"}""", "token_algorithm_refused" },
        { """{"alg":"None","typ":"rtc+jwt","kid":"KID"}""", "token_algorithm_refused" },
        { """{"alg":"HS256","typ":"rtc+jwt","kid":"KID"}""", "token_algorithm_refused" },
        { """{"alg":"ES384","typ":"rtc+jwt","kid":"KID"}""", "token_algorithm_refused" },
        { """{"alg":["ES256"],"typ":"rtc+jwt","kid":"KID"}""", "token_algorithm_refused" },
        { """{"typ":"rtc+jwt","kid":"KID"}""", "token_algorithm_refused" },
        { """{"alg":"ES256","alg":"none","typ":"rtc+jwt","kid":"KID"}""", "token_malformed" },
        { """{"alg":"none","\u0061lg":"ES256","typ":"rtc+jwt","kid":"KID"}""", "token_malformed" },
        { """{"alg":"ES256","typ":"JWT","kid":"KID"}""", "token_type_refused" },
        { """{"alg":"ES256","typ":"RTC+JWT","kid":"KID"}""", "token_type_refused" },
        { """{"alg":"ES256","kid":"KID"}""", "token_type_refused" },
        { """{"alg":"ES256","typ":"rtc+jwt"}""", "token_key_unknown" },
        { """{"alg":"ES256","typ":"rtc+jwt","kid":"other"}""", "token_key_unknown" },
        { """{"alg":"ES256","typ":"rtc+jwt","kid":"KID","crit":["exp"]}""", "token_header_refused" },
        { """{"alg":"ES256","typ":"rtc+jwt","kid":"KID","b64":false}""", "token_header_refused" },
        { """{"alg":"ES256","typ":"rtc+jwt","kid":"KID","jwk":{"kty":"EC"}}""", "token_header_refused" },
        { """{"alg":"ES256","typ":"\ud800","kid":"KID"}""", "token_type_refused" },
        { """["ES256"]""", "token_malformed" },
        { """{"alg":"ES256",""", "token_malformed" },
        { """{"alg":"ES256","typ":"rtc+jwt","kid":"KID"} {}""", "token_malformed" },
    };

    [Theory]
    [MemberData(nameof(HeaderRefusals))]
    public void A_header_that_is_not_exactly_ours_is_refused(string header, string code) =>
        Refused(code, Sign(header.Replace("KID", _key.KeyId, StringComparison.Ordinal), Body));

    public static TheoryData<string, string> BodyRefusals => new()
    {
        { """{"iss":"other","aud":"rtc","exp":EXP}""", "token_issuer_refused" },
        { """{"aud":"rtc","exp":EXP}""", "token_issuer_refused" },
        { """{"iss":"events","aud":"event","exp":EXP}""", "token_audience_refused" },
        { """{"iss":"events","aud":["rtc"],"exp":EXP}""", "token_audience_refused" },
        { """{"iss":"events","exp":EXP}""", "token_audience_refused" },
        { """{"iss":"events","aud":"rtc"}""", "token_claims_invalid" },
        { """{"iss":"events","aud":"rtc","exp":"EXP"}""", "token_claims_invalid" },
        { """{"iss":"events","aud":"rtc","exp":1e300}""", "token_claims_invalid" },
        { """{"iss":"events","aud":"rtc","exp":9223372036854775807}""", "token_claims_invalid" },
        { """{"iss":"events","aud":"rtc","exp":-1}""", "token_claims_invalid" },
        { """{"iss":"events","aud":"rtc","exp":EXP,"nbf":null}""", "token_claims_invalid" },
        { """{"iss":"events","aud":"rtc","exp":EXP,"aud":"rtc"}""", "token_malformed" },
        { """{"iss":"events","aud":"rtc","exp":1,"exp":EXP}""", "token_malformed" },
        { """{"iss":"events","aud":"rtc","exp":EXP,"x":{"a":1,"a":2}}""", "token_malformed" },
        { """{"iss":"events","aud":"rtc","exp":EXP,"x":[[[[[[[[[[1]]]]]]]]]]}""", "token_malformed" },
        { """[]""", "token_malformed" },
        { """not json""", "token_malformed" },
    };

    [Theory]
    [MemberData(nameof(BodyRefusals))]
    public void Claims_that_are_not_what_they_should_be_are_refused(string body, string code) =>
        Refused(code, Sign(Header, body.Replace("EXP", $"{Now + 60}", StringComparison.Ordinal)));

    [Fact]
    public void A_token_ends_at_its_expiry_plus_the_leeway()
    {
        string token = Sign(Header, Body);

        _time.Advance(TimeSpan.FromSeconds(64));
        Assert.True(Verify(token).IsOk);
        _time.Advance(TimeSpan.FromSeconds(1));
        Refused("token_expired", token);
    }

    [Fact]
    public void A_token_begins_at_its_not_before_less_the_leeway()
    {
        string token = Sign(Header, $$"""{"iss":"events","aud":"rtc","exp":{{Now + 60}},"nbf":{{Now + 6}}}""");

        Refused("token_not_yet_valid", token);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Verify(token).IsOk);
    }

    [Fact]
    public void A_public_key_used_as_an_HMAC_secret_signs_nothing()
    {
        foreach (string header in new[] { Header, Header.Replace("ES256", "HS256", StringComparison.Ordinal) })
        {
            string input = $"{Encode(header)}.{Encode(Body)}";
            byte[] mac = HMACSHA256.HashData(Encoding.ASCII.GetBytes(_key.ExportPublicPem()), Encoding.ASCII.GetBytes(input));
            Assert.False(Verify($"{input}.{Base64Url.EncodeToString(mac)}").IsOk);
        }
    }

    [Fact]
    public void The_signature_of_another_key_is_refused_even_under_our_key_id()
    {
        using JwtSigningKey other = JwtSigningKey.Generate();
        string input = $"{Encode(Header)}.{Encode(Body)}";
        Refused("token_signature_invalid", $"{input}.{Base64Url.EncodeToString(other.Sign(Encoding.ASCII.GetBytes(input)))}");
    }

    [Fact]
    public void Zero_and_misshapen_signatures_are_refused()
    {
        string input = $"{Encode(Header)}.{Encode(Body)}";
        foreach (int length in new[] { 1, 32, 63, 64, 65, 72, 128 })
            Refused("token_signature_invalid", $"{input}.{Base64Url.EncodeToString(new byte[length])}");
        Refused("token_malformed", $"{input}.");
    }

    [Fact]
    public void Changing_any_one_character_of_a_token_makes_it_refused()
    {
        string token = Sign(Header, Body);
        for (int i = 0; i < token.Length; i++)
        {
            foreach (char replacement in "Az-=. ")
            {
                if (token[i] != replacement)
                    Assert.False(Verify($"{token[..i]}{replacement}{token[(i + 1)..]}").IsOk, $"'{replacement}' at {i} was taken");
            }
        }
    }

    [Fact]
    public void White_space_padding_and_stray_bits_are_refused()
    {
        string token = Sign(Header, Body);
        foreach (string variant in new[] { " " + token, token + "\n", token + "=", token + "==", token.Replace(".", "..", StringComparison.Ordinal), token + ".x", token.Insert(5, "\r\n") })
            Refused("token_malformed", variant);
        // 64 bytes leave four unused bits in the last character; only zeros are canonical.
        Refused("token_malformed", token[..^1] + (char)(token[^1] + 1));
    }

    [Fact]
    public void A_token_longer_than_the_bound_is_refused_unread()
    {
        Refused("token_too_large", new string('a', CompactJwt.MaxLength + 1));
        Assert.Throws<ArgumentException>(() => CompactJwt.Sign(_key, "rtc+jwt", new { name = new string('x', 4000) }));
    }

    [Fact]
    public void Garbage_never_throws_and_never_passes() =>
        Check.QuickThrowOnFailure(Prop.ForAll<string>(ArbMap.Default.ArbFor<string>(), text => !Verify(text ?? "").IsOk));

    [Fact]
    public void Garbage_json_under_a_right_signature_never_throws_and_never_passes() =>
        Check.QuickThrowOnFailure(Prop.ForAll<string>(ArbMap.Default.ArbFor<string>(), text =>
            !Verify(Sign(Header, text ?? "")).IsOk && !Verify(Sign(text ?? "", Body)).IsOk));

    [Fact]
    public void A_leeway_above_thirty_seconds_is_a_mistake_of_ours() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Expected with { Leeway = TimeSpan.FromSeconds(31) });

    [Fact]
    public void Keys_of_other_curves_and_private_keys_are_no_verification_keys()
    {
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<CryptographicException>(() => JwtVerificationKey.AllFromPem(p384.ExportSubjectPublicKeyInfoPem()));
        Assert.Throws<CryptographicException>(() => JwtSigningKey.FromPem(p384.ExportPkcs8PrivateKeyPem()));
        Assert.Throws<CryptographicException>(() => JwtVerificationKey.AllFromPem(_key.ExportPrivatePem()));
        Assert.Throws<CryptographicException>(() => JwtVerificationKey.AllFromPem("nothing"));
        Assert.Throws<CryptographicException>(() => JwtSigningKey.FromPem("nothing"));
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private string Sign(string header, string body)
    {
        string input = $"{Encode(header)}.{Encode(body)}";
        return $"{input}.{Base64Url.EncodeToString(_key.Sign(Encoding.ASCII.GetBytes(input)))}";
    }

    private RtcResult<JwtClaims> Verify(string token) => CompactJwt.Verify(token, _trusted, Expected, _time);

    private void Refused(string code, string token)
    {
        RtcResult<JwtClaims> result = Verify(token);
        Assert.False(result.IsOk);
        Assert.Equal(code, result.Error.Code);
    }
}
