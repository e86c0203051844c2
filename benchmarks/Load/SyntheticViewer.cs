using System.Net;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Load;

/// <summary>Receives, opens and verifies every packet; decodes nothing.</summary>
internal sealed class SyntheticViewer(ClientStack stack, ClientSession session, IPAddress? host, bool gro, MonotonicTime offeredAt)
    : LoadClient(stack, session, host, gro)
{
    /// <summary>A frame that was sent no longer ago than this is the present; one of a replay was sent up to a second ago.</summary>
    private static readonly TimeSpan Present = TimeSpan.FromMilliseconds(50);

    private PictureProgress _progress;

    public TaskCompletionSource<bool> Joined { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DelayHistogram? Delays { get; set; }

    public TimeSpan? FirstMedia { get; private set; }

    public TimeSpan? FirstKeyframe { get; private set; }

    /// <summary>Whole, decodable, and as new as what everybody else sees.</summary>
    public TimeSpan? FirstPresent { get; private set; }

    public long Delivered { get; private set; }

    public long Corrupt { get; private set; }

    public string? EndReason { get; private set; }

    public override void StateChanged(ClientPeerState state, string? reason)
    {
        if (state is ClientPeerState.Failed or ClientPeerState.Closed)
        {
            EndReason = reason;
            Joined.TrySetResult(false);
        }
    }

    public override void MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
    {
        Delivered++;
        FirstMedia ??= now - offeredAt;
        if (FirstKeyframe is null && track.Media.Kind == MediaKind.Video && track.HasKeyframe)
        {
            FirstKeyframe = now - offeredAt;
            Joined.TrySetResult(true);
        }

        if (!SyntheticMedia.TryVerify(track.Media.Codec, packet.Payload, out var sentAt))
        {
            Corrupt++;
            return;
        }

        Delays?.Add(now - sentAt);
        if (FirstPresent is null && track.Media.Kind == MediaKind.Video && _progress.Add(packet) && now - sentAt <= Present)
        {
            FirstPresent = now - offeredAt;
        }
    }
}

/// <summary>Delays in steps of 0.1 ms up to 2 s; written by one thread.</summary>
internal sealed class DelayHistogram
{
    private const int Buckets = 20_000;
    private const double BucketMilliseconds = 0.1;

    private readonly long[] _counts = new long[Buckets];

    public void Add(TimeSpan delay) => _counts[Math.Clamp((int)(delay.TotalMilliseconds / BucketMilliseconds), 0, Buckets - 1)]++;

    public void AddTo(DelayHistogram sum)
    {
        for (var i = 0; i < Buckets; i++)
        {
            sum._counts[i] += _counts[i];
        }
    }

    /// <summary>Milliseconds; 0 when nothing was counted.</summary>
    public double Quantile(double share)
    {
        var total = _counts.Sum();
        var seen = 0L;
        for (var i = 0; i < Buckets && total > 0; i++)
        {
            seen += _counts[i];
            if (seen >= total * share)
            {
                return (i + 1) * BucketMilliseconds;
            }
        }

        return 0;
    }
}
