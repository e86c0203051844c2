using System.Net;
using Events.Platform.Roles;

namespace Events.Tests.Platform.Roles;

public sealed class NodeOptionsReaderTests
{
    private static (NodeOptions? Options, IReadOnlyList<string> Errors) Read(string arguments = "", params (string Name, string Value)[] environment) =>
        NodeOptionsReader.Read(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), name => environment.FirstOrDefault(e => e.Name == name).Value);

    [Fact]
    public void Nothing_given_means_the_documented_defaults()
    {
        var options = Read().Options!;
        Assert.Equal((8080, 8090, 8091, 7882), (options.HttpPort, options.MediaHttpPort, options.MixerHttpPort, options.RtcPort));
        Assert.Equal((Role.All, IPAddress.Loopback, Path.GetFullPath(".data"), false), (options.Role, options.Bind, options.DataDirectory, options.OpenWhip));
    }

    [Theory]
    [InlineData("EVENTS_HTTP_PORT", "0")]
    [InlineData("EVENTS_HTTP_PORT", "65536")]
    [InlineData("EVENTS_MEDIA_HTTP_PORT", "http")]
    [InlineData("EVENTS_RTC_WORKERS", "-1")]
    [InlineData("EVENTS_BIND", "everywhere")]
    [InlineData("EVENTS_DISK_RESERVE_MB", "2G")]
    [InlineData("EVENTS_RTC_ADVERTISE", "10.0.0.1,nonsense")]
    [InlineData("EVENTS_ORIGINS", "events.example")]
    [InlineData("EVENTS_ORIGINS", "ftp://events.example")]
    [InlineData("EVENTS_PROXIES", "10.0.0.0/33")]
    [InlineData("EVENTS_PROXIES", "proxy.example")]
    [InlineData("EVENTS_OPEN_WHIP", "yes")]
    public void A_value_that_cannot_be_is_named(string name, string value)
    {
        var (options, errors) = Read("", (name, value));
        Assert.Null(options);
        Assert.Contains(name, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Proxies_are_addresses_and_networks_of_both_families() =>
        Assert.Equal([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.7/32"), IPNetwork.Parse("::1/128")], Read("", ("EVENTS_PROXIES", "10.0.0.0/8, 192.0.2.7,::1")).Options!.Proxies);

    [Theory]
    [InlineData("--role queen")]
    [InlineData("--role 1")]
    [InlineData("--role")]
    [InlineData("--fast")]
    public void An_argument_that_is_unknown_is_named(string arguments) => Assert.Single(Read(arguments).Errors);

    [Theory]
    [InlineData("turn:turn.example:3478?transport=udp", null)]
    [InlineData(null, "sixteen characters")]
    [InlineData("turn:turn.example", "short")]
    [InlineData("turn://turn.example", "sixteen characters")]
    [InlineData("https://turn.example", "sixteen characters")]
    [InlineData("stun:turn.example?transport=udp", "sixteen characters")]
    public void Turn_needs_addresses_and_a_secret_that_is_not_repeated(string? urls, string? secret)
    {
        var (options, errors) = Read("", [.. new[] { ("EVENTS_TURN_URLS", urls), ("EVENTS_TURN_SECRET", secret) }.Where(e => e.Item2 is not null).Select(e => (e.Item1, e.Item2!))]);
        Assert.Null(options);
        var error = Assert.Single(errors);
        Assert.Contains("EVENTS_TURN_URLS", error, StringComparison.Ordinal);
        Assert.DoesNotContain(secret ?? "-", error.Replace("-", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Turn_servers_are_read_with_both_transports_and_families()
    {
        string[] urls = ["stun:[2001:db8::1]:3478", "turn:turn.example:3478?transport=udp", "turn:192.0.2.7?transport=tcp", "turns:[2001:db8::1]:5349"];
        var turn = Read("", ("EVENTS_TURN_URLS", string.Join(", ", urls)), ("EVENTS_TURN_SECRET", "sixteen characters")).Options!.Turn!;
        Assert.Equal(urls, turn.Urls);
        Assert.Equal("sixteen characters", turn.Secret);
    }

    [Fact]
    public void Ports_must_not_meet()
    {
        Assert.Single(Read("", ("EVENTS_HTTP_PORT", "8090")).Errors);
        Assert.Single(Read("", ("EVENTS_RTC_PORT", "8079"), ("EVENTS_RTC_WORKERS", "2")).Errors);
        Assert.Single(Read("", ("EVENTS_RTC_PORT", "65535"), ("EVENTS_RTC_WORKERS", "2")).Errors);
    }

    [Theory]
    [InlineData("Development", "127.0.0.1", true)]
    [InlineData("Development", "::1", true)]
    [InlineData("Development", "0.0.0.0", false)]
    [InlineData("Development", "192.168.1.5", false)]
    [InlineData("Production", "127.0.0.1", false)]
    public void Whip_is_open_on_a_developers_loopback_only(string environment, string bind, bool allowed) =>
        Assert.Equal(allowed, Read("", ("EVENTS_OPEN_WHIP", "1"), ("ASPNETCORE_ENVIRONMENT", environment), ("EVENTS_BIND", bind)).Options is not null);

    [Fact]
    public void A_wildcard_is_reached_on_loopback() => Assert.Equal("http://127.0.0.1:8080/", Read("", ("EVENTS_BIND", "0.0.0.0")).Options!.PlatformUrl.AbsoluteUri);
}
