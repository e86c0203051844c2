using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// What a worker sends later than something came: frames that wait for their last packet, sound that waits for a frame, the past that who joins is still shown, and
/// the padding of probes.
/// </summary>
internal sealed class LaterForwarding
{
    /// <summary>
    /// From one packet of a probe to the next: what leaves at once takes a while to arrive, and is measured as less the more there is of it. Rounds of timers are five
    /// times as far apart.
    /// </summary>
    private static readonly TimeSpan PaddingInterval = TimeSpan.FromMilliseconds(2);

    /// <summary>Encodings that hold packets, and until when, the earliest first: all hold for the same time.</summary>
    private readonly Queue<(PublishedEncoding Encoding, MonotonicTime Until)> _holding = new();

    /// <summary>Subscriptions that are still shown the past.</summary>
    private readonly List<Subscription> _replaying = [];

    /// <summary>Viewers to whom a probe is being sent.</summary>
    private readonly List<SubscriberTransport> _probing = [];

    private MonotonicTime _padding = MonotonicTime.Never;

    /// <summary>When the first held packets go out, or padding does; <see cref="MonotonicTime.Never"/> when there is neither.</summary>
    public MonotonicTime Deadline => MonotonicTime.Min(_padding, _holding.TryPeek(out var first) ? first.Until : MonotonicTime.Never);

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

    /// <summary>A probe is being sent to a viewer: its padding goes on leaving with <see cref="SendPadding"/>.</summary>
    public void Pad(SubscriberTransport viewer, MonotonicTime now)
    {
        if (!_probing.Contains(viewer))
        {
            _probing.Add(viewer);
            _padding = MonotonicTime.Min(_padding, now.Down(PaddingInterval) + PaddingInterval);
        }
    }

    public void SendPadding(MonotonicTime now, WorkerFaults faults)
    {
        if (now < _padding)
        {
            return;
        }

        for (var i = _probing.Count - 1; i >= 0; i--)
        {
            var viewer = _probing[i];
            try
            {
                viewer.SendPadding(now);
            }
            catch (Exception exception)
            {
                faults.Note(viewer, exception);
            }

            if (!viewer.IsProbed)
            {
                _probing.RemoveAt(i);
            }
        }

        _padding = _probing.Count == 0 ? MonotonicTime.Never : now.Down(PaddingInterval) + PaddingInterval;
    }

    public void Clear()
    {
        _probing.Clear();
        _padding = MonotonicTime.Never;
        _holding.Clear();
        _replaying.Clear();
    }
}
