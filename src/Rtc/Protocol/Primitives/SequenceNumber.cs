namespace Events.Rtc.Protocol.Primitives;

/// <summary>A 16-bit RTP sequence number with serial arithmetic (RFC 1982, RFC 3550 §A.1).</summary>
public readonly record struct SequenceNumber(ushort Value)
{
    /// <summary>Signed distance from <paramref name="other"/> to this, in −32,768…32,767.</summary>
    public int DistanceFrom(SequenceNumber other) => (short)(Value - other.Value);

    public bool IsNewerThan(SequenceNumber other) => DistanceFrom(other) > 0;

    public SequenceNumber Next => new((ushort)(Value + 1));

    public static SequenceNumber operator +(SequenceNumber a, int delta) => new((ushort)(a.Value + delta));

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Extends 16-bit sequence numbers to 64 bits; the first one seen becomes 65,536 + value, so that earlier ones stay positive.</summary>
public struct SequenceUnwrapper
{
    private long _last;
    private bool _started;

    public readonly bool Started => _started;

    public readonly long Last => _last;

    /// <summary>The extended number; the reference moves forward only.</summary>
    public long Unwrap(ushort value)
    {
        if (!_started)
        {
            _started = true;
            _last = 65_536L + value;
            return _last;
        }

        var extended = _last + (short)(value - (ushort)_last);
        if (extended > _last)
        {
            _last = extended;
        }

        return extended;
    }

    /// <summary>The extended number without moving the reference.</summary>
    public readonly long Peek(ushort value) => _started ? _last + (short)(value - (ushort)_last) : 65_536L + value;
}
