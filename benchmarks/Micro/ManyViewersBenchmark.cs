using BenchmarkDotNet.Attributes;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Micro;

/// <summary>
/// A packet of sound to eight viewers whose state is in no cache, as after the twenty milliseconds in which everything else had its turn: what it costs when each line of it is
/// waited for, and when it is asked for before. The state of all viewers together is three times the last-level cache.
/// </summary>
[MemoryDiagnoser]
public class ManyViewersBenchmark
{
    private const int Together = 8;
    private const int Viewers = 20_000;

    private readonly byte[] _packet = new byte[120];
    private readonly byte[] _slot = new byte[2_048];
    private readonly Viewer[] _viewers = new Viewer[Viewers];
    private int _next;
    private ushort _sequence;
    private MonotonicTime _now = new(1);

    [GlobalSetup]
    public void Prepare()
    {
        var writer = new RtpPacketWriter(_packet, false, 111, new(1), new(960), 0xCAFE);
        writer.WritePayload(new byte[100]);
        var key = new byte[SrtpProfileSizes.KeyLength];
        var salt = new byte[SrtpProfile.AeadAes128Gcm.SaltLength()];
        for (var i = 0; i < Viewers; i++)
        {
            _viewers[i] = new Viewer(new SrtpSender(SrtpCiphers.Default.Create(SrtpProfile.AeadAes128Gcm, key, salt)), (uint)i);
        }

        new Random(1).Shuffle(_viewers); // Viewers come one after the other, but not in the order of a track's list.
    }

    [GlobalCleanup]
    public void Clean()
    {
        foreach (var viewer in _viewers)
        {
            viewer.Sender.Dispose();
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Together)]
    public int ForwardSound() => Forward(Step());

    [Benchmark(OperationsPerInvoke = Together)]
    public int ForwardSoundFetched()
    {
        var viewers = Step();
        foreach (var viewer in viewers)
        {
            Prefetch.At(ref viewer.Rewriter);
            viewer.Estimator.Fetch();
            viewer.Stream.Fetch();
        }

        return Forward(viewers);
    }

    private ReadOnlySpan<Viewer> Step()
    {
        _next = (_next + Together) % Viewers;
        _sequence++;
        _now += TimeSpan.FromMilliseconds(1);
        return _viewers.AsSpan(_next, Together);
    }

    private int Forward(ReadOnlySpan<Viewer> viewers)
    {
        var sent = 0;
        foreach (var viewer in viewers)
        {
            var packet = RtpReader.OfCopy(_packet, RtpHeader.FixedLength, 0);
            var length = viewer.Rewriter.Write(packet, _slot, out var headerLength);
            viewer.Estimator.PacketSent(length, _now);
            sent += viewer.Stream.Protect(_slot, length, headerLength);
        }

        return sent;
    }

    private sealed class Viewer
    {
        public StreamRewriter Rewriter;

        public Viewer(SrtpSender sender, uint ssrc)
        {
            Sender = sender;
            Stream = sender.OpenStream(ssrc);
            Rewriter = new(ssrc, 1);
            Rewriter.Configure(111, 0, 0);
            Rewriter.Rebase(1, 960, 0, TimeSpan.Zero, null, 48_000);
        }

        public SrtpSender Sender { get; }

        public SrtpSendStream Stream { get; }

        public SendSideEstimator Estimator { get; } = new(new SendSideEstimatorOptions());
    }
}
