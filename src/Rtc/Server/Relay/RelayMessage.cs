using System.Buffers.Binary;
using System.Text.Json;
using Events.Rtc.Rooms;

namespace Events.Rtc.Relay;

/// <summary>
/// The relay's messages, one per SEQPACKET datagram: a type byte, then binary fields in network order (packets) or one JSON
/// object (everything rare). Times are nanoseconds of the machine's monotonic clock, which all its processes share: a wall clock that is set in a call moves nothing.
/// </summary>
public enum RelayMessageType : byte
{
    /// <summary>Receiver → node, first message: <see cref="RelaySubscribe"/>.</summary>
    Subscribe = 0x01,

    /// <summary>Node → receiver: <see cref="RelayError"/>; the connection ends.</summary>
    Error = 0x02,

    /// <summary>Node → receiver: the roster was sent; what follows is live.</summary>
    Ready = 0x03,

    /// <summary><see cref="RelayParticipant"/>.</summary>
    ParticipantJoined = 0x10,

    /// <summary><see cref="RelayParticipantLeft"/>.</summary>
    ParticipantLeft = 0x11,

    /// <summary><see cref="RelayTrack"/>.</summary>
    TrackPublished = 0x12,

    /// <summary><see cref="RelayTrackUnpublished"/>.</summary>
    TrackUnpublished = 0x13,

    /// <summary><see cref="RelayTrackMuted"/>.</summary>
    TrackMuted = 0x14,

    /// <summary>type(1) handle(4) arrival(8) then the RTP packet as published, unprotected, retransmissions already unwrapped. Of a track with layers: one layer, renumbered into one stream.</summary>
    Rtp = 0x20,

    /// <summary>type(1) handle(4) arrival(8) ntp(8) rtpTimestamp(4): the publisher's own NTP/RTP relation (RFC 3550 §6.4.1).</summary>
    SenderReport = 0x21,

    /// <summary>type(1) handle(4) total(8): messages of this connection that were dropped because the receiver was slow.</summary>
    Dropped = 0x22,

    /// <summary>Receiver → node: type(1) handle(4).</summary>
    RequestKeyframe = 0x30,

    /// <summary>
    /// Receiver → node: type(1) handle(4) width(2) height(2), in pixels. Of a track with layers the best that fits is sent from then on; 0 by 0: the
    /// best there is, which is the default. The stream goes on in number and time.
    /// </summary>
    RequestSize = 0x31,
}

public sealed record RelaySubscribe(string Room, string NodeKey);

public sealed record RelayError(string Code, string Message);

public sealed record RelayParticipant(long At, string ParticipantId, string Identity, string Name, string Role);

public sealed record RelayParticipantLeft(long At, string ParticipantId);

/// <param name="At">When it was published.</param>
/// <param name="Handle">Names the track on this connection.</param>
/// <param name="TrackId">The node's track id.</param>
/// <param name="ParticipantId">Its publisher.</param>
/// <param name="Kind">Audio or video.</param>
/// <param name="Source">What is captured.</param>
/// <param name="Codec">"opus", "vp8", "h264", "vp9", "av1"; a track is announced to a relay with its first packet, so it is known.</param>
/// <param name="ClockRate">RTP clock, Hz.</param>
/// <param name="Channels">Audio channels, 0 for video.</param>
/// <param name="Fmtp">The negotiated format parameters, may be empty.</param>
/// <param name="Muted">Declared muted at publication.</param>
public sealed record RelayTrack(
    long At,
    uint Handle,
    string TrackId,
    string ParticipantId,
    TrackKind Kind,
    TrackSource Source,
    string Codec,
    int ClockRate,
    int Channels,
    string Fmtp,
    bool Muted)
{
    /// <summary>Its frames are encrypted by its publisher's client: it is only announced, and no packet of it follows.</summary>
    public TrackEncryption Encryption { get; init; }

    /// <summary>Id of the header extension by which its packets say how the picture is to be turned; 0: they do not.</summary>
    public byte OrientationExtension { get; init; }
}

public sealed record RelayTrackUnpublished(long At, uint Handle);

public sealed record RelayTrackMuted(long At, uint Handle, bool Muted);

/// <summary>Bytes of relay messages, both ways.</summary>
public static class RelayCodec
{
    public const int RtpHeaderLength = 13;
    public const int SenderReportLength = 25;
    public const int SizeRequestLength = 9;

    /// <summary>No message is longer: a track announcement with long names stays far below.</summary>
    public const int MaxMessageLength = 16 * 1024;

    /// <summary>A record with a member missing or null is no message: nobody looks again behind <see cref="Decode"/>.</summary>
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public static byte[] Encode<T>(RelayMessageType type, T body)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, Json);
        var message = new byte[json.Length + 1];
        message[0] = (byte)type;
        json.CopyTo(message, 1);
        return message;
    }

    /// <summary>The JSON body of a message, or null when it is not one.</summary>
    public static T? Decode<T>(ReadOnlySpan<byte> message)
        where T : class
    {
        if (message.IsEmpty)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(message[1..], Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static void WriteRtpHeader(Span<byte> destination, uint handle, long arrivalNanoseconds)
    {
        destination[0] = (byte)RelayMessageType.Rtp;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], handle);
        BinaryPrimitives.WriteInt64BigEndian(destination[5..], arrivalNanoseconds);
    }

    public static void WriteSenderReport(Span<byte> destination, uint handle, long arrivalNanoseconds, ulong ntp, uint rtpTimestamp)
    {
        destination[0] = (byte)RelayMessageType.SenderReport;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], handle);
        BinaryPrimitives.WriteInt64BigEndian(destination[5..], arrivalNanoseconds);
        BinaryPrimitives.WriteUInt64BigEndian(destination[13..], ntp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[21..], rtpTimestamp);
    }

    public static byte[] EncodeDropped(ulong total)
    {
        var message = new byte[13];
        message[0] = (byte)RelayMessageType.Dropped;
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(5), total);
        return message;
    }

    public static byte[] EncodeSizeRequest(uint handle, int width, int height)
    {
        var message = new byte[SizeRequestLength];
        message[0] = (byte)RelayMessageType.RequestSize;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), handle);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(5), (ushort)Math.Clamp(width, 0, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(7), (ushort)Math.Clamp(height, 0, ushort.MaxValue));
        return message;
    }

    public static byte[] EncodeKeyframeRequest(uint handle)
    {
        var message = new byte[5];
        message[0] = (byte)RelayMessageType.RequestKeyframe;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), handle);
        return message;
    }
}
