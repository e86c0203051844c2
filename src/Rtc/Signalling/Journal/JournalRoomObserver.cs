using Events.Rtc.Rooms;

namespace Events.Rtc.Signalling.Journal;

/// <summary>Writes what happens in rooms into the journal.</summary>
public sealed class JournalRoomObserver(EventJournal journal) : IRoomObserver
{
    /// <inheritdoc/>
    public void Record(string type, object data) => journal.Record(type, data);

    /// <inheritdoc/>
    public Task FlushAsync() => journal.FlushAsync();
}
