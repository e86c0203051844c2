using System.Buffers.Binary;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="StreamFraming"/>: a stream cut into pieces gives the same datagrams as the whole. The first byte says how it is cut.</summary>
internal sealed class StreamFramingTarget : IFuzzTarget
{
    private const int MaxDatagram = 256;

    private readonly byte[] _whole = new byte[8_192];
    private readonly byte[] _pieces = new byte[8_192];

    public string Name => "stream-framing";

    public long AllocationLimit => 0;

    public int MaxLength => 4_000;

    public IReadOnlyList<byte[]> Words { get; } = [[0, 0], [0, 1], [0, 255], [1, 0], [1, 1], [255, 255]];

    public IEnumerable<byte[]> Seeds =>
    [
        [7, 0, 4, 1, 2, 3, 4, 0, 0, 0, 1, 9],
        [1, 1, 0, .. new byte[256], 0, 2, 5, 6, 0, 3, 7],
        [200, 0, 2, 1, 1, 1, 1, .. new byte[300]],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        var step = input[0] + 1;
        var stream = input[1..];
        var (wholeEnd, wholeCount, wholeSum) = Read(stream, stream.Length, _whole);
        var (end, count, sum) = Read(stream, step, _pieces);
        Demand.That(end == wholeEnd && count == wholeCount && sum == wholeSum, "Pieces give what the whole gives.");
    }

    /// <summary>As a connection reads: what is left over stands before the next piece.</summary>
    private static (StreamFrame End, int Count, ulong Sum) Read(ReadOnlySpan<byte> stream, int step, byte[] buffer)
    {
        int kept = 0, count = 0;
        ulong sum = 14_695_981_039_346_656_037;
        while (!stream.IsEmpty)
        {
            var piece = stream[..Math.Min(step, stream.Length)];
            stream = stream[piece.Length..];
            piece.CopyTo(buffer.AsSpan(kept));
            var rest = buffer.AsSpan(0, kept + piece.Length);
            StreamFrame frame;
            while ((frame = StreamFraming.Take(ref rest, MaxDatagram, out var datagram)) == StreamFrame.Complete)
            {
                Demand.That(datagram.Length <= MaxDatagram, "A datagram is bounded.");
                count++;
                sum = (sum ^ (uint)datagram.Length) * 1_099_511_628_211;
                foreach (var value in datagram)
                {
                    sum = (sum ^ value) * 1_099_511_628_211;
                }
            }

            if (frame == StreamFrame.TooLong)
            {
                Demand.That(BinaryPrimitives.ReadUInt16BigEndian(rest) > MaxDatagram, "Only what is too long is refused.");
                return (frame, count, sum);
            }

            Demand.That(rest.Length < StreamFraming.HeaderBytes + MaxDatagram, "What is kept is less than a datagram.");
            rest.CopyTo(buffer);
            kept = rest.Length;
        }

        return (StreamFrame.Incomplete, count, sum);
    }
}
