namespace Events.Rtc.Rooms;

/// <summary>Moderators' mutes in one room: they stand for a person's source, so that publishing it again does not lift them.</summary>
internal sealed class Silences
{
    /// <summary>More than are in any room; beyond it a mute holds for the track alone.</summary>
    private const int MaxStanding = 10_000;

    private readonly HashSet<(string Person, TrackSource Source)> _standing = [];
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public void Set(PublishedTrack track, bool muted)
    {
        _asked.Remove(track.Id);
        if (!muted)
        {
            _standing.Remove(Key(track));
        }
        else if (_standing.Count < MaxStanding)
        {
            _standing.Add(Key(track));
        }
    }

    public bool Stands(PublishedTrack track) => _standing.Contains(Key(track));

    /// <summary>The next unmute of the publisher's own lifts the mute.</summary>
    public void Ask(PublishedTrack track) => _asked.Add(track.Id);

    public bool IsAsked(PublishedTrack track) => _asked.Contains(track.Id);

    public bool TakesUnmute(PublishedTrack track)
    {
        if (!_asked.Remove(track.Id))
        {
            return false;
        }

        _standing.Remove(Key(track));
        return true;
    }

    public void Forget(PublishedTrack track) => _asked.Remove(track.Id);

    private static (string Person, TrackSource Source) Key(PublishedTrack track) => (track.Publisher.Rights.Person, track.Source);
}
