namespace Events.Mixer.Frames;

/// <summary>
/// Relates the clock that a sender writes into its sender reports (RFC 3550 §6.4.1) to the recording's clock. All tracks of a participant share
/// it, so that a track that takes a slower way (video, behind encoder and pacer) is not shifted against the other.
/// </summary>
public sealed class ParticipantClock
{
    /// <summary>Tracks whose clocks differ by more than this do not share one.</summary>
    private const long SharedClockNs = 1_000_000_000;

    private readonly List<TrackClock> _tracks = [];
    private SlewedOffset _offset;

    /// <summary>Node time minus sender time, meaningful once a track had a report.</summary>
    internal long Offset => _offset.Value;

    internal bool IsKnown => _offset.IsSet;

    /// <summary>A clock for one more track (or one more SSRC of it).</summary>
    public TrackClock Open(int clockRate)
    {
        var track = new TrackClock(this, clockRate);
        _tracks.Add(track);
        return track;
    }

    internal void Close(TrackClock track) => _tracks.Remove(track);

    internal bool Shares(TrackClock track) =>
        track.OffsetEstimate is { } own && Math.Abs(own - Minimum()) < SharedClockNs;

    internal void Update(long nowNs)
    {
        var minimum = Minimum();
        if (minimum == long.MaxValue)
        {
            return;
        }

        if (_offset.IsSet && Math.Abs(minimum - _offset.Value) > SharedClockNs)
        {
            // The sender's clock was set anew.
            _offset.Jump(nowNs, minimum);
            return;
        }

        _offset.Follow(nowNs, minimum);
    }

    private long Minimum()
    {
        var minimum = long.MaxValue;
        foreach (var track in _tracks)
        {
            minimum = Math.Min(minimum, track.OffsetEstimate ?? long.MaxValue);
        }

        return minimum;
    }
}
