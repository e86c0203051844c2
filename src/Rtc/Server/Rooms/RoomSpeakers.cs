using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>Who speaks in a room, and who spoke last.</summary>
internal sealed class RoomSpeakers(Room room)
{
    /// <summary>Speakers are told at most four times a second.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly Comparison<PublishedTrack> LoudestFirst = (a, b) => b.AudioLevel.CompareTo(a.AudioLevel);

    private readonly List<PublishedTrack> _speaking = [];
    private readonly List<PublishedTrack> _lastSpeaking = [];
    private readonly List<Participant> _recent = [];
    private MonotonicTime _next;

    /// <summary>Who publishes: those who spoke last first, then those who never spoke, in the order of their coming.</summary>
    public IReadOnlyList<Participant> Recent => _recent;

    /// <summary>Publishes something, perhaps for the first time.</summary>
    public void Add(Participant publisher)
    {
        if (!_recent.Contains(publisher))
        {
            _recent.Add(publisher);
        }
    }

    public void Remove(Participant participant) => _recent.Remove(participant);

    public void Advance(MonotonicTime now)
    {
        if (now < _next || room.Participants.Count == 0)
        {
            return;
        }

        _next = now + Interval;
        _speaking.Clear();
        for (var i = 0; i < room.Tracks.Count; i++)
        {
            if (room.Tracks[i].Speaking)
            {
                _speaking.Add(room.Tracks[i]);
            }
        }

        _speaking.Sort(LoudestFirst);
        if (_speaking.Count <= 1 && CollectionsMarshal.AsSpan(_speaking).SequenceEqual(CollectionsMarshal.AsSpan(_lastSpeaking)))
        {
            return; // Silence goes on, or the same one goes on speaking.
        }

        if (!CollectionsMarshal.AsSpan(_speaking).SequenceEqual(CollectionsMarshal.AsSpan(_lastSpeaking)))
        {
            Note();
        }

        _lastSpeaking.Clear();
        _lastSpeaking.AddRange(_speaking);
        TellAll();
    }

    /// <summary>The loudest ends up first.</summary>
    private void Note()
    {
        for (var i = _speaking.Count - 1; i >= 0; i--)
        {
            var speaker = _speaking[i].Publisher;
            if (_recent.Remove(speaker))
            {
                _recent.Insert(0, speaker);
            }
        }

        foreach (var participant in room.Participants)
        {
            if (participant.LastN is not null)
            {
                participant.ApplyLastN();
            }
        }
    }

    /// <summary>Apart from <see cref="Advance"/>, whose every call would else allocate the closure.</summary>
    private void TellAll()
    {
        var speakers = _speaking.ConvertAll(t => new SpeakerLevel(t.Publisher.Id, Math.Round(t.AudioLevel, 3)));
        room.Tell(null, e => e.ActiveSpeakers(speakers));
    }
}
