using System.Buffers.Binary;
using Events.Mixer.Frames;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// What is kept about a received stream, under sequence numbers and timestamps of an attacker's choice: eight bytes of input a packet (sequence 2,
/// transport-wide sequence 2, timestamp 3, milliseconds since the one before 1).
/// </summary>
internal sealed class ReceiveTarget : IFuzzTarget
{
    private readonly byte[] _buffer = new byte[1_200];
    private readonly ushort[] _lost = new ushort[NackTracker.MaxMissing];

    public string Name => "receive-stream";

    public int MaxLength => 4_000;

    // Two trackers and a recorder with their tables.
    public long AllocationLimit => 64 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } = [[0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0, 0x80, 0], [0, 0, 4, 0], [0, 0, 1, 1]];

    public IEnumerable<byte[]> Seeds => [[.. Enumerable.Range(65_500, 100).SelectMany(i => (byte[])[(byte)(i >> 8), (byte)i, (byte)(i >> 8), (byte)i, 0, (byte)i, 0, 5])]];

    public void Run(ReadOnlySpan<byte> input)
    {
        var now = MonotonicTime.FromMilliseconds(1_000);
        var statistics = default(ReceptionStatistics);
        var nack = new NackTracker();
        var recorder = new TransportFeedbackRecorder();
        for (; input.Length >= 8; input = input[8..])
        {
            now += TimeSpan.FromMilliseconds(input[7] == 255 ? 20_000 : input[7]);
            var sequence = BinaryPrimitives.ReadUInt16BigEndian(input);
            var extended = statistics.Receive(sequence, BinaryPrimitives.ReadUInt32BigEndian(input[3..]) << 8, 90_000, now);
            nack.Receive(extended, now);
            Demand.That(nack.Count <= NackTracker.MaxMissing, "What is missing is bounded.");
            Demand.That(nack.Collect(now, _lost) <= _lost.Length, "What is asked for fits.");
            recorder.Receive(BinaryPrimitives.ReadUInt16BigEndian(input[2..]), now);
            if ((input[6] & 3) == 0)
            {
                Report(recorder);
            }
        }

        var block = statistics.TakeReport(1, now);
        Demand.That(block.CumulativeLost is >= -0x80_0000 and <= 0x7F_FFFF, "Loss has 24 bits.");
        Report(recorder);
    }

    private void Report(TransportFeedbackRecorder recorder)
    {
        for (var i = 0; recorder.HasNews; i++)
        {
            Demand.That(i < 70, "Reporting ends.");
            var writer = new RtcpWriter(_buffer);
            if (!recorder.TryWrite(ref writer, 1, 2))
            {
                return;
            }

            var reader = new RtcpReader(_buffer.AsSpan(0, writer.Length));
            Demand.That(reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out _), "Our own feedback reads.");
        }
    }
}

/// <summary>
/// Wall-clock mapping under hostile sender reports and timestamps: sixteen bytes of input a packet or report (kind 1, track 1, arrival step 2,
/// NTP 8, RTP timestamp 4).
/// </summary>
internal sealed class ClockTarget : IFuzzTarget
{
    public string Name => "clock";

    public int MaxLength => 4_000;

    public long AllocationLimit => 64 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } = [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], new byte[8], [0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0]];

    public IEnumerable<byte[]> Seeds =>
    [
        [
            .. Enumerable.Range(0, 60).SelectMany(i => (byte[])
                [(byte)(i % 5 == 4 ? 1 : 0), (byte)(i & 1), 0, 20, 0xE9, 0, 0, (byte)(i / 50), (byte)(i * 5), 0, 0, 0, 0, 0, (byte)(i * 7), 0x80]),
        ],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var participant = new ParticipantClock();
        TrackClock[] tracks = [participant.Open(48_000), participant.Open(90_000)];
        var arrival = 1_800_000_000_000_000_000L;
        for (; input.Length >= 16; input = input[16..])
        {
            arrival += BinaryPrimitives.ReadUInt16BigEndian(input[2..]) * 1_000_000L;
            var track = tracks[input[1] & 1];
            var timestamp = BinaryPrimitives.ReadUInt32BigEndian(input[12..]);
            if ((input[0] & 1) == 0)
            {
                track.OnPacket(timestamp, arrival);
            }
            else
            {
                track.OnSenderReport(new(BinaryPrimitives.ReadUInt64BigEndian(input[4..])), timestamp, arrival);
            }

            _ = track.Map(timestamp);
            if ((input[0] & 0x80) != 0)
            {
                track.Close();
                tracks[input[1] & 1] = participant.Open(48_000);
            }
        }
    }
}
