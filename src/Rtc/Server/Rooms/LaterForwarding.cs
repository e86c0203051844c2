using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>What a worker forwards later than it came: frames that wait for their last packet, sound that waits for a frame, and the past that who joins is still shown.</summary>
internal sealed class LaterForwarding
{
    /// <summary>Encodings that hold packets, and until when, the earliest first: all hold for the same time.</summary>
    private readonly Queue<(PublishedEncoding Encoding, MonotonicTime Until)> _holding = new();

    /// <summary>Subscriptions that are still shown the past.</summary>
    private readonly List<Subscription> _replaying = [];

    /// <summary>When the first held packets go out; <see cref="MonotonicTime.Never"/> when none are held.</summary>
    public MonotonicTime Deadline => _holding.TryPeek(out var first) ? first.Until : MonotonicTime.Never;

    public void Hold(PublishedEncoding encoding) => _holding.Enqueue((encoding, encoding.HeldUntil));

    /// <summary>A microphone of the room that holds packets; null when none does.</summary>
    public PublishedEncoding? FindSound(Room room)
    {
        foreach (var (encoding, until) in _holding)
        {
            if (encoding.Track.Kind == TrackKind.Audio && encoding.Track.Publisher.Room == room && encoding.HeldUntil == until)
            {
                return encoding;
            }
        }

        return null;
    }

    public void Replay(Subscription subscription)
    {
        if (!_replaying.Contains(subscription))
        {
            _replaying.Add(subscription);
        }
    }

    public void ForwardHeld(MonotonicTime now)
    {
        // Most have forwarded meanwhile, with the frame's last packet.
        while (_holding.TryPeek(out var first) && (first.Encoding.HeldUntil != first.Until || now >= first.Until))
        {
            _holding.Dequeue();
            if (first.Encoding.HeldUntil == first.Until)
            {
                first.Encoding.ForwardHeld(now);
            }
        }
    }

    /// <summary>True while there is more.</summary>
    public bool ReplayMore(MonotonicTime now)
    {
        for (var i = _replaying.Count - 1; i >= 0; i--)
        {
            if (!_replaying[i].Replay(now))
            {
                _replaying.RemoveAt(i);
            }
        }

        return _replaying.Count > 0;
    }

    public void Clear()
    {
        _holding.Clear();
        _replaying.Clear();
    }
}
