using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>Encodes arrival times as transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).</summary>
internal static class TransportFeedbackEncoder
{
    /// <summary>Most statuses in one message: 1,024 packets are 100 ms at 100 Mbit/s, and their symbols fit on the stack.</summary>
    public const int MaxStatuses = 1_024;

    private const long NanosecondsPerDelta = TransportFeedback.DeltaUnitMicroseconds * 1_000L;
    private const int DeltasPerReferenceUnit = TransportFeedback.ReferenceTimeUnitMicroseconds / TransportFeedback.DeltaUnitMicroseconds;

    /// <summary>Writes everything behind the two ssrcs.</summary>
    /// <param name="body">Space from the base sequence number on.</param>
    /// <param name="feedbackCount">Number of this message.</param>
    /// <param name="baseSequence">Sequence number of the first arrival.</param>
    /// <param name="arrivals">One per consecutive sequence number.</param>
    /// <param name="encoded">How many arrivals the message covers.</param>
    /// <returns>Bytes written, a multiple of four; 0 when no arrival fits.</returns>
    [SkipLocalsInit]
    public static int Encode(
        Span<byte> body, byte feedbackCount, SequenceNumber baseSequence, ReadOnlySpan<MonotonicTime> arrivals, out int encoded)
    {
        const int Head = TransportFeedback.FixedLength - 8;
        encoded = 0;
        Span<byte> symbols = stackalloc byte[MaxStatuses];
        Span<short> deltas = stackalloc short[MaxStatuses];

        // Whole words only, since the message ends on one.
        var room = (body.Length & ~3) - Head;
        var reference = 0L;
        var clock = 0L; // in delta units, as the reader will add it up, so that rounding errors do not
        var received = 0;
        var deltaLength = 0;
        var count = 0;
        while (count < arrivals.Length && count < MaxStatuses)
        {
            var symbol = StatusChunk.NotReceived;
            if (!arrivals[count].IsNever)
            {
                var ticks = FloorDivide(arrivals[count].Nanoseconds, NanosecondsPerDelta);
                if (received == 0)
                {
                    reference = FloorDivide(ticks, DeltasPerReferenceUnit);
                    clock = reference * DeltasPerReferenceUnit;
                }

                var delta = ticks - clock;
                if (delta is < short.MinValue or > short.MaxValue)
                {
                    break;
                }

                symbol = delta is >= 0 and <= byte.MaxValue ? StatusChunk.SmallDelta : StatusChunk.LargeDelta;
                if (WorstChunkLength(count + 1) + deltaLength + symbol > room)
                {
                    break;
                }

                deltas[received++] = (short)delta;
                clock = ticks;
                deltaLength += symbol;
            }
            else if (WorstChunkLength(count + 1) + deltaLength > room)
            {
                break;
            }

            symbols[count++] = (byte)symbol;
        }

        if (received == 0)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt16BigEndian(body, baseSequence.Value);
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)count);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], ((uint)reference << 8) | feedbackCount);
        symbols = symbols[..count];
        var length = Head + WriteChunks(body[Head..], symbols);
        length += WriteDeltas(body[length..], symbols, deltas);
        var padded = (length + 3) & ~3;
        body[length..padded].Clear();
        encoded = count;
        return padded;
    }

    /// <summary>No chunk but the last covers fewer than seven statuses.</summary>
    private static int WorstChunkLength(int statuses) =>
        (statuses + StatusChunk.TwoBitSymbols - 1) / StatusChunk.TwoBitSymbols * 2;

    private static int WriteChunks(Span<byte> destination, ReadOnlySpan<byte> symbols)
    {
        var length = 0;
        while (!symbols.IsEmpty)
        {
            var chunk = NextChunk(symbols, out var used);
            BinaryPrimitives.WriteUInt16BigEndian(destination[length..], chunk.Bits);
            length += 2;
            symbols = symbols[used..];
        }

        return length;
    }

    private static StatusChunk NextChunk(ReadOnlySpan<byte> symbols, out int used)
    {
        var run = symbols.IndexOfAnyExcept(symbols[0]);
        run = Math.Min(run < 0 ? symbols.Length : run, StatusChunk.MaxRun);
        if (run >= StatusChunk.OneBitSymbols || run == symbols.Length)
        {
            used = run;
            return StatusChunk.Run(symbols[0], run);
        }

        var vector = symbols[..Math.Min(symbols.Length, StatusChunk.OneBitSymbols)];
        if (!vector.Contains((byte)StatusChunk.LargeDelta))
        {
            used = vector.Length;
            return StatusChunk.OneBitVector(vector);
        }

        if (run >= StatusChunk.TwoBitSymbols)
        {
            used = run;
            return StatusChunk.Run(symbols[0], run);
        }

        used = Math.Min(symbols.Length, StatusChunk.TwoBitSymbols);
        return StatusChunk.TwoBitVector(symbols[..used]);
    }

    private static int WriteDeltas(Span<byte> destination, ReadOnlySpan<byte> symbols, ReadOnlySpan<short> deltas)
    {
        var length = 0;
        var next = 0;
        foreach (var symbol in symbols)
        {
            if (symbol == StatusChunk.SmallDelta)
            {
                destination[length] = (byte)deltas[next++];
            }
            else if (symbol == StatusChunk.LargeDelta)
            {
                BinaryPrimitives.WriteInt16BigEndian(destination[length..], deltas[next++]);
            }

            length += symbol; // a symbol's value is also its delta's length
        }

        return length;
    }

    private static long FloorDivide(long value, long divisor)
    {
        var quotient = Math.DivRem(value, divisor, out var rest);
        return rest < 0 ? quotient - 1 : quotient;
    }
}
