using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Events.Tests.EndToEnd.Networks;

/// <summary>
/// A small internet of network namespaces: a node behind 1:1 NAT, the router that does it, a person, and a relay. The test
/// itself reaches the node by a cable of its own, which the node does not advertise.
/// <code>
///   test ── 10.213.n.0/30 ── node ── 10.77.0.0/24, fd77::/64 ── router ─┬─ 198.51.100.0/24, fd78::/64 ── person
///                                                                       └─ 203.0.113.0/24, fd79::/64 ── relay
/// </code>
/// </summary>
public sealed partial class Internet : IAsyncDisposable
{
    public const string PublicAddress = "198.51.100.1";
    public const string NodeAddress6 = "fd77::2";
    public const string RelayAddress = "203.0.113.3";
    private const string NodeAddress = "10.77.0.2";

    private static int _count;
    private readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"ev{Environment.ProcessId}x{Interlocked.Increment(ref _count)}");
    private readonly string _subnet = string.Create(CultureInfo.InvariantCulture, $"10.213.{Environment.ProcessId % 250}");

    public string Node => _prefix + "n";

    public string Router => _prefix + "r";

    public string Person => _prefix + "p";

    public string Relay => _prefix + "t";

    /// <summary>Where the test reaches the node.</summary>
    public IPAddress Management => IPAddress.Parse(_subnet + ".2");

    /// <param name="tcpPorts">Of the node, reachable from outside.</param>
    /// <param name="udpPort">Likewise, and the only one.</param>
    public static async Task<Internet> BuildAsync(IReadOnlyList<int> tcpPorts, int udpPort)
    {
        await ForgetDeadAsync();
        var internet = new Internet();
        try
        {
            await internet.LayAsync();
            await internet.TranslateAsync(tcpPorts, udpPort);
            return internet;
        }
        catch
        {
            await internet.DisposeAsync();
            throw;
        }
    }

    /// <summary>The command that runs a program in a namespace; the process is the program's own.</summary>
    public static IReadOnlyList<string> In(string space, params IEnumerable<string> command) => ["ip", "netns", "exec", space, .. command];

    /// <summary>A program that browsers are started by: Chromium in the person's namespace.</summary>
    public string WriteLauncher(string directory, string program)
    {
        var path = Path.Combine(directory, $"{_prefix}-browser.sh");
        File.WriteAllText(path, $"#!/bin/sh\nexec ip netns exec {Person} {program} \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>The person's network lets only this pass; an nft expression, like <c>meta l4proto tcp</c>.</summary>
    public Task AllowOnlyAsync(string expression) => RunAsync(Person,
        $"nft 'add table inet wall; flush table inet wall; add chain inet wall out {{ type filter hook output priority 0; policy drop; }}; "
        + $"add rule inet wall out {expression} accept'");

    public Task AllowAllAsync() => RunAsync(Person, "nft 'add table inet wall; delete table inet wall'");

    /// <summary>The way to everywhere is cut further up: nothing arrives, nothing says so.</summary>
    public Task CutAsync() => RunAsync(Router, "nft 'add table inet cut; add chain inet cut forward { type filter hook forward priority -10; policy drop; }'");

    public Task MendAsync() => RunAsync(Router, "nft delete table inet cut");

    /// <summary>The person's cable is pulled: the machine knows at once.</summary>
    public Task UnplugAsync() => RunAsync(Person, "ip link set eth down");

    public Task PlugAsync() => RunAsync(
        Person, "ip link set eth up; ip -6 addr add fd78::2/64 dev eth nodad; ip route add default via 198.51.100.1; ip -6 route add default via fd78::1");

    public async ValueTask DisposeAsync()
    {
        foreach (var space in new[] { Node, Router, Person, Relay })
        {
            await ShellAsync($"ip netns del {space} 2>/dev/null || true");
        }
    }

    private async Task LayAsync()
    {
        var m = _prefix + "m";
        foreach (var space in new[] { Node, Router, Person, Relay })
        {
            await ShellAsync($"ip netns add {space} && ip -n {space} link set lo up");
        }

        await ShellAsync(
            $"ip link add {m} type veth peer name test netns {Node} && ip addr add {_subnet}.1/30 dev {m} && ip link set {m} up",
            $"ip -n {Node} addr add {_subnet}.2/30 dev test && ip -n {Node} link set test up",
            $"ip link add eth netns {Node} type veth peer name inside netns {Router}",
            $"ip link add eth netns {Person} type veth peer name person netns {Router}",
            $"ip link add eth netns {Relay} type veth peer name relay netns {Router}");
        await AddressAsync(Node, "eth", NodeAddress, NodeAddress6);
        await AddressAsync(Router, "inside", "10.77.0.1", "fd77::1");
        await AddressAsync(Router, "person", PublicAddress, "fd78::1");
        await AddressAsync(Router, "relay", "203.0.113.1", "fd79::1");
        await AddressAsync(Person, "eth", "198.51.100.2", "fd78::2");
        await AddressAsync(Relay, "eth", RelayAddress, "fd79::3");
        await RunAsync(Router, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        await RunAsync(Node, "ip route add default via 10.77.0.1; ip -6 route add default via fd77::1");
        await RunAsync(Person, $"ip route add default via {PublicAddress}; ip -6 route add default via fd78::1");
        await RunAsync(Relay, "ip route add default via 203.0.113.1; ip -6 route add default via fd79::1");
    }

    /// <summary>1:1 NAT with a firewall: what is not named does not get in.</summary>
    private Task TranslateAsync(IReadOnlyList<int> tcpPorts, int udpPort)
    {
        var tcp = string.Join(", ", tcpPorts);
        return RunAsync(
            Router,
            $"nft 'add table ip nat; "
            + $"add chain ip nat in {{ type nat hook prerouting priority dstnat; }}; "
            + $"add rule ip nat in ip daddr {PublicAddress} tcp dport {{ {tcp} }} dnat to {NodeAddress}; "
            + $"add rule ip nat in ip daddr {PublicAddress} udp dport {udpPort} dnat to {NodeAddress}; "
            + $"add chain ip nat out {{ type nat hook postrouting priority srcnat; }}; "
            + $"add rule ip nat out ip saddr {NodeAddress} snat to {PublicAddress}; "
            + $"add table inet firewall; "
            + $"add chain inet firewall forward {{ type filter hook forward priority 0; policy drop; }}; "
            + $"add rule inet firewall forward ct state established,related accept; "
            + $"add rule inet firewall forward iifname inside accept; "
            + $"add rule inet firewall forward iifname {{ person, relay }} oifname {{ person, relay }} accept; "
            + $"add rule inet firewall forward meta l4proto ipv6-icmp accept; "
            + $"add rule inet firewall forward tcp dport {{ {tcp} }} accept; "
            + $"add rule inet firewall forward udp dport {udpPort} accept'");
    }

    private static Task AddressAsync(string space, string device, string address, string address6) => RunAsync(
        space, $"ip addr add {address}/24 dev {device} && ip -6 addr add {address6}/64 dev {device} nodad && ip link set {device} up");

    private static Task RunAsync(string space, string command) => ShellAsync($"ip netns exec {space} sh -ec {Quote(command)}");

    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static async Task ShellAsync(params string[] commands)
    {
        foreach (var command in commands)
        {
            var start = new ProcessStartInfo("sh") { RedirectStandardError = true, RedirectStandardOutput = true };
            start.ArgumentList.Add("-ec");
            start.ArgumentList.Add(command);
            using var process = Process.Start(start)!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{command}: {error.Trim()} (network namespaces need root)");
            }
        }
    }

    /// <summary>A test run that was killed leaves its namespaces.</summary>
    private static async Task ForgetDeadAsync()
    {
        if (!Directory.Exists("/run/netns"))
        {
            return;
        }

        foreach (var name in Directory.EnumerateFiles("/run/netns").Select(Path.GetFileName))
        {
            var owner = OwnName().Match(name!);
            if (owner.Success && !Directory.Exists($"/proc/{owner.Groups[1].Value}"))
            {
                await ShellAsync($"ip netns del {name} 2>/dev/null || true");
            }
        }
    }

    [GeneratedRegex(@"^ev(\d+)x\d+[nrpt]$")]
    private static partial Regex OwnName();
}
