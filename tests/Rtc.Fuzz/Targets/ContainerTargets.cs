using System.Buffers.Binary;
using Events.Rtc.Client.Media;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="IvfReader"/>.</summary>
internal sealed class IvfTarget : IFuzzTarget
{
    public string Name => "ivf";

    /// <summary>The largest frame that a header may announce, before its bytes have come.</summary>
    public long AllocationLimit => (2 * IvfReader.MaxFrameBytes) + (128 * 1_024);

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            var file = new List<byte>([.. "DKIF"u8, 0, 0, 32, 0, .. "VP80"u8, 0x80, 2, 0x68, 1, 30, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
            for (byte i = 0; i < 3; i++)
            {
                file.AddRange([4, 0, 0, 0, i, 0, 0, 0, 0, 0, 0, 0, 0x10, i, 2, 3]);
            }

            return [[.. file]];
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        var reader = new IvfReader(new MemoryStream(input.ToArray()));
        if (!reader.ReadHeaderAsync().AsTask().GetAwaiter().GetResult())
        {
            Demand.That(reader.Failure is not null, "A refusal has its reason.");
            return;
        }

        while (reader.ReadFrameAsync().AsTask().GetAwaiter().GetResult() is { } frame)
        {
            Demand.That(!frame.Data.IsEmpty, "A frame has bytes.");
            _ = frame.IsVp8Keyframe;
        }
    }
}

/// <summary><see cref="OggOpusReader"/>. Checksums are made right first, since otherwise nothing gets past them.</summary>
internal sealed class OggTarget : IFuzzTarget
{
    private const int CrcOffset = 22;

    public string Name => "ogg";

    public int MaxLength => 4_000;

    public long AllocationLimit => (4 * OggOpusReader.MaxCommentBytes) + (256 * 1_024);

    public IReadOnlyList<byte[]> Words { get; } = ["OggS"u8.ToArray(), "OpusHead"u8.ToArray(), "OpusTags"u8.ToArray(), [255, 255, 255, 255]];

    public IEnumerable<byte[]> Seeds =>
    [
        [
            .. Page(2, "OpusHead\u0001\u0002\0\0\0\0\0\0\0\0\0"u8.ToArray()),
            .. Page(0, [.. "OpusTags"u8, 0, 0, 0, 0, 0, 0, 0, 0]),
            .. Page(0, [0xFC, 1, 2, 3]),
            .. Page(4, [0xFC, 4, 5, 6]),
        ],
        [
            .. Page(2, "OpusHead\u0001\u0002\0\0\0\0\0\0\0\0\0"u8.ToArray()),
            .. Page(0, [.. "OpusTags"u8, .. new byte[400]]),
            .. "OggS"u8, 0, 0, .. new byte[20], 1, 255, .. new byte[255],
            .. "OggS"u8, 0, 1, .. new byte[20], 2, 255, 3, .. new byte[258],
        ],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var bytes = input.ToArray();
        MakeChecksumsRight(bytes);
        var reader = new OggOpusReader(new MemoryStream(bytes));
        if (!reader.ReadHeaderAsync().AsTask().GetAwaiter().GetResult())
        {
            Demand.That(reader.Failure is not null, "A refusal has its reason.");
            return;
        }

        while (reader.ReadPacketAsync().AsTask().GetAwaiter().GetResult() is { } packet)
        {
            Demand.That(packet.Length <= OggOpusReader.MaxPacketBytes, "A packet is bounded.");
        }
    }

    private static void MakeChecksumsRight(Span<byte> bytes)
    {
        while (bytes.Length >= 27)
        {
            var segments = bytes[26];
            var length = 27 + segments;
            for (var i = 0; i < segments && 27 + i < bytes.Length; i++)
            {
                length += bytes[27 + i];
            }

            if (length > bytes.Length)
            {
                return;
            }

            var page = bytes[..length];
            page.Slice(CrcOffset, 4).Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(page[CrcOffset..], Crc(page));
            bytes = bytes[length..];
        }
    }

    // RFC 3533 §6, bit by bit.
    private static uint Crc(ReadOnlySpan<byte> page)
    {
        var crc = 0u;
        foreach (var value in page)
        {
            crc ^= (uint)value << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000_0000) != 0 ? (crc << 1) ^ 0x04C1_1DB7 : crc << 1;
            }
        }

        return crc;
    }

    private static byte[] Page(byte flags, byte[] packet)
    {
        byte[] lacing = [.. Enumerable.Repeat((byte)255, packet.Length / 255), (byte)(packet.Length % 255)];
        return [.. "OggS"u8, 0, flags, .. new byte[8], 7, 0, 0, 0, .. new byte[8], (byte)lacing.Length, .. lacing, .. packet];
    }
}
