using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Events.Platform.Features.Sso.Saml;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

public sealed class IdpMetadataTests : IDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly SamlStandIn _provider = new();

    public void Dispose() => _provider.Dispose();

    [Fact]
    public void Entity_address_and_certificates_are_taken_from_metadata()
    {
        using var next = new SamlStandIn();
        var read = IdpMetadata.Read("\ufeff\n" + _provider.Metadata(next.Certificate), plainToo: false, Now).Value!;
        Assert.Equal(SamlStandIn.EntityId, read.EntityId);
        Assert.Equal("https://idp.example/sso?tenant=1", read.SsoUrl);
        Assert.Equal([_provider.Der, next.Der], read.Certificates);
    }

    [Theory]
    [InlineData("entityID=\"", "entityId=\"", "saml_metadata_invalid")]
    [InlineData("IDPSSODescriptor", "SPSSODescriptor", "saml_metadata_invalid")]
    [InlineData("SAML:2.0:protocol", "SAML:1.1:protocol", "saml_metadata_invalid")]
    [InlineData("HTTP-Redirect", "SOAP", "saml_metadata_invalid")]
    [InlineData("https://idp.example/sso", "http://idp.example/sso", "saml_metadata_invalid")]
    [InlineData("https://idp.example/sso", "javascript:alert(1)//", "saml_metadata_invalid")]
    [InlineData("https://idp.example/sso", "https://user:password@idp.example/sso", "saml_metadata_invalid")]
    [InlineData("<md:IDPSSODescriptor ", "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" ", "saml_metadata_invalid")]
    [InlineData("entityID=\"", "validUntil=\"2020-01-01T00:00:00Z\" entityID=\"", "saml_metadata_invalid")]
    [InlineData("entityID=\"", "validUntil=\"tomorrow\" entityID=\"", "saml_metadata_invalid")]
    [InlineData("<md:EntityDescriptor", "<!DOCTYPE x><md:EntityDescriptor", "saml_metadata_invalid")]
    [InlineData("use=\"signing\"", "use=\"encryption\"", "saml_certificates_invalid")]
    [InlineData("<ds:X509Certificate>", "<ds:X509Certificate>AAAA", "saml_certificates_invalid")]
    [InlineData("<ds:X509Certificate>", "<ds:X509Certificate>!", "saml_certificates_invalid")]
    public void Metadata_that_cannot_be_used_is_refused(string what, string with, string code)
    {
        var changed = _provider.Metadata().Replace(what, with, StringComparison.Ordinal);
        Assert.NotEqual(_provider.Metadata(), changed);
        Assert.Equal(code, IdpMetadata.Read(changed, plainToo: false, Now).Error?.Code);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("<?xml version=\"1.0\"?>")]
    [InlineData("{}")]
    [InlineData("<EntityDescriptor/>")]
    public void What_is_no_metadata_is_refused(string? text) => Assert.Equal("saml_metadata_invalid", IdpMetadata.Read(text, plainToo: false, Now).Error!.Code);

    [Fact]
    public void Weak_foreign_and_too_many_keys_are_refused()
    {
        using var weak = new SamlStandIn(1_024);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var elliptic = new CertificateRequest("CN=idp.example", curve, HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        using var second = new SamlStandIn();
        using var third = new SamlStandIn();
        foreach (var metadata in new[] { weak.Metadata(), _provider.Metadata(elliptic), _provider.Metadata(second.Certificate, third.Certificate) })
        {
            Assert.Equal("saml_certificates_invalid", IdpMetadata.Read(metadata, plainToo: false, Now).Error!.Code);
        }

        // The same certificate for signing and encryption is one.
        Assert.Single(IdpMetadata.Read(_provider.Metadata(_provider.Certificate), plainToo: false, Now).Value!.Certificates);
    }

    [Fact]
    public void Mutated_metadata_never_makes_the_reader_throw()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var original = Encoding.UTF8.GetBytes(_provider.Metadata());
        for (var i = 0; i < 3_000; i++)
        {
            var mutated = original.ToList();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                var at = random.Next(mutated.Count - 1);
                if (random.Next(2) == 0)
                {
                    mutated[at] = (byte)random.Next(256);
                }
                else
                {
                    mutated.RemoveRange(at, random.Next(1, Math.Min(60, mutated.Count - at)));
                }
            }

            var outcome = IdpMetadata.Read(Encoding.UTF8.GetString([.. mutated]), plainToo: false, Now);
            Assert.True((outcome.Value is null) != (outcome.Error is null), $"seed {seed}, round {i}");
        }
    }
}
