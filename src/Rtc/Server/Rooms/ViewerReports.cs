using System.Text;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>Sender reports to one viewer: when they are due, what is in them, and the round trip that its answers tell (RFC 3550 §6.4.1).</summary>
internal sealed class ViewerReports(SubscriberTransport transport)
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Passes every path that WebRTC assumes.</summary>
    private const int CompoundBytes = 1_200;

    /// <summary>A sender report without blocks (28) and its SDES: header 4, SSRC 4, item 2 + 17, end and padding (RFC 3550 §6.4.1, §6.5).</summary>
    private const int MaxReportBytes = 28 + 28;

    private (uint Middle, MonotonicTime At) _last;

    /// <summary>When the next ones are due.</summary>
    public MonotonicTime Next { get; private set; }

    /// <summary>Smoothed, from LSR and DLSR; zero until known.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>Media begins to flow.</summary>
    public void Begin(MonotonicTime now) => Next = now + FirstAfter;

    /// <summary>They are due, but not more often than <see cref="FirstAfter"/>.</summary>
    public void Hurry() => Next = MonotonicTime.Min(Next, _last.At + FirstAfter);

    /// <summary>Round trip = arrival − LSR − DLSR, here with our own clock for the first two.</summary>
    public void Answered(in ReportBlock block, MonotonicTime now)
    {
        if (block.LastSenderReport == 0 || block.LastSenderReport != _last.Middle)
        {
            return;
        }

        var roundTrip = now - _last.At - TimeSpan.FromSeconds(block.DelaySinceLastSenderReport / 65_536.0);
        if (roundTrip >= TimeSpan.Zero && roundTrip < TimeSpan.FromSeconds(30))
        {
            RoundTrip = RoundTrip == TimeSpan.Zero ? roundTrip : (RoundTrip * 0.875) + (roundTrip * 0.125);
        }
    }

    /// <summary>Sends one of each stream that has sent something.</summary>
    public void Send(Dictionary<string, Subscription>.ValueCollection subscriptions, MonotonicTime now)
    {
        Next = now + Interval;
        if (subscriptions.Count == 0)
        {
            return;
        }

        var queue = transport.Worker.Queue;
        var slot = queue.Reserve();
        var writer = new RtcpWriter(slot[..CompoundBytes]);
        Span<byte> cname = stackalloc byte[64];
        foreach (var subscription in subscriptions)
        {
            if (writer.Length + MaxReportBytes > CompoundBytes)
            {
                // A room of dozens of tracks needs more than one compound.
                transport.SendRtcp(slot, writer.Length);
                slot = queue.Reserve();
                writer = new RtcpWriter(slot[..CompoundBytes]);
            }

            if (!subscription.TryWriteSenderReport(ref writer, now, out var middle))
            {
                continue;
            }

            _last = (middle, now);
            if (Encoding.ASCII.TryGetBytes(subscription.Track.Publisher.Id, cname, out var length))
            {
                writer.WriteSdesCname(subscription.Ssrc, cname[..length]);
            }
        }

        transport.SendRtcp(slot, writer.Length);
    }
}
