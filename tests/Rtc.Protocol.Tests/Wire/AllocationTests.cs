using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class AllocationTests
{
    private readonly byte[] _rtp = new byte[1_200];
    private readonly byte[] _rtcp = new byte[1_200];
    private readonly byte[] _stun = new byte[200];
    private readonly MonotonicTime[] _arrivals = [new(0), MonotonicTime.Never, new(1_000_000), new(90_000_000)];
    private long _seen;

    /// <summary>What is promised is promised of optimised code, which test.sh builds.</summary>
#if DEBUG
    [Fact(Skip = "What is measured is optimised code: build with -c Release.")]
#else
    [Fact]
#endif
    public void Reading_and_writing_allocate_nothing()
    {
        for (var i = 0; i < 200; i++)
        {
            WriteAndReadAll(); // statics and tiers
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            WriteAndReadAll();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(_seen > 0);
    }

    private void WriteAndReadAll()
    {
        ReadOnlySpan<byte> payload = stackalloc byte[1_000];
        var packetWriter = new RtpPacketWriter(_rtp, true, 96, new(1), new(2), 3);
        packetWriter.AddExtension(1, [1, 2]);
        packetWriter.AddExtension(2, [3]);
        packetWriter.WritePayload(payload);
        if (RtpReader.TryRead(_rtp.AsSpan(0, packetWriter.Length), out var packet) && packet.TryGetExtension(2, out var value))
        {
            _seen += value.Length + packet.Payload.Length;
        }

        var writer = new RtcpWriter(_rtcp);
        writer.WriteReceiverReport(1, [new ReportBlock(1, 2, 3, 4, 5, 6, 7)]);
        writer.WriteNack(1, 2, [1, 5, 9, 100]);
        writer.WriteTransportFeedback(1, 2, 3, new(4), _arrivals, out _);
        var reader = new RtcpReader(_rtcp.AsSpan(0, writer.Length));
        while (reader.TryReadNext(out var part))
        {
            if (ReceiverReport.TryRead(part, out var report))
            {
                _seen += report.GetBlock(0).Jitter;
            }
            else if (Nack.TryRead(part, out var nack))
            {
                foreach (var lost in nack)
                {
                    _seen += lost.Value;
                }
            }
            else if (TransportFeedback.TryRead(part, out var feedback))
            {
                foreach (var status in feedback)
                {
                    _seen += status.DeltaMicroseconds;
                }
            }
        }

        var stun = new StunWriter(_stun, StunClass.Request, StunMethod.Binding, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        stun.AddAttribute(StunAttribute.Username, "a:b"u8);
        stun.AddMessageIntegrity("password"u8);
        stun.AddFingerprint();
        if (StunReader.TryRead(stun.Message, out var message) && message.VerifyMessageIntegrity("password"u8) && message.VerifyFingerprint())
        {
            _seen++;
        }
    }
}
