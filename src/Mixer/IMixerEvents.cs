namespace Events.Mixer;

/// <summary>
/// Where the mixer says what happened: the node's journal. Types and data are those of docs/api.md, "Events of nodes"; data is
/// one of the records of <c>RecordingEvents.cs</c>, to be written as camelCase JSON.
/// </summary>
public interface IMixerEvents
{
    /// <summary>Takes an event; it must not block for long, and is called from any thread.</summary>
    void Record(string type, object data);
}
