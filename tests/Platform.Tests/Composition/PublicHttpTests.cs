using System.Net;
using Events.Platform.Composition;
using Events.Platform.Features.Sso.Oidc;
using Events.Platform.Roles;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Platform.Composition;

public sealed class PublicHttpTests
{
    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2a00:1450:4001::1", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd12:3456::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    public void Only_addresses_of_the_public_internet_are_public(string address, bool isPublic) => Assert.Equal(isPublic, PublicAddresses.Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1:1/")]
    [InlineData("http://localhost:1/")]
    [InlineData("http://2130706433:1/")]
    [InlineData("http://0x7f.1:1/")]
    [InlineData("http://[::1]:1/")]
    [InlineData("http://[::ffff:127.0.0.1]:1/")]
    public async Task A_private_address_is_not_called(string address)
    {
        using var http = PublicHttp.Create(privateToo: false, TimeSpan.FromSeconds(5), 1_000);
        var thrown = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(address));
        Assert.IsType<PrivateAddressException>(thrown.InnerException);
    }

    [Fact]
    public async Task An_issuer_on_a_private_address_is_refused_outside_of_development()
    {
        await using var provider = await OidcStandIn.StartAsync();
        using var http = new OidcHttp(new NodeOptions { EnvironmentName = "Production" }, NullLogger<OidcHttp>.Instance);
        var discovery = new OidcDiscovery(http, TimeProvider.System);
        Assert.False(discovery.IsIssuer(provider.Issuer)); // plain http
        Assert.Equal("issuer_private", (await discovery.MetadataAsync(provider.Issuer.Replace("http:", "https:", StringComparison.Ordinal), CancellationToken.None)).Error!.Code);
        Assert.Equal(0, provider.KeyRequests);
    }

    [Theory]
    [InlineData("https://idp.example", true)]
    [InlineData("https://idp.example/tenant/", true)]
    [InlineData("https://idp.example?x=1", false)]
    [InlineData("https://idp.example#x", false)]
    [InlineData("https://user@idp.example", false)]
    [InlineData("ldap://idp.example", false)]
    [InlineData("idp.example", false)]
    public void An_issuer_is_an_https_address(string issuer, bool isOne)
    {
        using var http = new OidcHttp(new NodeOptions { EnvironmentName = "Production" }, NullLogger<OidcHttp>.Instance);
        Assert.Equal(isOne, new OidcDiscovery(http, TimeProvider.System).IsIssuer(issuer));
    }

    [Fact]
    public async Task A_long_answer_is_refused()
    {
        await using var provider = await OidcStandIn.StartAsync();
        provider.Configuration["filler"] = new string('x', OidcHttp.MaxBytes);
        using var http = new OidcHttp(new NodeOptions { EnvironmentName = "Development" }, NullLogger<OidcHttp>.Instance);
        Assert.Equal("sso_provider_failed", (await new OidcDiscovery(http, TimeProvider.System).MetadataAsync(provider.Issuer, CancellationToken.None)).Error!.Code);
    }
}
