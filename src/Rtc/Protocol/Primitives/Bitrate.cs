namespace Events.Rtc.Protocol.Primitives;

/// <summary>Bits per second.</summary>
public readonly record struct Bitrate(long BitsPerSecond) : IComparable<Bitrate>
{
    public static readonly Bitrate Zero = new(0);

    public static Bitrate FromKilobits(double kilobitsPerSecond) => new((long)(kilobitsPerSecond * 1_000));

    public static Bitrate FromMegabits(double megabitsPerSecond) => new((long)(megabitsPerSecond * 1_000_000));

    public int CompareTo(Bitrate other) => BitsPerSecond.CompareTo(other.BitsPerSecond);

    public static bool operator <(Bitrate a, Bitrate b) => a.BitsPerSecond < b.BitsPerSecond;

    public static bool operator >(Bitrate a, Bitrate b) => a.BitsPerSecond > b.BitsPerSecond;

    public static bool operator <=(Bitrate a, Bitrate b) => a.BitsPerSecond <= b.BitsPerSecond;

    public static bool operator >=(Bitrate a, Bitrate b) => a.BitsPerSecond >= b.BitsPerSecond;

    public override string ToString() => $"{BitsPerSecond / 1000.0:F1} kbit/s";
}
