namespace Events.Rtc.Rooms;

/// <summary>Who counts in a room, on whatever worker: all, and those of each person. Who records takes nobody's place.</summary>
internal sealed class Attendance
{
    private readonly Dictionary<string, int> _ofPerson = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    public int Of(string person) => _ofPerson.GetValueOrDefault(person);

    public void Came(RoomRights rights)
    {
        if (!rights.Recorder)
        {
            Count++;
            _ofPerson[rights.Person] = Of(rights.Person) + 1;
        }
    }

    public void Left(RoomRights rights)
    {
        if (rights.Recorder || Of(rights.Person) is not (var before and > 0))
        {
            return; // Or it was of a room of this name that has ended.
        }

        Count--;
        if (before > 1)
        {
            _ofPerson[rights.Person] = before - 1;
        }
        else
        {
            _ofPerson.Remove(rights.Person);
        }
    }
}
