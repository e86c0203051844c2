namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// What was captured before a moment comes late, all at once: its timestamps move together to a 64th before that moment. A receiver so shows the
/// newest picture at once, instead of playing the past at its own pace. A function of the timestamp alone, so that a packet sent again is the same.
/// </summary>
internal struct CompressedPast
{
    /// <summary>A second becomes 16 ms: frames stay apart, and none is worth waiting for.</summary>
    private const int Factor = 64;

    /// <summary>Ticks after the present from which on nothing older is sent again: 10 s at 90 kHz.</summary>
    private const int Ends = 900_000;

    private uint _present;
    private bool _isSet;

    /// <summary>Ticks between what is so old and the present, once it is compressed.</summary>
    public static uint Lead(uint past) => (int)past > 0 ? Math.Min(past, Ends) / Factor : 0;

    /// <param name="present">The publisher's timestamp of its newest frame.</param>
    public void Begin(uint present) => (_present, _isSet) = (present, true);

    public void End() => _isSet = false;

    /// <summary>A frame of this timestamp is sent for the first time.</summary>
    public void Advance(uint timestamp)
    {
        if (_isSet && (int)(timestamp - _present) > Ends)
        {
            _isSet = false;
        }
    }

    /// <summary>Ticks that a publisher's timestamp is moved by.</summary>
    public readonly uint Shift(uint timestamp)
    {
        var before = _isSet ? (int)(_present - timestamp) : 0;
        return before > 0 ? (uint)(before - (before / Factor)) : 0;
    }
}
