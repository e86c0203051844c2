using System.Buffers.Binary;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// A whole connection from the first check to media, with an attacker on the wire. The input is what the attacker does: for each datagram, in
/// either direction, one byte says what happens to it, and further bytes how.
/// </summary>
internal sealed class PeerWireTarget : IFuzzTarget
{
    /// <summary>Enough for check, handshake, and some seconds of media and reports.</summary>
    private const int MaxDatagrams = 60;

    private readonly OpenSslDtlsEngineFactory _dtls = new();

    public string Name => "peer-wire";

    public int MaxLength => 2_000;

    public long AllocationLimit => 4 * 1_024 * 1_024;

    public bool IsRepeatable => false;

    public IEnumerable<byte[]> Seeds =>
    [
        [],
        [.. Enumerable.Repeat((byte)0, 40)],
        [5, 0, 30, 1, 0, 0, 5, 0, 60, 0x80, 0, 6, 0, 4],
        [0, 0, 0, 0, 7, 20, 0x16, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9, 0, 7, 1, 2, 3, 4, 5, 6, 7, 0, 0],
        [.. Enumerable.Repeat((byte[])[6, 0, 8, 0, 40], 12).SelectMany(x => x)],
    ];

    public IReadOnlyList<byte[]> Words { get; } = [[4], [5, 0, 13, 0xFF], [6], [7, 3, 0x80, 0xC8, 0], [7, 14, 0x15, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2], [8, 0, 13]];

    public void Run(ReadOnlySpan<byte> input)
    {
        using (var pair = new PeerPair(_dtls))
        {
            var idle = 0;
            for (var i = 0; i < MaxDatagrams && idle < 4; i++)
            {
                if (pair.TryTake(out var datagram))
                {
                    idle = 0;
                    Attack(pair, datagram.ToServer, datagram.Bytes, ref input);
                }
                else
                {
                    idle += pair.IsConnected ? 0 : 1;
                    pair.Pass(TimeSpan.FromMilliseconds(700));
                }
            }

            pair.Publisher.Close(pair.Now);
            pair.Pass(TimeSpan.FromSeconds(40));
            pair.Server.Close(pair.Now);
            Demand.That(pair.Ends == 1, "Whatever happened, the peer has ended.");
        }

        Demand.That(_dtls.LiveSessions == 0, "No session is left behind.");
    }

    public void Dispose() => _dtls.Dispose();

    private static void Attack(PeerPair pair, bool toServer, byte[] bytes, ref ReadOnlySpan<byte> script)
    {
        switch (Next(ref script) % 9)
        {
            case 4:
                return; // lost
            case 5:
                bytes[((Next(ref script) << 8) | Next(ref script)) % bytes.Length] ^= Next(ref script);
                break;
            case 6:
                pair.Deliver(toServer, [.. bytes]); // and once more below
                break;
            case 7:
                var injected = script[..Math.Min(Next(ref script), script.Length)].ToArray();
                script = script[injected.Length..];
                pair.Deliver(toServer, injected);
                break;
            case 8:
                bytes = bytes[..(((Next(ref script) << 8) | Next(ref script)) % (bytes.Length + 1))];
                break;
        }

        pair.Deliver(toServer, bytes);
    }

    /// <summary>Beyond the script's end the wire is honest.</summary>
    private static byte Next(ref ReadOnlySpan<byte> script)
    {
        if (script.IsEmpty)
        {
            return 0;
        }

        var value = script[0];
        script = script[1..];
        return value;
    }
}

/// <summary>
/// A connection that stands, and datagrams into both its ends: forged ones (mode 0), and ones that are sealed with the right keys (modes 1, 2: RTP,
/// RTCP), as a hostile client and a hostile server can make them. A frame of the input is a mode and the bytes.
/// </summary>
internal sealed class PeerInsideTarget : IFuzzTarget
{
    private readonly OpenSslDtlsEngineFactory _dtls = new();
    private readonly byte[] _packet = new byte[2_100];
    private Connection? _connection;

    public string Name => "peer-inside";

    public int MaxLength => 4_000;

    public long AllocationLimit => 512 * 1_024;

    public bool IsRepeatable => false;

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            byte[] Rtp(byte[] payload) => [0x90, 0x60, 0, 1, 0, 0, 0, 9, 0x12, 0x34, 0x56, 0x78, 0xBE, 0xDE, 0, 1, 0x10, (byte)'0', 0, 0, .. payload];
            var rtcp = new byte[200];
            var writer = new RtcpWriter(rtcp);
            writer.WriteReceiverReport(1);
            writer.WriteNack(1, 2, [1, 2, 3]);
            writer.WritePli(1, 2);
            var reports = rtcp[..writer.Length];
            return
            [
                Frames.Join([1, .. Rtp([0x10, 0, 1, 2])], [1, .. Rtp([1, 2, 3])], [2, .. reports], [0, 0x80, 0x60, 1, 2]),
                Frames.Join([4, .. Rtp([0x10, 0, 1, 2])], [5, .. reports], [3, 0x16, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]),
                Frames.Join([2, 0x81, 200, 0, 6, .. new byte[24]], [2, .. RtcpTarget.TransportWide()], [5, .. RtcpTarget.TransportWide()]),
            ];
        }
    }

    public IReadOnlyList<byte[]> Words { get; } = [[0x90, 0x60], [0xBE, 0xDE, 0, 1], [0x81, 205, 0, 3], [0x8F, 205, 0, 5], [0xFF, 0xFF, 0xFF, 0xFF]];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (_connection is not { IsAlive: true })
        {
            _connection?.Dispose();
            _connection = new(_dtls);
        }

        var frames = new Frames(input);
        while (frames.TryNext(out var frame))
        {
            if (frame.Length > 1 && frame.Length < 1_500)
            {
                frame[1..].CopyTo(_packet);
                _connection.Feed(frame[0], _packet, frame.Length - 1);
            }
        }

        _connection.Advance();
        Demand.That(_dtls.LiveSessions <= 2, "There are no sessions but those of the connection.");
        Demand.That(_connection.IsAlive, $"Nothing but its two ends closes a connection: {_connection.State}.");
    }

    public void Dispose()
    {
        _connection?.Dispose();
        Demand.That(_dtls.LiveSessions == 0, "No session is left behind.");
        _dtls.Dispose();
    }

    private sealed class Connection : IDisposable
    {
        private readonly PeerPair _pair;
        private readonly SrtpSender _asClient;
        private readonly SrtpSender _asServer;
        private readonly Dictionary<(bool, uint), SrtpSendStream> _streams = [];

        public Connection(OpenSslDtlsEngineFactory dtls)
        {
            _pair = new(dtls);
            _pair.Connect();
            var keys = _pair.ClientKeys!;
            _asClient = new(SrtpCiphers.Default.Create(keys.Profile, keys.LocalKey, keys.LocalSalt));
            _asServer = new(SrtpCiphers.Default.Create(keys.Profile, keys.RemoteKey, keys.RemoteSalt));
        }

        public bool IsAlive => _pair.IsConnected;

        public string State => $"server {_pair.EndReason ?? "connected"}, client {_pair.Publisher.State} {_pair.Publisher.Reason}";

        public void Feed(byte mode, byte[] packet, int length)
        {
            var toServer = mode % 6 < 3;
            var sender = toServer ? _asClient : _asServer;
            if (mode % 3 == 1 && RtpHeader.TryMeasure(packet.AsSpan(0, length), out _))
            {
                // Few sources, so that their state grows old.
                packet[8] = packet[9] = packet[10] = 0;
                packet[11] &= 7;
                var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(8));
                if (!_streams.TryGetValue((toServer, ssrc), out var stream))
                {
                    _streams[(toServer, ssrc)] = stream = sender.OpenStream(ssrc);
                }

                length = sender.ProtectRtp(stream, packet, length);
            }
            else if (mode % 3 == 2 && length >= 8)
            {
                packet[4] = packet[5] = packet[6] = 0;
                packet[7] &= 7;
                length = sender.ProtectRtcp(packet, length);
            }

            _pair.Deliver(toServer, packet.AsSpan(0, length));
        }

        /// <summary>Lets both sides answer, and carries their answers.</summary>
        public void Advance()
        {
            _pair.Pass(TimeSpan.FromMilliseconds(20));
            while (_pair.TryTake(out var datagram))
            {
                _pair.Deliver(datagram.ToServer, datagram.Bytes);
            }
        }

        public void Dispose()
        {
            _pair.Dispose();
            _asClient.Dispose();
            _asServer.Dispose();
        }
    }
}
