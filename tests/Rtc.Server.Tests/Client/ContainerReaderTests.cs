using System.Buffers.Binary;
using Events.Rtc.Client.Media;

namespace Events.Tests.Rtc.Server.Tests.Client;

public class ContainerReaderTests
{
    [Fact]
    public async Task Ivf_frames_come_back_with_their_times()
    {
        var frames = Frames(seed: 3, count: 50, maxLength: 70_000);
        var reader = new IvfReader(new MemoryStream(Ivf(frames)));
        Assert.True(await reader.ReadHeaderAsync());
        Assert.Equal(("VP80", 640, 360), (reader.FourCc, reader.Width, reader.Height));
        for (var i = 0; i < frames.Count; i++)
        {
            var frame = Assert.NotNull(await reader.ReadFrameAsync());
            Assert.Equal(i * 3, frame.Timestamp);
            Assert.Equal(frames[i], frame.Data.ToArray());
        }

        Assert.Null(await reader.ReadFrameAsync());
        Assert.Null(reader.Failure);
    }

    [Fact]
    public async Task Ivf_cut_or_damaged_anywhere_ends_without_an_exception()
    {
        var file = Ivf(Frames(seed: 4, count: 5, maxLength: 60));
        await AssertHarmless(file, static async stream =>
        {
            var reader = new IvfReader(stream);
            for (var more = await reader.ReadHeaderAsync(); more; more = await reader.ReadFrameAsync() is not null)
            {
            }
        });
    }

    [Fact]
    public async Task An_ivf_frame_that_claims_gigabytes_is_refused()
    {
        var file = Ivf([[1, 2, 3]]);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(32), 0x7FFF_FFFF);
        var reader = new IvfReader(new MemoryStream(file));
        Assert.True(await reader.ReadHeaderAsync());
        Assert.Null(await reader.ReadFrameAsync());
        Assert.Equal("ivf_bad_frame_size", reader.Failure);
    }

    [Fact]
    public async Task Ogg_packets_come_back_across_page_bounds()
    {
        // Lengths around multiples of 255 are where lacing goes wrong.
        var packets = new List<byte[]>();
        foreach (var length in (int[])[1, 254, 255, 256, 510, 511, 5_000, 60_000, 3])
        {
            packets.AddRange(Frames(seed: length, count: 1, maxLength: 0, exactLength: length));
        }

        foreach (var segmentsPerPage in (int[])[1, 2, 7, 255])
        {
            var reader = new OggOpusReader(new MemoryStream(Ogg(packets, segmentsPerPage)));
            Assert.True(await reader.ReadHeaderAsync(), reader.Failure);
            Assert.Equal((2, 312), (reader.Channels, reader.PreSkip));
            foreach (var packet in packets)
            {
                var read = await reader.ReadPacketAsync();
                Assert.True(read.HasValue, reader.Failure);
                Assert.Equal(packet, read.Value.ToArray());
            }

            Assert.False((await reader.ReadPacketAsync()).HasValue);
            Assert.Null(reader.Failure);
        }
    }

    [Fact]
    public async Task Ogg_cut_or_damaged_anywhere_ends_without_an_exception()
    {
        var file = Ogg(Frames(seed: 5, count: 4, maxLength: 300), segmentsPerPage: 3);
        await AssertHarmless(file, static async stream =>
        {
            var reader = new OggOpusReader(stream);
            for (var more = await reader.ReadHeaderAsync(); more; more = (await reader.ReadPacketAsync()).HasValue)
            {
            }
        });
    }

    [Fact]
    public async Task A_flipped_bit_in_an_ogg_page_is_noticed()
    {
        var file = Ogg(Frames(seed: 6, count: 2, maxLength: 300), segmentsPerPage: 255);
        file[^1] ^= 1;
        var reader = new OggOpusReader(new MemoryStream(file));
        while (reader.Failure is null && (reader.Channels == 0 ? await reader.ReadHeaderAsync() : (await reader.ReadPacketAsync()).HasValue))
        {
        }

        Assert.Equal("ogg_bad_checksum", reader.Failure);
    }

    private static async Task AssertHarmless(byte[] file, Func<Stream, Task> read)
    {
        for (var length = 0; length < file.Length; length++)
        {
            await read(new MemoryStream(file, 0, length));
        }

        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            var damaged = (byte[])file.Clone();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            await read(new MemoryStream(damaged));
        }
    }

    private static List<byte[]> Frames(int seed, int count, int maxLength, int exactLength = 0)
    {
        var random = new Random(seed);
        var frames = new List<byte[]>();
        for (var i = 0; i < count; i++)
        {
            var frame = new byte[exactLength > 0 ? exactLength : random.Next(1, maxLength)];
            random.NextBytes(frame);
            frames.Add(frame);
        }

        return frames;
    }

    private static byte[] Ivf(IReadOnlyList<byte[]> frames)
    {
        using var stream = new MemoryStream();
        var header = new byte[32];
        "DKIF"u8.CopyTo(header);
        header[6] = 32;
        "VP80"u8.CopyTo(header.AsSpan(8));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(12), 640);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(14), 360);
        header[16] = 25;
        header[20] = 1;
        stream.Write(header);
        for (var i = 0; i < frames.Count; i++)
        {
            var frameHeader = new byte[12];
            BinaryPrimitives.WriteInt32LittleEndian(frameHeader, frames[i].Length);
            BinaryPrimitives.WriteInt64LittleEndian(frameHeader.AsSpan(4), i * 3);
            stream.Write(frameHeader);
            stream.Write(frames[i]);
        }

        return stream.ToArray();
    }

    // RFC 3533: each packet becomes lacing values of 255 and one below; pages take them as they come.
    private static byte[] Ogg(IReadOnlyList<byte[]> audio, int segmentsPerPage)
    {
        var head = new byte[19];
        "OpusHead"u8.CopyTo(head);
        head[8] = 1;
        head[9] = 2;
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), 312);
        byte[] tags = [.. "OpusTags"u8, 0, 0, 0, 0, 0, 0, 0, 0];
        var segments = new List<byte[]>();
        foreach (var packet in (byte[][])[head, tags, .. audio])
        {
            segments.AddRange(packet.Chunk(255));
            if (packet.Length % 255 == 0)
            {
                segments.Add([]);
            }
        }

        using var stream = new MemoryStream();
        var continued = false;
        var sequence = 0;
        foreach (var page in segments.Chunk(segmentsPerPage))
        {
            byte[] bytes =
            [
                .. "OggS"u8, 0, (byte)(continued ? 1 : 0), .. new byte[8], 0x11, 0x22, 0x33, 0x44, .. BitConverter.GetBytes(sequence++), .. new byte[4],
                (byte)page.Length, .. page.Select(s => (byte)s.Length), .. page.SelectMany(s => s),
            ];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(22), Crc(bytes));
            stream.Write(bytes);
            continued = page[^1].Length == 255;
        }

        return stream.ToArray();
    }

    // Bit by bit, unlike the reader's table.
    private static uint Crc(byte[] bytes)
    {
        var crc = 0u;
        foreach (var value in bytes)
        {
            crc ^= (uint)value << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000_0000) != 0 ? (crc << 1) ^ 0x04C1_1DB7 : crc << 1;
            }
        }

        return crc;
    }
}
