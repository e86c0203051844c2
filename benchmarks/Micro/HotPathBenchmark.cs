using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Micro;

/// <summary>Each step of a forwarded packet's way between the sockets, for one VP8 packet of 1,100 bytes.</summary>
[MemoryDiagnoser]
public class HotPathBenchmark
{
    private const int PacketLength = 1_100;
    private const int ClockRate = 90_000;

    private readonly byte[] _packet = new byte[PacketLength];
    private readonly byte[] _sound = new byte[20 + 165];
    private readonly byte[] _slot = new byte[2_048];
    private readonly RetransmitCache _cache = RetransmitCache.ForVideo();
    private readonly NackTracker _nack = new();
    private readonly TransportFeedbackRecorder _feedback = new();
    private readonly byte[] _compound = new byte[1_200];
    private StreamRewriter _rewriter = new(0x1234_5678, 1);
    private ReceptionStatistics _statistics;
    private ArrivalWindow _window;
    private ActiveSpeaker _speaker;
    private RedRecovery _recovery;
    private SrtpSender _sender = null!;
    private SrtpSendStream _stream = null!;
    private ushort _sequence;
    private long _extended;
    private MonotonicTime _now = new(1);

    [GlobalSetup]
    public void Prepare()
    {
        var writer = new RtpPacketWriter(_packet, false, 96, new(1), new(3_000), 0xCAFE);
        writer.AddExtension(3, [0, 1]);
        writer.WritePayload(new byte[PacketLength - 20]);
        _packet[20] = 0x10;
        _packet[21] = 0x01;
        var sound = new RtpPacketWriter(_sound, false, 63, new(1), new(960), 0xCAFE);
        sound.AddExtension(3, [0, 1]);
        sound.WritePayload([0xEF, 0x0F, 0x00, 80, 0x6F, .. new byte[160]]); // 80 bytes, and the 80 of 20 ms before.
        var key = new byte[SrtpProfileSizes.KeyLength];
        var salt = new byte[SrtpProfile.AeadAes128Gcm.SaltLength()];
        _sender = new(SrtpCiphers.Default.Create(SrtpProfile.AeadAes128Gcm, key, salt));
        _stream = _sender.OpenStream(0x1234_5678);
        _rewriter.Configure(96, 0, 0);
        _rewriter.Rebase(1, 3_000, 0, TimeSpan.Zero, null, 90_000);
        _cache.Store(_packet, 1, _now);
        var report = new RtcpWriter(_compound);
        report.WriteReceiverReport(1, [new ReportBlock(0xCAFE, 2, 3, 4, 5, 6, 7)]);
        report.WriteNack(1, 0xCAFE, [4, 5, 9]);
    }

    [GlobalCleanup]
    public void Clean() => _sender.Dispose();

    [Benchmark]
    public bool ReadPacket() => RtpReader.TryRead(_packet, out var packet) && packet.TryGetExtension(3, out _);

    [Benchmark]
    public bool DetectKeyframe() => KeyframeDetector.IsKeyframe(Codec.Vp8, _packet.AsSpan(20));

    /// <summary>Statistics, repetitions, losses and transport-wide feedback of one arrival.</summary>
    [Benchmark]
    public bool CountArrival()
    {
        Step();
        _extended = _statistics.Receive(_sequence, (uint)_sequence * 300, ClockRate, _now);
        _feedback.Receive(_sequence, _now);
        return _window.TryAdd(_extended) && _nack.Receive(_extended, _now);
    }

    [Benchmark]
    public bool KeepForRetransmission()
    {
        Step();
        return _cache.Store(_packet, _sequence, _now);
    }

    [Benchmark]
    public int FindForRetransmission() => _cache.TryGet(_sequence, _now, TimeSpan.Zero, TimeSpan.FromSeconds(2), out var packet) ? packet.Length : 0;

    [Benchmark]
    public int Rewrite()
    {
        Step();
        return RtpReader.TryRead(_packet, out var packet) ? _rewriter.Write(packet, _slot, out _) : 0;
    }

    /// <summary>What each subscriber costs in user space.</summary>
    [Benchmark]
    public int RewriteAndProtect()
    {
        Step();
        if (!RtpReader.TryRead(_packet, out var packet))
        {
            return 0;
        }

        var length = RtpPadding.Align(_slot, _rewriter.Write(packet, _slot, out var headerLength), 16);
        return _stream.Protect(_slot, length, headerLength);
    }

    [Benchmark]
    public bool HearSpeaker()
    {
        Step();
        _speaker.Receive(new AudioLevel(true, 30), _now);
        return _speaker.Speaking;
    }

    /// <summary>A viewer's receiver report with a NACK of three.</summary>
    [Benchmark]
    public int ReadFeedback()
    {
        var lost = 0;
        var reader = new RtcpReader(_compound.AsSpan(0, 48));
        while (reader.TryReadNext(out var part))
        {
            if (Nack.TryRead(part, out var nack))
            {
                foreach (var _ in nack)
                {
                    lost++;
                }
            }
            else if (ReceiverReport.TryRead(part, out var report))
            {
                lost += report.GetBlock(0).FractionLost;
            }
        }

        return lost;
    }

    /// <summary>What a packet of sound with redundancy costs once, for all who do not take it.</summary>
    [Benchmark]
    public int UnwrapRed()
    {
        _extended++;
        if (!RtpReader.TryRead(_sound, out var packet) || !RedPayload.TryRead(packet.Payload, out var red) || !red.IsOnly(111))
        {
            return 0;
        }

        var written = 0;
        var age = red.OlderBlocks;
        foreach (var block in red)
        {
            if (_recovery.TryRecover(_extended - age--))
            {
                written += RedUnwrapper.WriteRecovered(packet, block, new((ushort)_extended), _slot);
            }
        }

        return _recovery.TryArrive(_extended) ? written + RedUnwrapper.WritePrimary(packet, red, _slot) : written;
    }

    private void Step()
    {
        _sequence++;
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(2), _sequence);
        BinaryPrimitives.WriteUInt32BigEndian(_packet.AsSpan(4), (uint)_sequence * 300);
        _now += TimeSpan.FromMicroseconds(4_300);
    }
}
