using System.Buffers.Binary;

namespace Events.Rtc.Client.Media;

/// <summary>
/// Reads the Opus packets of an Ogg stream (RFC 3533, RFC 7845), one logical stream. Packets may span pages. Malformed bytes end the
/// stream with a reason; they never throw.
/// </summary>
public sealed class OggOpusReader(Stream stream)
{
    /// <summary>RFC 7845 §6: a demuxer should take audio packets up to 61,440 octets; ours are far smaller, so this bounds memory.</summary>
    public const int MaxPacketBytes = 61_440;

    /// <summary>Comment headers may carry pictures; past this the file is refused (RFC 7845 §5.2.1 lets a reader choose).</summary>
    public const int MaxCommentBytes = 1024 * 1024;

    // RFC 3533 §6: 27 bytes, then up to 255 lacing values of up to 255 bytes each.
    private const int PageHeaderLength = 27;
    private const int MaxBodyLength = 255 * 255;
    private const byte ContinuedFlag = 1;

    private static readonly uint[] CrcTable = MakeCrcTable();

    private readonly byte[] _page = new byte[PageHeaderLength + 255 + MaxBodyLength];
    private byte[] _packet = new byte[8 * 1024];
    private int _packetLength;
    private bool _packetOpen;
    private int _segments;
    private int _segment;
    private int _bodyOffset;
    private uint _serial;
    private bool _serialKnown;

    /// <summary>Channels of the stream header.</summary>
    public int Channels { get; private set; }

    /// <summary>Samples at 48 kHz to drop at the start (RFC 7845 §4.2).</summary>
    public int PreSkip { get; private set; }

    /// <summary>Why reading stopped before the clean end: a stable code, else null.</summary>
    public string? Failure { get; private set; }

    /// <summary>Reads OpusHead and OpusTags; false when the stream is not Ogg Opus.</summary>
    public async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellation = default)
    {
        if (!await NextPacketAsync(MaxPacketBytes, cancellation).ConfigureAwait(false))
        {
            return Fail("ogg_truncated");
        }

        var head = _packet.AsMemory(0, _packetLength);
        // RFC 7845 §5.1: magic, version, channels, pre-skip; a major version other than 0 is unknown.
        if (head.Length < 19 || !head.Span.StartsWith("OpusHead"u8) || (head.Span[8] & 0xF0) != 0)
        {
            return Fail("ogg_not_opus");
        }

        Channels = head.Span[9];
        PreSkip = BinaryPrimitives.ReadUInt16LittleEndian(head.Span[10..]);
        if (!await NextPacketAsync(MaxCommentBytes, cancellation).ConfigureAwait(false))
        {
            return Fail("ogg_truncated");
        }

        return _packet.AsSpan(0, _packetLength).StartsWith("OpusTags"u8) || Fail("ogg_not_opus");
    }

    /// <summary>The next Opus packet, valid until the next read; null at the end (then see <see cref="Failure"/>).</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadPacketAsync(CancellationToken cancellation = default) =>
        await NextPacketAsync(MaxPacketBytes, cancellation).ConfigureAwait(false) ? (ReadOnlyMemory<byte>?)_packet.AsMemory(0, _packetLength) : null;

    private async ValueTask<bool> NextPacketAsync(int limit, CancellationToken cancellation)
    {
        if (Failure is not null)
        {
            return false;
        }

        _packetLength = 0;
        _packetOpen = false;
        while (true)
        {
            while (_segment < _segments)
            {
                int lace = _page[PageHeaderLength + _segment];
                _segment++;
                if (!Append(_page.AsSpan(_bodyOffset, lace), limit))
                {
                    return Fail("ogg_packet_too_large");
                }

                _bodyOffset += lace;
                _packetOpen = lace == 255;
                if (!_packetOpen)
                {
                    return true;
                }
            }

            if (!await NextPageAsync(cancellation).ConfigureAwait(false))
            {
                return false;
            }
        }
    }

    private async ValueTask<bool> NextPageAsync(CancellationToken cancellation)
    {
        var got = await ReadAsync(_page.AsMemory(0, PageHeaderLength), cancellation).ConfigureAwait(false);
        if (got < PageHeaderLength)
        {
            return got != 0 || _packetOpen ? Fail("ogg_truncated") : false;
        }

        if (!_page.AsSpan(0, 4).SequenceEqual("OggS"u8) || _page[4] != 0)
        {
            return Fail("ogg_bad_page");
        }

        _segments = _page[26];
        if (await ReadAsync(_page.AsMemory(PageHeaderLength, _segments), cancellation).ConfigureAwait(false) < _segments)
        {
            return Fail("ogg_truncated");
        }

        var bodyLength = 0;
        foreach (var lace in _page.AsSpan(PageHeaderLength, _segments))
        {
            bodyLength += lace;
        }

        _segment = 0;
        _bodyOffset = PageHeaderLength + _segments;
        if (await ReadAsync(_page.AsMemory(_bodyOffset, bodyLength), cancellation).ConfigureAwait(false) < bodyLength)
        {
            return Fail("ogg_truncated");
        }

        var crc = BinaryPrimitives.ReadUInt32LittleEndian(_page.AsSpan(22));
        _page.AsSpan(22, 4).Clear();
        if (Crc(_page.AsSpan(0, _bodyOffset + bodyLength)) != crc)
        {
            return Fail("ogg_bad_checksum");
        }

        var serial = BinaryPrimitives.ReadUInt32LittleEndian(_page.AsSpan(14));
        if (_serialKnown && serial != _serial)
        {
            return Fail("ogg_multiplexed");
        }

        _serial = serial;
        _serialKnown = true;
        var continued = (_page[5] & ContinuedFlag) != 0;
        return continued == _packetOpen || Fail("ogg_bad_continuation");
    }

    private bool Append(ReadOnlySpan<byte> bytes, int limit)
    {
        if (_packetLength + bytes.Length > limit)
        {
            return false;
        }

        if (_packet.Length < _packetLength + bytes.Length)
        {
            Array.Resize(ref _packet, Math.Max(_packet.Length * 2, _packetLength + bytes.Length));
        }

        bytes.CopyTo(_packet.AsSpan(_packetLength));
        _packetLength += bytes.Length;
        return true;
    }

    private ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellation) =>
        stream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellation);

    private bool Fail(string reason)
    {
        Failure ??= reason;
        return false;
    }

    // RFC 3533 §6: CRC-32, polynomial 0x04C11DB7, neither reflected nor inverted.
    private static uint Crc(ReadOnlySpan<byte> page)
    {
        var crc = 0u;
        foreach (var b in page)
        {
            crc = (crc << 8) ^ CrcTable[(crc >> 24) ^ b];
        }

        return crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            var crc = i << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000_0000) != 0 ? (crc << 1) ^ 0x04C1_1DB7 : crc << 1;
            }

            table[i] = crc;
        }

        return table;
    }
}
