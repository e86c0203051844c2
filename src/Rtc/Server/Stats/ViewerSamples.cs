using Events.Rtc.Rooms;

namespace Events.Rtc.Stats;

/// <summary>
/// Sums over the viewers of a worker, each of whom adds to them once a second while connected: what grows in a time, divided by the samples of it, is the mean.
/// Written by the worker's thread, read by the metrics at leisure.
/// </summary>
internal sealed class ViewerSamples
{
    /// <summary>From here on speech breaks in spite of retransmission (G.1010 asks for less than 3 % in conversation).</summary>
    public const double PoorLoss = 0.05;

    /// <summary>From here on people talk over each other (G.114: 400 ms one way is the most that is planned for; a round trip here is half of the way).</summary>
    public static readonly TimeSpan PoorRoundTrip = TimeSpan.FromMilliseconds(400);

    public long Count;

    /// <summary>Samples whose loss or round trip is poor, or of whom a picture stands still.</summary>
    public long Poor;

    /// <summary>Samples of whom a picture stands still.</summary>
    public long Frozen;

    public double Loss;

    /// <summary>Samples whose round trip is known.</summary>
    public long Timed;

    /// <summary>Seconds.</summary>
    public double RoundTrip;

    /// <summary>Seconds.</summary>
    public double Jitter;

    public void Sample(SubscriberTransport transport)
    {
        var (loss, roundTrip, frozen) = (transport.Loss, transport.PathRoundTrip, transport.IsFrozen);

        Count++;
        Loss += loss;
        Jitter += transport.Jitter.TotalSeconds;
        Frozen += frozen ? 1 : 0;
        Poor += frozen || loss > PoorLoss || roundTrip > PoorRoundTrip ? 1 : 0;
        if (roundTrip > TimeSpan.Zero)
        {
            Timed++;
            RoundTrip += roundTrip.TotalSeconds;
        }
    }
}
