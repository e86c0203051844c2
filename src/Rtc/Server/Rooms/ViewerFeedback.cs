using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>What comes back from one viewer: reports of what arrives, requests for packets that did not and for keyframes (RFC 3550 §6.4, RFC 4585, RFC 5104).</summary>
internal sealed class ViewerFeedback(SubscriberTransport transport, ViewerReports reports)
{
    private readonly RetransmissionBudget _again = new();

    public void Received(ReadOnlySpan<byte> compound, MonotonicTime now)
    {
        var estimator = transport.Congestion.Estimator;
        var reader = new RtcpReader(compound);
        var worstLoss = -1.0;
        while (reader.TryReadNext(out var packet))
        {
            switch (packet.Type)
            {
                case RtcpType.ReceiverReport when ReceiverReport.TryRead(packet, out var report):
                    for (var i = 0; i < report.BlockCount; i++)
                    {
                        var block = report.GetBlock(i);
                        ReportReceived(block, now);
                        worstLoss = Math.Max(worstLoss, block.FractionLost / 256.0);
                    }

                    break;
                case RtcpType.TransportFeedback when packet.Format == RtcpFeedbackFormat.Nack && Nack.TryRead(packet, out var nack):
                    NackReceived(nack, now);
                    break;
                case RtcpType.TransportFeedback when TransportFeedback.TryRead(packet, out var feedback):
                    _ = estimator.FeedbackReceived(feedback, now); // Too much of it is left unread, and harms nobody.
                    break;
                case RtcpType.PayloadFeedback when packet.Format == RtcpFeedbackFormat.Pli && Pli.TryRead(packet, out var pli):
                    KeyframeWanted(pli.MediaSsrc, now);
                    break;
                case RtcpType.PayloadFeedback when packet.Format == RtcpFeedbackFormat.Fir && Fir.TryRead(packet, out var fir):
                    for (var i = 0; i < fir.Count; i++)
                    {
                        KeyframeWanted(fir.GetEntry(i).Ssrc, now);
                    }

                    break;
                case RtcpType.PayloadFeedback when Remb.TryRead(packet, out var remb):
                    estimator.RembReceived(remb.Bitrate, now);
                    break;
            }
        }

        if (worstLoss >= 0)
        {
            estimator.ReportReceived(worstLoss, reports.RoundTrip, now);
        }

        if (estimator.WantsPadding)
        {
            transport.NextTick = now; // A probe begins with what the feedback said, not with the next round of timers.
        }
    }

    private void ReportReceived(in ReportBlock block, MonotonicTime now)
    {
        if (transport.Find(block.Ssrc) is { } subscription)
        {
            subscription.FractionLost = block.FractionLost / 256.0;
            subscription.Jitter = TimeSpan.FromSeconds(block.Jitter / (double)subscription.Track.Codec.ClockRate);
        }

        reports.Answered(block, now);
    }

    private void NackReceived(in Nack nack, MonotonicTime now)
    {
        if (transport.Find(nack.MediaSsrc) is not { } subscription)
        {
            return;
        }

        if (_again.IsOver(now))
        {
            _again.Begin(PacketsForwarded(), now);
        }

        var counters = transport.Worker.Counters;
        foreach (var sequence in nack)
        {
            counters.NacksReceived++;
            if (!_again.Allows(nack.MediaSsrc, sequence.Value, transport.PathRoundTrip, now))
            {
                counters.NacksIgnored++;
            }
            else if (subscription.Retransmit(sequence.Value, now))
            {
                _again.Took(nack.MediaSsrc, sequence.Value, now);
                counters.Retransmissions++;
            }
            else
            {
                _again.Missed();
            }
        }
    }

    private long PacketsForwarded()
    {
        var sum = 0L;
        foreach (var subscription in transport.Subscriptions)
        {
            sum += subscription.PacketsSent;
        }

        return sum;
    }

    private void KeyframeWanted(uint ssrc, MonotonicTime now)
    {
        if (transport.Find(ssrc) is { } subscription)
        {
            subscription.RequestKeyframe(now);
        }
    }
}
