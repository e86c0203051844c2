using Events.Tests.EndToEnd.Browsers;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Networks;

/// <summary>field.md, "NAT and port range pain": one UDP and one TCP port behind 1:1 NAT.</summary>
[Collection(DistantCollection.Name)]
public sealed class NatTests(DistantInstallation installation, ITestOutputHelper output) : DistantTest(installation, output)
{
    private const string IPv4 = "meta nfproto ipv4";

    [Fact]
    public async Task Behind_one_to_one_nat_media_goes_by_the_one_udp_port()
    {
        await Installation.Internet.AllowOnlyAsync(IPv4);
        var (ada, ben) = await TalkAsync(Installation.PublicUrl);
        await AssertPathAsync(ada, "udp", Internet.PublicAddress);
        await AssertPathAsync(ben, "udp", Internet.PublicAddress);
    }

    [Fact]
    public async Task Where_udp_is_blocked_people_publish_and_watch_by_the_one_tcp_port()
    {
        await Installation.Internet.AllowOnlyAsync($"ip daddr {Internet.PublicAddress} meta l4proto tcp");
        var (ada, ben) = await TalkAsync(Installation.PublicUrl);
        await AssertPathAsync(ada, "tcp", Internet.PublicAddress);
        await AssertPathAsync(ben, "tcp", Internet.PublicAddress);
    }

    [Fact]
    public async Task A_call_goes_on_by_tcp_when_udp_is_blocked_in_the_middle_of_it()
    {
        await Installation.Internet.AllowOnlyAsync(IPv4);
        var (ada, ben) = await TalkAsync(Installation.PublicUrl);
        await AssertPathAsync(ada, "udp", Internet.PublicAddress);
        var before = await ada.ParticipantIdAsync();
        // Only to the node: a relay that is reached by TCP would be a way too, and may be found first.
        await Installation.Internet.AllowOnlyAsync($"ip daddr {Internet.PublicAddress} meta l4proto tcp");
        foreach (var person in new[] { ada, ben })
        {
            await Until.True("media goes by TCP", TimeSpan.FromSeconds(60), async () => (await person.PathsAsync()).All(p => p.Protocol == "tcp"));
            await person.SeesMotionAsync(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(before, await ada.ParticipantIdAsync());
    }

    [Fact]
    public async Task Over_ipv6_people_see_and_hear_each_other()
    {
        await Installation.Internet.AllowOnlyAsync("meta nfproto ipv6");
        var (ada, ben) = await TalkAsync(Installation.PublicUrl6);
        await AssertPathAsync(ada, "udp", Internet.NodeAddress6);
        await AssertPathAsync(ben, "udp", Internet.NodeAddress6);
    }

    [Fact]
    public async Task Over_ipv6_without_udp_they_use_tcp()
    {
        await Installation.Internet.AllowOnlyAsync("meta nfproto ipv6 meta l4proto { tcp, ipv6-icmp }");
        var (ada, _) = await TalkAsync(Installation.PublicUrl6);
        await AssertPathAsync(ada, "tcp", Internet.NodeAddress6);
    }

    private async Task AssertPathAsync(RoomPage person, string protocol, string address)
    {
        var paths = await person.PathsAsync();
        Output.WriteLine(string.Join(", ", paths));
        Assert.Equal(2, paths.Count);
        Assert.All(paths, p => Assert.Equal((protocol, address, Installation.Ports.Rtc), (p.Protocol, p.Address, p.Port)));
    }
}
