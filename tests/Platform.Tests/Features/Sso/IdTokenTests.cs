using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>ID tokens and callbacks that must not sign anybody in, each through the whole flow.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class IdTokenTests(PlatformFixture fixture)
{
    private sealed record Forgery(string Code, Func<OidcStandIn, Dictionary<string, object>, string> Token);

    private static readonly Dictionary<string, Forgery> Forgeries = new()
    {
        ["none"] = Invalid((_, c) => OidcStandIn.Sign(new { alg = "none" }, c, _ => [])),
        ["none in capitals"] = Invalid((_, c) => OidcStandIn.Sign(new { alg = "NONE" }, c, _ => [])),
        ["HS256 with the client secret"] = Invalid((_, c) => OidcStandIn.Sign(new { alg = "HS256", kid = "shared" }, c, input => HMACSHA256.HashData(Encoding.ASCII.GetBytes(OidcStandIn.ClientSecret), input))),
        ["HS256 with the public key"] = Invalid((p, c) => OidcStandIn.Sign(new { alg = "HS256", kid = "rsa" }, c, input => HMACSHA256.HashData(Encoding.ASCII.GetBytes(p.Rsa.ExportRSAPublicKeyPem()), input))),
        ["RS512"] = Invalid((p, c) => OidcStandIn.Sign(new { alg = "RS512", kid = "rsa" }, c, input => p.Rsa.SignData(input, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1))),
        ["another key"] = Invalid((_, c) =>
        {
            using var other = RSA.Create(2048);
            return OidcStandIn.Sign(new { alg = "RS256", kid = "rsa" }, c, input => other.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }),
        ["a key of its own in the header"] = Invalid((_, c) =>
        {
            using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var q = own.ExportParameters(false).Q;
            return OidcStandIn.Sign(new { alg = "ES256", jwk = new { kty = "EC", crv = "P-256", x = OidcStandIn.Encode(q.X!), y = OidcStandIn.Encode(q.Y!) } }, c, input => own.SignData(input, HashAlgorithmName.SHA256));
        }),
        ["an unknown key id"] = Invalid((p, c) => p.SignRs256(c, new { alg = "RS256", kid = "elsewhere" })),
        ["the wrong family of key"] = Invalid((p, c) => p.SignRs256(c, new { alg = "RS256", kid = "ec" })),
        ["PS256 said, RS256 signed"] = Invalid((p, c) => p.SignRs256(c, new { alg = "PS256", kid = "rsa" })),
        ["a critical extension"] = Invalid((p, c) => p.SignEs256(c, new { alg = "ES256", kid = p.EcKeyId, crit = new[] { "exp" } })),
        ["an access token"] = Invalid((p, c) => p.SignEs256(c, new { alg = "ES256", kid = p.EcKeyId, typ = "at+jwt" })),
        ["a logout token"] = Invalid((p, c) => p.SignEs256(c, new { alg = "ES256", kid = p.EcKeyId, typ = "logout+jwt" })),
        ["no token"] = Invalid((_, _) => "nothing"),
        ["five parts"] = Invalid((p, c) => p.SignEs256(c) + ".a.b"),
        ["a changed body"] = Invalid((p, c) => Change(p.SignEs256(c), c)),
        ["another issuer"] = With("iss", "https://other.example"),
        ["the issuer with a slash"] = Invalid((p, c) => p.SignEs256(Set(c, "iss", p.Issuer + "/"))),
        ["another audience"] = With("aud", "someone"),
        ["two audiences"] = With("aud", new[] { OidcStandIn.ClientId, "someone" }),
        ["no audience"] = Without("aud"),
        ["made for another party"] = With("azp", "someone"),
        ["expired"] = With("exp", DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 120),
        ["no end"] = Without("exp"),
        ["not yet valid"] = With("nbf", DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600),
        ["issued long ago"] = With("iat", DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 3_600),
        ["issued in the future"] = With("iat", DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3_600),
        ["issued at a word"] = With("iat", "now"),
        ["no time of issue"] = Without("iat"),
        ["another nonce"] = With("nonce", "x"),
        ["no nonce"] = Without("nonce"),
        ["no subject"] = Without("sub"),
        ["an empty subject"] = With("sub", ""),
        ["a number as subject"] = With("sub", 7),
        ["another access token"] = With("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
        ["a claim twice"] = Invalid((p, c) => p.SignEs256(JsonSerializer.Serialize(c).Insert(1, "\"sub\":\"admin\","))),
        ["an unverified address"] = new("sso_email_unverified", (p, c) => p.SignEs256(Set(c, "email_verified", false))),
        ["no address"] = new("sso_email_missing", (p, c) => p.SignEs256(Set(c, "email", null))),
        ["an address that is none"] = new("sso_email_invalid", (p, c) => p.SignEs256(Set(c, "email", "a b@c.example"))),
    };

    public static TheoryData<string> Names() => [.. Forgeries.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_wrong_token_signs_nobody_in(string which)
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        var authorization = await Company.StartAsync(browser, id);
        var forgery = Forgeries[which];
        var token = forgery.Token(provider, provider.Claims(authorization, "eve", $"eve@{company.Domain}"));
        await Company.ReturnAsync(browser, provider, id, authorization, token).ShouldRefuseAsync(HttpStatusCode.Forbidden, forgery.Code);
        await browser.GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");

        // The same way with a proper token works, so it was the token.
        using var response = await Company.SignInAsync(browser, provider, id, "eve", $"eve@{company.Domain}");
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
    }

    [Fact]
    public async Task A_hash_of_the_access_token_is_held_against_it()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        var authorization = await Company.StartAsync(browser, id);
        var claims = Set(provider.Claims(authorization, "ann", $"ann@{company.Domain}"), "at_hash", OidcStandIn.Encode(SHA256.HashData("the access token"u8)[..16]));
        using var response = await Company.ReturnAsync(browser, provider, id, authorization, provider.SignRs256(claims), "the access token");
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
    }

    [Fact]
    public async Task An_answer_counts_only_where_it_was_asked_for()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        var other = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var attacker = fixture.Client();
        var authorization = await Company.StartAsync(attacker, id);
        var state = OidcStandIn.Parameter(authorization, "state");
        var code = provider.Code(authorization, provider.SignEs256(provider.Claims(authorization, "attacker", $"attacker@{company.Domain}")));
        var address = $"/sso/{id}/callback?code={code}&state={state}&iss={Uri.EscapeDataString(provider.Issuer)}";

        // Signing a victim in as the attacker (login CSRF): the victim's browser has no such state, or another.
        using var victim = fixture.Client();
        await victim.GetAsync(address).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");
        await Company.StartAsync(victim, id);
        await victim.GetAsync(address).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");
        await victim.GetAsync($"/sso/{id}/callback?code={code}&iss={Uri.EscapeDataString(provider.Issuer)}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");

        // A state of one connection is none of another's.
        await attacker.GetAsync(address.Replace(id.ToString(), other.ToString(), StringComparison.Ordinal)).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");
    }

    [Fact]
    public async Task A_code_of_another_sign_in_is_refused_by_its_challenge()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        var first = await Company.StartAsync(browser, id);
        var second = await Company.StartAsync(browser, id);
        var code = provider.Code(first, provider.SignEs256(provider.Claims(second, "eve", $"eve@{company.Domain}")));
        await browser.GetAsync($"/sso/{id}/callback?code={code}&state={OidcStandIn.Parameter(second, "state")}&iss={Uri.EscapeDataString(provider.Issuer)}")
            .ShouldRefuseAsync(HttpStatusCode.BadGateway, "sso_provider_failed");
    }

    [Theory]
    [InlineData("&iss=https%3A%2F%2Fother.example", "sso_issuer_mismatch")]
    [InlineData("", "sso_issuer_mismatch")]
    [InlineData("&error=access_denied", "sso_issuer_mismatch")]
    [InlineData("&iss=ISSUER&error=access_denied", "sso_denied")]
    public async Task The_answer_must_come_from_the_provider_that_was_asked(string more, string code)
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        var authorization = await Company.StartAsync(browser, id);
        var token = provider.SignEs256(provider.Claims(authorization, "eve", $"eve@{company.Domain}"));
        await browser.GetAsync($"/sso/{id}/callback?code={provider.Code(authorization, token)}&state={OidcStandIn.Parameter(authorization, "state")}{more.Replace("ISSUER", Uri.EscapeDataString(provider.Issuer), StringComparison.Ordinal)}")
            .ShouldRefuseAsync(HttpStatusCode.Forbidden, code);
    }

    [Fact]
    public async Task A_rotated_key_is_found_and_the_old_one_ends()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        using (var before = await Company.SignInAsync(browser, provider, id, "ann", $"ann@{company.Domain}"))
        {
            Assert.Equal(HttpStatusCode.Redirect, before.StatusCode);
        }

        var (old, oldId) = (provider.Ec, provider.EcKeyId);
        provider.RotateEcKey();
        using (var after = await Company.SignInAsync(browser, provider, id, "ann", $"ann@{company.Domain}"))
        {
            Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
        }

        Assert.Equal(2, provider.KeyRequests);
        for (var i = 0; i < 3; i++)
        {
            var authorization = await Company.StartAsync(browser, id);
            var token = OidcStandIn.Sign(new { alg = "ES256", kid = oldId }, provider.Claims(authorization, "ann", $"ann@{company.Domain}"), input => old.SignData(input, HashAlgorithmName.SHA256));
            await Company.ReturnAsync(browser, provider, id, authorization, token).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_id_token_invalid");
        }

        // Unknown ids make us look again once in a while, not each time.
        Assert.Equal(2, provider.KeyRequests);
    }

    [Theory]
    [InlineData("issuer", "https://other.example")]
    [InlineData("token_endpoint", "ftp://127.0.0.1/token")]
    [InlineData("authorization_endpoint", "javascript:alert(1)")]
    [InlineData("jwks_uri", 7)]
    public async Task A_provider_with_an_unusable_configuration_is_refused(string member, object value)
    {
        await using var provider = await OidcStandIn.StartAsync();
        provider.Configuration[member] = value;
        var company = await Company.FoundAsync(fixture);
        await company.Admin.PostAsync($"{company.Path}/connections", Http.Json(new { name = "Bad", kind = "oidc", domains = new[] { company.Domain }, issuer = provider.Issuer, clientId = "x" }))
            .ShouldRefuseAsync(HttpStatusCode.BadGateway, "sso_provider_failed");
    }

    [Theory]
    [InlineData("/e/demo?x=1", "/e/demo?x=1")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/\t/evil.example", "/")]
    public async Task A_sign_in_leads_to_pages_of_this_site_only(string next, string expected)
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        var authorization = await Company.StartAsync(browser, id, next);
        using var response = await Company.ReturnAsync(browser, provider, id, authorization, provider.SignEs256(provider.Claims(authorization, "ann", $"ann@{company.Domain}")));
        Assert.Equal(expected, response.Headers.Location!.OriginalString);
    }

    private static Forgery Invalid(Func<OidcStandIn, Dictionary<string, object>, string> token) => new("sso_id_token_invalid", token);

    private static Forgery With(string name, object value) => Invalid((p, c) => p.SignEs256(Set(c, name, value)));

    private static Forgery Without(string name) => Invalid((p, c) => p.SignEs256(Set(c, name, null)));

    private static Dictionary<string, object> Set(Dictionary<string, object> claims, string name, object? value)
    {
        claims.Remove(name);
        if (value is not null)
        {
            claims[name] = value;
        }

        return claims;
    }

    private static string Change(string token, Dictionary<string, object> claims)
    {
        var parts = token.Split('.');
        return $"{parts[0]}.{OidcStandIn.Encode(JsonSerializer.SerializeToUtf8Bytes(Set(claims, "sub", "admin")))}.{parts[2]}";
    }
}
