using System.Net;
using System.Net.Sockets;
using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Transport;
using Events.Rtc.Transport.Tcp;
using Events.Tests.Rtc.Server.Tests.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Transport;

public class TcpCandidateTests
{
    [Fact]
    public async Task Who_has_no_udp_publishes_and_watches_by_tcp_and_loses_nothing()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await PublishByTcpAsync(node);
        var (viewer, _) = await WatchByTcpAsync(node, "viewer");
        var other = await node.WhepAsync(identity: "by-udp");
        await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty && !viewer.Audio.IsEmpty && !other.Video.IsEmpty);

        var sent = new List<string>();
        for (var frame = 0; frame < 40; frame++)
        {
            sent.AddRange(publisher.SendFrame(keyframe: frame == 0, packets: 1 + (frame * 7 % 30), size: 400 + frame));
            await Task.Delay(2);
        }

        foreach (var watcher in new[] { viewer, other })
        {
            await Wait.UntilAsync(() => !watcher.Video.IsEmpty && watcher.Video.Last().Payload == sent[^1], "all packets forwarded");
            Assert.Equal(sent, watcher.Video.SkipWhile(v => v.Payload != sent[0]).Select(v => v.Payload));
        }

        var measured = await node.Server.MeasureAsync();
        Assert.Equal(2, measured.TcpConnections);
        Assert.Equal(0, measured.TcpDropped);
        Assert.Equal(0, measured.Faults);
    }

    [Fact]
    public async Task Sdp_offers_the_same_port_by_udp_first_and_by_tcp()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var result = await node.Server.WhipAsync(TestNode.Rights(), description.WriteOffer(ClientMediaPlan.Publish));
        Assert.True(result.IsOk);
        var lines = result.Value.Answer.Sdp.Split("\r\n").Where(l => l.StartsWith("a=candidate:", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, lines.Count);
        Assert.Matches($@"^a=candidate:\d+ 1 udp \d+ 127\.0\.0\.1 {node.Server.Ports[0]} typ host$", lines[0]);
        Assert.Matches($@"^a=candidate:\d+ 1 tcp \d+ 127\.0\.0\.1 {node.Server.Ports[0]} typ host tcptype passive$", lines[1]);
        Assert.True(uint.Parse(lines[0].Split(' ')[3]) > uint.Parse(lines[1].Split(' ')[3]), "UDP is preferred");
    }

    [Fact]
    public async Task A_transport_that_ends_takes_its_connection_along()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await PublishByTcpAsync(node);
        Assert.Equal(1, (await node.Server.MeasureAsync()).TcpConnections);
        await publisher.Participant.LeaveAsync("left");
        await publisher.Endpoint.Ended.WaitAsync(TimeSpan.FromSeconds(30)); // close_notify came first
        await UntilAsync(node, m => m.TcpConnections == 0 && m.Routes == 0, "the connection closes");
    }

    [Fact]
    public async Task A_reader_that_stops_costs_old_packets_of_its_own_and_nobody_elses()
    {
        await using var node = new TestNode(o => o with { Workers = 1, Tcp = new() { StallTimeout = TimeSpan.FromMinutes(5) } });
        var publisher = await node.WhipAsync();
        var (slow, bridge) = await WatchByTcpAsync(node, "slow", receiveBufferBytes: 8_192);
        var fast = await node.WhepAsync(identity: "fast");
        await publisher.SendUntilAsync(() => !slow.Video.IsEmpty && !fast.Video.IsEmpty);

        bridge.Pause();
        var before = await node.Server.MeasureAsync();
        await Wait.UntilAsync(
            () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    publisher.SendFrame(keyframe: false, packets: 20);
                }

                return node.Server.MeasureAsync().Result.TcpDropped > before.TcpDropped + 500;
            },
            "datagrams are dropped",
            60);
        bridge.Resume();
        fast.Video.Clear();
        var last = "";
        await Wait.UntilAsync(
            () =>
            {
                last = publisher.SendFrame(keyframe: true)[^1];
                return slow.Video.Any(v => v.Payload == last);
            },
            "the newest arrives",
            60);
        await Wait.UntilAsync(
            () =>
            {
                last = publisher.SendFrame(keyframe: true)[^1];
                Thread.Sleep(10);
                return fast.Video.Any(v => v.Payload == last);
            },
            "and the other went on");
        Assert.Equal(1, (await node.Server.MeasureAsync()).TcpConnections);
        Assert.Equal(0, (await node.Server.MeasureAsync()).Faults);
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_is_closed()
    {
        await using var node = new TestNode(o => o with { Workers = 1, Tcp = new() { StallTimeout = TimeSpan.FromSeconds(1) } });
        var publisher = await node.WhipAsync();
        var (stuck, bridge) = await WatchByTcpAsync(node, "stuck", receiveBufferBytes: 8_192);
        await publisher.SendUntilAsync(() => !stuck.Video.IsEmpty);
        bridge.Pause();
        await publisher.SendUntilAsync(() => node.Server.MeasureAsync().Result is { TcpConnections: 0, TcpStalled: 1 }, 60, packets: 20);
    }

    [Fact]
    public async Task Strangers_are_let_in_up_to_a_limit_and_for_a_while()
    {
        await using var node = new TestNode(o => o with
        {
            Workers = 1,
            Tcp = new() { MaxUnauthenticatedPerAddress = 3, AuthenticationTimeout = TimeSpan.FromSeconds(1) },
        });
        var strangers = new List<TcpClient>();
        for (var i = 0; i < 10; i++)
        {
            var stranger = new TcpClient();
            await stranger.ConnectAsync(IPAddress.Loopback, node.Server.Ports[0]);
            strangers.Add(stranger);
        }

        await UntilAsync(node, m => m.TcpRefused == 7, "the rest is refused");
        await UntilAsync(node, m => m.TcpConnections == 0, "nobody stays");
        Assert.Equal(3, (await node.Server.MeasureAsync()).TcpUnauthenticated);
        foreach (var stranger in strangers)
        {
            await AssertClosedAsync(stranger);
            stranger.Dispose();
        }

        var publisher = await PublishByTcpAsync(node); // and who has a name gets in
        publisher.SendFrame(keyframe: true);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")] // "GE" is a length of 18,245
    [InlineData("\0\u0004DTLS")]
    [InlineData("\0\0")]
    public async Task What_is_no_check_ends_a_strangers_connection(string bytes)
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        using var stranger = new TcpClient();
        await stranger.ConnectAsync(IPAddress.Loopback, node.Server.Ports[0]);
        await stranger.Client.SendAsync(System.Text.Encoding.Latin1.GetBytes(bytes));
        await AssertClosedAsync(stranger);
        Assert.Equal(1, (await node.Server.MeasureAsync()).TcpMalformed);
    }

    [Fact]
    public async Task Forged_checks_are_answered_a_few_times_and_authenticate_nobody()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var result = await node.Server.WhipAsync(TestNode.Rights(), description.WriteOffer(ClientMediaPlan.Publish));
        Assert.True(description.TryReadAnswer(result.Value.Answer.Sdp, out var session, out _));
        using var stranger = new TcpClient();
        await stranger.ConnectAsync(IPAddress.Loopback, node.Server.Ports[0]);
        var sent = 0;
        try
        {
            for (; sent < 1_000; sent++)
            {
                await stranger.Client.SendAsync(ForgedCheck(session.Remote.Ufrag));
            }
        }
        catch (SocketException)
        {
            // Closed meanwhile.
        }

        await AssertClosedAsync(stranger);
        var measured = await node.Server.MeasureAsync();
        Assert.Equal((0, 1), (measured.TcpConnections, measured.TcpMalformed));
    }

    [Fact]
    public async Task A_nomination_moves_media_from_tcp_to_udp()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await node.WhipAsync();
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var result = await node.Server.WhepAsync(TestNode.Rights(identity: "moving"), description.WriteOffer(ClientMediaPlan.View));
        Assert.True(description.TryReadAnswer(result.Value.Answer.Sdp, out var session, out _));
        var udp = session.Candidates[0];
        await using var bridge = await TcpBridge.OpenAsync(node.Server.Ports[0]);
        var viewer = new TestViewer(result.Value.Participant);
        viewer.Watch(await node.StartAsync(session with { Candidates = [TransportAddress.From(bridge.Address)] }, viewer.Received));
        await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty);

        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var check = Check(session.Remote.Ufrag, session.Local.Ufrag, session.Remote.Password);
        await socket.SendAsync(check, udp.ToIPEndPoint());
        var received = bridge.Received;
        var media = 0;
        _ = Task.Run(async () =>
        {
            while (media < 100)
            {
                media += PacketDemux.Classify((await socket.ReceiveAsync()).Buffer) == PacketKind.Rtp ? 1 : 0;
            }
        });
        await publisher.SendUntilAsync(() => media >= 100);
        Assert.Equal(0, (await node.Server.MeasureAsync()).Faults);
    }

    [Fact]
    public async Task Media_by_tcp_allocates_nothing()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await PublishByTcpAsync(node);
        var (viewer, _) = await WatchByTcpAsync(node, "viewer");
        await publisher.SendUntilAsync(() => viewer.Video.Count > 2_000, 60, packets: 20); // warm
        var before = await node.Server.MeasureAsync();
        var target = viewer.Video.Count + 4_000;
        await publisher.SendUntilAsync(() => viewer.Video.Count > target, 60, packets: 10);
        var after = await node.Server.MeasureAsync();
        var packets = after.PacketsForwarded - before.PacketsForwarded;
        Assert.True(packets > 4_000, $"{packets} packets");
        Assert.InRange(after.AllocatedBytes - before.AllocatedBytes, 0, packets); // As in ForwardingTests: what is there once a second is no packet's.
    }

    [Fact]
    public async Task A_connection_that_cannot_be_watched_any_more_is_closed_alone()
    {
        var (counters, receiver, closed) = (new WorkerCounters(), new Receiver(), new List<TransportAddress>());
        using var udp = UdpSocket.Bind(IPAddress.Loopback, 0, 65_536);
        using var tcp = new TcpCandidate(IPAddress.Loopback, udp.Port, new(), counters, closed.Add);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, udp.Port);
        await client.Client.SendAsync(ForgedCheck("ours"));
        await Wait.UntilAsync(
            () =>
            {
                tcp.Receive(ref receiver, MonotonicTime.Zero);
                return receiver.From is not null;
            },
            "its check arrives");

        // What watches is no epoll set any more.
        using (var nothing = File.OpenHandle("/dev/null"))
        {
            Assert.Equal(tcp.Descriptor, Duplicate((int)nothing.DangerousGetHandle(), tcp.Descriptor));
        }

        var datagram = new byte[1_200];
        for (var i = 0; i < 10_000 && closed.Count == 0; i++)
        {
            tcp.Add(receiver.From!.Value, datagram);
            tcp.Drain(receiver.From.Value); // At some time the kernel takes no more, and is to say when it does.
        }

        Assert.Equal([receiver.From!.Value], closed);
        Assert.Equal(0, tcp.ConnectionCount);
        await AssertClosedAsync(client);
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "dup2")]
    private static extern int Duplicate(int descriptor, int number);

    private sealed class Receiver : IDatagramReceiver
    {
        public TransportAddress? From { get; private set; }

        public void Receive(Span<byte> datagram, in TransportAddress from) => From = from;
    }

    private static async Task<TestPublisher> PublishByTcpAsync(TestNode node)
    {
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var result = await node.Server.WhipAsync(TestNode.Rights(identity: "publisher"), description.WriteOffer(ClientMediaPlan.Publish));
        Assert.True(result.IsOk, result.Error?.ToString());
        var (endpoint, _) = await ConnectAsync(node, description, result.Value.Answer.Sdp, null, 0);
        return new TestPublisher(endpoint, result.Value.Participant);
    }

    private static async Task<(TestViewer, TcpBridge)> WatchByTcpAsync(TestNode node, string identity, int receiveBufferBytes = 0)
    {
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var result = await node.Server.WhepAsync(TestNode.Rights(identity: identity), description.WriteOffer(ClientMediaPlan.View));
        Assert.True(result.IsOk, result.Error?.ToString());
        var viewer = new TestViewer(result.Value.Participant);
        var (endpoint, bridge) = await ConnectAsync(node, description, result.Value.Answer.Sdp, viewer.Received, receiveBufferBytes);
        viewer.Watch(endpoint);
        return (viewer, bridge);
    }

    private static async Task<(ClientEndpoint, TcpBridge)> ConnectAsync(
        TestNode node, ClientDescription description, string answer, ClientEndpoint.MediaHandler? onMedia, int receiveBufferBytes)
    {
        Assert.True(description.TryReadAnswer(answer, out var session, out var error), error);
        var bridge = await TcpBridge.OpenAsync(node.Server.Ports[0], receiveBufferBytes);
        node.Owns(bridge);
        return (await node.StartAsync(session with { Candidates = [TransportAddress.From(bridge.Address)] }, onMedia), bridge);
    }

    private static byte[] ForgedCheck(string ufrag)
    {
        var check = Check(ufrag, "them", "not the password at all");
        return [(byte)(check.Length >> 8), (byte)check.Length, .. check];
    }

    private static byte[] Check(string ours, string theirs, string password)
    {
        var buffer = new byte[512];
        var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, "transaction!"u8);
        writer.AddAttribute(StunAttribute.Username, System.Text.Encoding.ASCII.GetBytes($"{ours}:{theirs}"));
        writer.AddUInt32(StunAttribute.Priority, 1);
        writer.AddUInt64(StunAttribute.IceControlling, 1);
        writer.AddAttribute(StunAttribute.UseCandidate, []);
        writer.AddMessageIntegrity(System.Text.Encoding.ASCII.GetBytes(password));
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    private static async Task AssertClosedAsync(TcpClient client)
    {
        try
        {
            var buffer = new byte[4_096];
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (await client.Client.ReceiveAsync(buffer, patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset: closed as well.
        }
    }

    private static async Task UntilAsync(TestNode node, Func<RtcMeasurement, bool> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!condition(await node.Server.MeasureAsync()))
        {
            Assert.True(DateTime.UtcNow < deadline, what);
            await Task.Delay(20);
        }
    }
}
