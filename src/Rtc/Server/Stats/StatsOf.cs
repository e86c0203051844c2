using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;

namespace Events.Rtc.Stats;

/// <summary>Describes what the room holds. On the worker's thread, when somebody asks.</summary>
internal static class StatsOf
{
    public static TransportStats Transport(MediaTransport? transport)
    {
        var state = transport?.Peer switch
        {
            null => "closed",
            { IsConnected: true } => "connected",
            { Srtp: null } => "connecting",
            _ => "consent_lost",
        };
        if (transport?.Peer?.Ice is not { HasRemote: true, RemoteAddress: var address })
        {
            return new(state, null, null, transport?.Addresses.Count ?? 0);
        }

        return new(state, address.IsTcp ? "tcp" : "udp", address.IsIPv4 ? "ipv4" : "ipv6", transport.Addresses.Count);
    }

    public static PublisherStats Publisher(Participant participant, MonotonicTime now)
    {
        // A transport that sends nothing does not tick its tracks either: what they were last at is not now.
        var connected = participant.Publisher is { IsConnected: true };
        var tracks = participant.Tracks.Select(t => Track(t, connected, now)).ToList();
        var (identity, name) = Person(participant);
        return new(
            participant.Id, identity, name, Kind(participant), Transport(participant.Publisher), tracks.Sum(t => t.Encodings.Sum(e => e.Bitrate)), tracks);
    }

    public static ViewerStats Viewer(Participant participant, SubscriberTransport transport, MonotonicTime now)
    {
        var congestion = transport.Congestion;
        var subscriptions = transport.Subscriptions.Select(s => Subscription(s, now)).ToList();
        var (identity, name) = Person(participant);
        return new(
            participant.Id,
            identity,
            name,
            Kind(participant),
            Transport(transport),
            subscriptions.Sum(s => s.Bitrate),
            congestion.Estimator.Feedback == CongestionFeedback.Reports ? null : congestion.Estimator.Target.BitsPerSecond,
            RoundTripMs(transport),
            Round(transport.Loss),
            Round(transport.Jitter.TotalMilliseconds),
            congestion.Pacing.Paced,
            congestion.Pacing.Dropped,
            transport.Subscriptions.Sum(s => s.Retransmitted),
            subscriptions.Sum(s => s.Freezes),
            subscriptions.Sum(s => s.FrozenMs),
            subscriptions);
    }

    /// <summary>Null until known.</summary>
    public static double? RoundTripMs(SubscriberTransport transport) =>
        transport.PathRoundTrip > TimeSpan.Zero ? Round(transport.PathRoundTrip.TotalMilliseconds) : null;

    public static double Round(double value) => Math.Round(value, 4);

    private static TrackStats Track(PublishedTrack track, bool connected, MonotonicTime now) => new(
        track.Id,
        track.Kind,
        track.Source,
        track.CodecName,
        track.Muted || track.Silenced,
        track.SubscriptionCount,
        track.Freezes.Count,
        (long)track.Freezes.TotalAt(now).TotalMilliseconds,
        track.Freezes.IsFrozen,
        [.. track.Encodings.ToArray().Select(e => Encoding(track, e, connected))],
        track.Layers.Info);

    private static EncodingStats Encoding(PublishedTrack track, PublishedEncoding encoding, bool connected)
    {
        var largest = track.Layers.All.LastOrDefault(l => l.Encoding == encoding);
        return new(
            encoding.Rid,
            connected && encoding.IsLive && largest is not { IsActive: false },
            largest?.Width ?? 0,
            largest?.Height ?? 0,
            connected && largest is not null ? Round(largest.FrameRate(VideoLayer.MaxTemporal - 1)) : 0,
            connected ? encoding.Bitrate : 0,
            encoding.PacketsReceived,
            Math.Max(0, encoding.PacketsLost),
            Round(encoding.FractionLost),
            Round(encoding.Jitter * 1_000.0 / track.Codec.ClockRate),
            encoding.KeyframeRequestsSent);
    }

    private static SubscriptionStats Subscription(Subscription subscription, MonotonicTime now) => new(
        subscription.Track.Id,
        subscription.Track.Kind,
        subscription.Track.Source,
        subscription.Track.Kind == TrackKind.Video ? Layer(subscription) : null,
        subscription.PauseReason,
        subscription.Bitrate,
        Round(subscription.FractionLost),
        Round(subscription.Jitter.TotalMilliseconds),
        subscription.Freezes.Count,
        (long)subscription.Freezes.TotalAt(now).TotalMilliseconds,
        subscription.Freezes.IsFrozen);

    private static GivenLayer? Layer(Subscription subscription)
    {
        var current = subscription.Current;
        if (current.IsPaused)
        {
            return null;
        }

        // Of a track without layers all is given: its one layer.
        VideoLayer? given = null;
        foreach (var layer in subscription.Track.Layers.All)
        {
            if (layer.Encoding.Index == current.Encoding && (given is null || layer.Spatial <= current.Spatial))
            {
                given = layer;
            }
        }

        return given is null
            ? null
            : new(given.Encoding.Rid, given.Spatial, subscription.Track.IsLayered ? Math.Min(current.Temporal, given.Temporal) : given.Temporal, given.Width, given.Height);
    }

    private static string Kind(Participant participant) => participant.Kind switch
    {
        ParticipantKind.Whip => "whip",
        ParticipantKind.Whep => "whep",
        _ => "client",
    };

    /// <summary>Who chose not to appear does not here either.</summary>
    private static (string? Identity, string? Name) Person(Participant participant) =>
        participant.Rights.Hidden || participant.Rights.Recorder ? (null, null) : (participant.Rights.Identity, participant.Rights.Name);
}
