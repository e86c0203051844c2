using System.Buffers.Binary;

namespace Events.Mixer.Recording;

/// <summary>What a file of <see cref="MatroskaWriter"/> holds, whole or cut anywhere.</summary>
/// <param name="Frames">Whole blocks.</param>
/// <param name="LastTimestampNs">Timestamp of the last whole block.</param>
public readonly record struct MatroskaScan(long Frames, long LastTimestampNs)
{
    /// <summary>Later clusters would overflow nanoseconds (292 years): damage, not ours. A block adds at most 2^15.</summary>
    private const long MaxClusterTicks = (long.MaxValue / MatroskaWriter.TimestampScale) - 0x8000;

    /// <summary>Walks a file's elements without reading its frames. A file that is cut, or is none of ours, gives what came before.</summary>
    /// <param name="path">The file.</param>
    /// <param name="untilNs">Later blocks do not count.</param>
    public static MatroskaScan File(string path, long untilNs = long.MaxValue)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 64 * 1024);
        return Stream(stream, untilNs);
    }

    public static MatroskaScan Stream(Stream stream, long untilNs = long.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(stream);
        long frames = 0;
        long last = 0;
        long cluster = 0;
        Span<byte> value = stackalloc byte[8];
        while (TryReadVint(stream, keepMarker: true, out var id) && TryReadVint(stream, keepMarker: false, out var size))
        {
            // Masters of unknown size are entered; everything inside them is a sibling to this walk.
            if ((uint)id is MatroskaIds.Segment or MatroskaIds.Cluster)
            {
                continue;
            }

            var end = stream.Position + size;
            if (size < 0 || end > stream.Length)
            {
                break;
            }

            switch ((uint)id)
            {
                case MatroskaIds.Timestamp when size is > 0 and <= 8:
                    value.Clear();
                    stream.ReadExactly(value[(8 - (int)size)..]);
                    cluster = BinaryPrimitives.ReadInt64BigEndian(value);
                    if (cluster is < 0 or > MaxClusterTicks)
                    {
                        return Result(frames, last);
                    }

                    break;
                case MatroskaIds.SimpleBlock when size >= 4:
                    stream.ReadExactly(value[..4]);
                    var at = cluster + BinaryPrimitives.ReadInt16BigEndian(value[1..]);
                    if (at > untilNs / MatroskaWriter.TimestampScale)
                    {
                        return Result(frames, last);
                    }

                    frames++;
                    last = Math.Max(last, at);
                    break;
            }

            stream.Position = end;
        }

        return Result(frames, last);
    }

    private static MatroskaScan Result(long frames, long lastTicks) => new(frames, lastTicks * MatroskaWriter.TimestampScale);

    private static bool TryReadVint(Stream stream, bool keepMarker, out long value)
    {
        value = 0;
        var first = stream.ReadByte();
        if (first <= 0)
        {
            return false;
        }

        var extra = System.Numerics.BitOperations.LeadingZeroCount((uint)first) - 24;
        value = keepMarker ? first : first & ((1 << (7 - extra)) - 1);
        for (var i = 0; i < extra; i++)
        {
            var next = stream.ReadByte();
            if (next < 0)
            {
                return false;
            }

            value = (value << 8) | (uint)next;
        }

        return true;
    }
}
