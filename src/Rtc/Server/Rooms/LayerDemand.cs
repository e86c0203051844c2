using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// Dynacast: an encoding that nobody watches is stopped at its publisher, and resumed the moment that somebody wants it. Only for tracks
/// whose client said that it obeys.
/// </summary>
internal sealed class LayerDemand(PublishedTrack track)
{
    /// <summary>Viewers scroll and resize; an encoder that starts and stops with them costs keyframes.</summary>
    private static readonly TimeSpan PauseAfter = TimeSpan.FromSeconds(5);

    /// <summary>A publisher resumes within a round trip and a keyframe; what has not come by then will not.</summary>
    private static readonly TimeSpan ResumesWithin = TimeSpan.FromSeconds(5);

    private readonly MonotonicTime[] _unwatchedSince = NeverFor(track.Encodings.Length);
    private int _stopped;
    private bool _told;

    public void Update(MonotonicTime now)
    {
        if (!track.IsLive)
        {
            return; // Relays learn of a track by its first packet.
        }

        var before = _stopped;
        var watched = track.WatchedEncodings;
        if (watched != 0 && track.Layers.All is [var lowest, ..])
        {
            watched |= 1 << lowest.Encoding.Index; // Whose path becomes thin falls to it at once, and not when an encoder has begun again.
        }

        foreach (var encoding in track.Encodings)
        {
            var bit = 1 << encoding.Index;
            // What has not been seen is not known as a layer, so nobody can ask for it yet.
            if ((watched & bit) != 0 || !encoding.IsLive)
            {
                _unwatchedSince[encoding.Index] = MonotonicTime.Never;
                if ((_stopped & bit) != 0)
                {
                    _stopped &= ~bit;
                    encoding.ExpectedUntil = now + ResumesWithin;
                }
            }
            else if (_unwatchedSince[encoding.Index].IsNever)
            {
                _unwatchedSince[encoding.Index] = now;
            }
            else if (now - _unwatchedSince[encoding.Index] >= PauseAfter)
            {
                _stopped |= bit;
                encoding.ExpectedUntil = MonotonicTime.Never;
            }
        }

        if (before != _stopped)
        {
            Tell();
        }
    }

    public void Repeat()
    {
        if (_told)
        {
            Tell();
        }
    }

    private void Tell()
    {
        _told = true;
        var encodings = new EncodingDemand[track.Encodings.Length];
        foreach (var encoding in track.Encodings)
        {
            encodings[encoding.Index] = new EncodingDemand(encoding.Rid, (_stopped & (1 << encoding.Index)) == 0);
        }

        track.Publisher.Events?.PublishLayers(track.Id, track.Mid, encodings);
    }

    private static MonotonicTime[] NeverFor(int count)
    {
        var times = new MonotonicTime[count];
        Array.Fill(times, MonotonicTime.Never);
        return times;
    }
}
