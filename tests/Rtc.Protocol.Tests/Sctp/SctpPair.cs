using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sctp;

namespace Events.Tests.Rtc.Protocol.Tests.Sctp;

/// <summary>
/// Two associations and the path between them, in virtual time. Each only answers, so the test calls both: INIT in the other's name, and the
/// cookie back.
/// </summary>
internal sealed class SctpPair
{
    private const ushort Port = 5_000;

    /// <summary>One way.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

    private readonly PriorityQueue<(End To, byte[] Packet), (long At, int Order)> _path = new();
    private readonly Random _random;
    private readonly double _loss;
    private int _order;

    public SctpPair(Random random, double loss = 0)
    {
        _random = random;
        A = new(this, new(0xA1, 0xFFFF_FFF0, 77, Port, Port, 20_000)); // Its TSNs wrap around soon.
        B = new(this, new(0xB2, 500, 88, Port, Port, 20_000));
        A.Peer = B;
        B.Peer = A;
        Call(A, B);
        Call(B, A);
        _loss = loss;
    }

    public End A { get; }

    public End B { get; }

    public MonotonicTime Now { get; private set; } = MonotonicTime.FromMilliseconds(1);

    /// <summary>Packets that were sent, also those that got lost.</summary>
    public int Sent { get; private set; }

    /// <summary>Runs until it is so, or for so long.</summary>
    public bool RunUntil(Func<bool> isSo, int seconds = 60)
    {
        var end = Now + TimeSpan.FromSeconds(seconds);
        while (!isSo())
        {
            var next = MonotonicTime.Min(A.Association.Deadline, B.Association.Deadline);
            if (_path.TryPeek(out _, out var first))
            {
                next = MonotonicTime.Min(next, new(first.At));
            }

            if (next > end)
            {
                Now = end;
                return isSo();
            }

            Now = MonotonicTime.Max(Now, next);
            if (_path.TryPeek(out _, out first) && first.At <= Now.Nanoseconds)
            {
                var (to, packet) = _path.Dequeue();
                to.Association.Receive(packet, Now);
            }

            A.Association.HandleDeadline(Now);
            B.Association.HandleDeadline(Now);
        }

        return true;
    }

    private void Carry(End to, ReadOnlySpan<byte> packet)
    {
        Sent++;
        if (_random.NextDouble() >= _loss)
        {
            _path.Enqueue((to, packet.ToArray()), ((Now + Delay).Nanoseconds, _order++));
        }
    }

    private void Call(End called, End caller)
    {
        var buffer = new byte[SctpPacket.MaxBytes];
        var init = new SctpPacketWriter(buffer, Port, Port, 0);
        init.Begin(SctpChunkType.Init);
        init.Write(caller.Options.LocalTag);
        init.Write(100_000u);
        init.Write((ushort)64);
        init.Write((ushort)64);
        init.Write(caller.Options.InitialTsn);
        init.Write((ushort)0xC000);
        init.Write((ushort)4);
        init.End();
        called.Association.Receive(init.Finish(), Now);
        var echo = new SctpPacketWriter(buffer, Port, Port, called.Options.LocalTag);
        Span<byte> cookie = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(cookie, called.Options.Cookie);
        echo.Begin(SctpChunkType.CookieEcho);
        echo.Write(cookie);
        echo.End();
        called.Association.Receive(echo.Finish(), Now);
        Assert.True(called.Association.IsEstablished);
        _path.Clear(); // INIT-ACK and COOKIE-ACK, which nobody waits for.
    }

    internal sealed class End : ISctpSink
    {
        private readonly SctpPair _pair;

        public End(SctpPair pair, SctpOptions options)
        {
            _pair = pair;
            Options = options;
            Association = new(options, this);
        }

        public SctpOptions Options { get; }

        public SctpAssociation Association { get; }

        public End? Peer { get; set; }

        public List<(ushort Stream, byte[] Message)> Received { get; } = [];

        public List<ushort> Resets { get; } = [];

        /// <summary>Packets that it sent, also those that got lost.</summary>
        public List<byte[]> Sent { get; } = [];

        public string? EndReason { get; private set; }

        public bool Send(ushort stream, ReadOnlySpan<byte> message, bool reliable = true)
        {
            var sent = Association.TrySend(stream, 53, message, reliable);
            Association.Flush(_pair.Now);
            return sent;
        }

        public void SendPacket(ReadOnlySpan<byte> packet)
        {
            Assert.True(packet.Length <= SctpPacket.MaxBytes);
            Sent.Add(packet.ToArray());
            _pair.Carry(Peer!, packet);
        }

        public void MessageReceived(ushort stream, uint payloadProtocol, ReadOnlySpan<byte> message) => Received.Add((stream, message.ToArray()));

        public void StreamReset(ushort stream) => Resets.Add(stream);

        public void Ended(string reason) => EndReason = reason;
    }
}
