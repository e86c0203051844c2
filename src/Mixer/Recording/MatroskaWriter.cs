using System.Buffers.Binary;
using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Recording;

/// <summary>What a decoder must know of a track before its first frame.</summary>
/// <param name="Codec">Which.</param>
/// <param name="Width">Pixels of the first keyframe, 0 for audio.</param>
/// <param name="Height">Pixels of the first keyframe, 0 for audio.</param>
/// <param name="CodecPrivate">avcC, av1C, OpusHead, or empty.</param>
public sealed record MatroskaTrack(Codec Codec, int Width, int Height, ReadOnlyMemory<byte> CodecPrivate);

/// <summary>
/// Writes one track as streaming Matroska (RFC 9559): segment and clusters of unknown size, so that the file is readable up to its
/// last whole block at every moment and never needs a second pass.
/// </summary>
public sealed class MatroskaWriter
{
    /// <summary>Nanoseconds a tick: fine enough for lip sync, coarse enough for 16-bit relative timestamps over a cluster.</summary>
    public const int TimestampScale = 100_000;

    /// <summary>Ticks a cluster lasts at most: 1 s. A relative timestamp could reach 3.2 s.</summary>
    private const long ClusterTicks = 1_000_000_000 / TimestampScale;

    private const byte TrackNumber = 1;

    /// <summary>RFC 7845 §4.6 asks decoders for 80 ms of pre-roll after a seek.</summary>
    private const ulong OpusSeekPreRoll = 80_000_000;

    private static readonly DateTimeOffset Epoch = new(2001, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Stream _stream;
    private readonly EbmlBuffer _buffer = new();
    private long _clusterStart = long.MinValue;

    /// <summary>Buffers the headers; nothing is written before <see cref="Flush"/>.</summary>
    /// <param name="stream">Where to; not owned.</param>
    /// <param name="track">The only track.</param>
    /// <param name="startedAt">Wall-clock time of timestamp 0.</param>
    public MatroskaWriter(Stream stream, MatroskaTrack track, DateTimeOffset startedAt)
    {
        ArgumentNullException.ThrowIfNull(track);
        _stream = stream;
        WriteHeaders(track, startedAt);
    }

    /// <summary>Bytes waiting for <see cref="Flush"/>.</summary>
    public int Pending => _buffer.Length;

    /// <summary>Adds a frame.</summary>
    /// <param name="timestampNs">Since the start; must not be negative.</param>
    /// <param name="keyframe">Decodable without earlier frames.</param>
    /// <param name="data">The coded frame.</param>
    public void Write(long timestampNs, bool keyframe, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timestampNs);
        var ticks = (timestampNs + (TimestampScale / 2)) / TimestampScale;
        if (_clusterStart == long.MinValue || ticks - _clusterStart >= ClusterTicks || ticks < _clusterStart)
        {
            _clusterStart = ticks;
            _buffer.OpenUnknown(MatroskaIds.Cluster);
            _buffer.Unsigned(MatroskaIds.Timestamp, (ulong)ticks);
        }

        _buffer.SimpleBlock(MatroskaIds.SimpleBlock, TrackNumber, (short)(ticks - _clusterStart), keyframe, data);
    }

    /// <summary>Hands everything to the stream, in whole blocks.</summary>
    public void Flush()
    {
        if (_buffer.Length == 0)
        {
            return;
        }

        _stream.Write(_buffer.Written);
        _stream.Flush();
        _buffer.Clear();
    }

    /// <summary>The identification header of RFC 7845 §5.1: no pre-skip, since the recording starts in mid-stream.</summary>
    public static byte[] OpusHead(int channels)
    {
        var head = new byte[19];
        "OpusHead"u8.CopyTo(head);
        head[8] = 1;
        head[9] = (byte)Math.Clamp(channels, 1, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), 48_000);
        return head;
    }

    private static string CodecName(Codec codec) => codec switch
    {
        Codec.Opus => "A_OPUS",
        Codec.Vp8 => "V_VP8",
        Codec.Vp9 => "V_VP9",
        Codec.H264 => "V_MPEG4/ISO/AVC",
        Codec.Av1 => "V_AV1",
        _ => throw new ArgumentOutOfRangeException(nameof(codec)),
    };

    private void WriteHeaders(MatroskaTrack track, DateTimeOffset startedAt)
    {
        _buffer.Master(MatroskaIds.Ebml, e =>
        {
            e.Unsigned(MatroskaIds.EbmlVersion, 1);
            e.Unsigned(MatroskaIds.EbmlReadVersion, 1);
            e.Unsigned(MatroskaIds.EbmlMaxIdLength, 4);
            e.Unsigned(MatroskaIds.EbmlMaxSizeLength, 8);
            e.Text(MatroskaIds.DocType, "matroska");
            e.Unsigned(MatroskaIds.DocTypeVersion, 4);
            e.Unsigned(MatroskaIds.DocTypeReadVersion, 2);
        });
        _buffer.OpenUnknown(MatroskaIds.Segment);
        _buffer.Master(MatroskaIds.Info, e =>
        {
            e.Unsigned(MatroskaIds.TimestampScale, TimestampScale);
            e.Signed64(MatroskaIds.DateUtc, (startedAt - Epoch).Ticks * 100);
            e.Text(MatroskaIds.MuxingApp, "Events");
            e.Text(MatroskaIds.WritingApp, "Events");
        });
        _buffer.Master(MatroskaIds.Tracks, e => e.Master(MatroskaIds.TrackEntry, t => WriteTrack(t, track)));
    }

    private static void WriteTrack(EbmlBuffer entry, MatroskaTrack track)
    {
        entry.Unsigned(MatroskaIds.TrackNumber, TrackNumber);
        entry.Unsigned(MatroskaIds.TrackUid, TrackNumber);
        entry.Unsigned(MatroskaIds.FlagLacing, 0);
        entry.Unsigned(MatroskaIds.TrackType, track.Codec.IsVideo() ? 1u : 2u);
        entry.Text(MatroskaIds.CodecId, CodecName(track.Codec));
        if (!track.CodecPrivate.IsEmpty)
        {
            entry.Binary(MatroskaIds.CodecPrivate, track.CodecPrivate.Span);
        }

        if (track.Codec.IsVideo())
        {
            entry.Master(MatroskaIds.Video, v =>
            {
                v.Unsigned(MatroskaIds.PixelWidth, (ulong)track.Width);
                v.Unsigned(MatroskaIds.PixelHeight, (ulong)track.Height);
            });
            return;
        }

        entry.Unsigned(MatroskaIds.SeekPreRoll, OpusSeekPreRoll);
        entry.Master(MatroskaIds.Audio, a =>
        {
            a.Float(MatroskaIds.SamplingFrequency, 48_000);
            a.Unsigned(MatroskaIds.Channels, track.CodecPrivate.Length > 9 ? track.CodecPrivate.Span[9] : 2u);
        });
    }
}
