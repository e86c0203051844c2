using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sctp;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// <see cref="DataChannels"/> of an association that stands, fed packets whose tag and checksum are right: the other side itself is hostile. Each
/// frame's first byte is the time before it (in tens of milliseconds), or, when odd, also lets us send a message.
/// </summary>
internal sealed class SctpTarget : IFuzzTarget
{
    private const uint Tag = 0x0102_0304;
    private const uint FirstTsn = 1_000;
    private const ulong Cookie = 0x1122_3344_5566_7788;
    private const int MaxMessage = 20_000;

    public string Name => "sctp";

    public long AllocationLimit => 1_024 * 1_024;

    public int MaxLength => 6_000;

    public IReadOnlyList<byte[]> Words { get; } =
    [
        [0, 0, 3, 0xE8], [0, 0, 3, 0xE9], [0, 0, 3, 0xEA], [0, 3, 0, 17], [0, 7, 0, 17], [3, 0, 0, 16], [192, 0, 0, 8], [130, 0, 0, 22], [0, 13, 0, 18],
        [0, 0, 0, 50], [0, 0, 0, 53], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF],
    ];

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            byte[] open = [0, .. Data(FirstTsn, 3, 0, 0, 50, [3, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, .. "reliable"u8])];
            byte[] lossy = [0, .. Data(FirstTsn + 1, 3, 2, 0, 50, [3, 0x81, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, .. "lossy"u8])];
            byte[] sack = [1, 3, 0, 0, 20, 0, 0, 0x07, 0xD1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 3];
            byte[] skip = [10, 192, 0, 0, 12, 0, 0, 3, 0xF0, 0, 0, 0, 2];
            byte[] reset = [2, 130, 0, 0, 22, 0, 13, 0, 18, 0, 0, 3, 0xE8, 0, 0, 7, 0xD0, 0, 0, 3, 0xEA, 0, 0, 0, 0];
            yield return Frames.Join([open, [0, .. Data(FirstTsn + 1, 3, 0, 1, 53, [1, 2, 3, 4])], sack]);
            yield return Frames.Join([open, lossy, [1, .. Data(FirstTsn + 3, 7, 2, 0, 53, [9])], skip, sack]);
            yield return Frames.Join([open, [0, .. Data(FirstTsn + 2, 1, 0, 1, 53, [2])], [0, .. Data(FirstTsn + 1, 2, 0, 1, 53, [1])], reset, reset]);
            yield return Frames.Join([open, lossy, [0, 4, 0, 0, 8, 0, 1, 0, 4], [0, 7, 0, 0, 8, 0, 0, 0, 0], [0, 14, 0, 0, 4]]);
            yield return Frames.Join([[0, 1, 0, 0, 20, 0, 0, 0, 9, 0, 1, 0, 0, 0, 64, 0, 64, 0, 0, 3, 0xE8], open]);
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        var sink = new Sink();
        var now = MonotonicTime.Zero;
        var channels = new DataChannels(new(Tag, 2_000, Cookie, 5_000, 5_000, MaxMessage), sink);
        Span<byte> cookie = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(cookie, Cookie);
        Feed(channels, [1, 0, 0, 24, 0, 0, 0, 7, 0, 2, 0, 0, 0, 64, 0, 64, 0, 0, 3, 0xE8, 0xC0, 0, 0, 4], now);
        Feed(channels, [10, 0, 0, 12, .. cookie], now);
        var message = new byte[3_000];
        var frames = new Frames(input);
        while (frames.TryNext(out var frame))
        {
            if (frame.IsEmpty)
            {
                continue;
            }

            now += TimeSpan.FromMilliseconds(10 * frame[0]);
            channels.HandleDeadline(now);
            Feed(channels, frame[1..], now);
            if ((frame[0] & 1) != 0)
            {
                channels.Send(reliable: true, message, now);
                channels.Send(reliable: false, message.AsSpan(0, 500), now);
            }

            Demand.That(channels.Deadline > now || channels.IsEnded, "The deadline lies ahead.");
        }
    }

    private static void Feed(DataChannels channels, ReadOnlySpan<byte> chunks, MonotonicTime now)
    {
        var packet = new byte[SctpPacket.HeaderBytes + chunks.Length];
        BinaryPrimitives.WriteUInt16BigEndian(packet, 5_000);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), 5_000);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), chunks.Length > 0 && chunks[0] == 1 ? 0 : Tag);
        chunks.CopyTo(packet.AsSpan(SctpPacket.HeaderBytes));
        SctpPacket.Seal(packet);
        channels.Receive(packet, now);
    }

    private static byte[] Data(uint tsn, byte flags, ushort stream, ushort sequence, byte protocol, byte[] payload)
    {
        var chunk = new byte[(16 + payload.Length + 3) & ~3];
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)(16 + payload.Length));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4), tsn);
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(8), stream);
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(10), sequence);
        chunk[15] = protocol;
        payload.CopyTo(chunk, 16);
        return chunk;
    }

    private sealed class Sink : IDataChannelSink
    {
        public void SendPacket(ReadOnlySpan<byte> packet) =>
            Demand.That(packet.Length <= SctpPacket.MaxBytes && SctpPacket.TryRead(packet, out _, out _), "What goes out is a packet.");

        public void DataReceived(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now) =>
            Demand.That(message.Length <= MaxMessage, "A message is bounded.");

        public void DataClosed(string reason) => Demand.That(reason.Length > 0, "An end has a reason.");
    }
}
