using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Transport;

namespace Events.Rtc.Rooms;

/// <summary>
/// What one subscription puts on the wire: its stream as negotiated, the retransmission stream beside it, and what was counted of both. The
/// forwarding rewrites a packet into a slot; here it is numbered for feedback, protected and queued.
/// </summary>
internal sealed class OutgoingStream(SubscriberTransport transport, PublishedTrack track)
{
    /// <summary>
    /// Packets of one frame differ by a few bytes, and only equal sizes travel as one segmented send. Up to 15 bytes of padding cost
    /// 0.7 % of the rate and make a frame one send: worth it once there are a few subscribers (docs/performance.md).
    /// </summary>
    private const int EqualSizes = 16;
    private const int EqualSizesFromSubscribers = 6;

    /// <summary>Of this subscriber; a field, because it is a struct that rewriting changes.</summary>
    public StreamRewriter Rewriter;

    // Of the transport, and here to save each packet the step.
    private readonly ViewerCongestion _path = transport.Congestion;
    private readonly Destination _destination = transport.Destination;
    private SrtpSendStream? _media;
    private SrtpSendStream? _rtx;
    private (SrtpSendStream? Media, SrtpSendStream? Rtx) _suspended;
    private bool _isAbandoned;
    private CongestionElement _congestion;
    private ushort _rtxSequence;

    // Of the codec, and here since each packet asks.
    private bool _takesRtx;

    /// <summary>The track that it shows now.</summary>
    public PublishedTrack Track { get; private set; } = track;

    public uint Ssrc { get; } = transport.CreateSsrc();

    /// <summary>Of retransmissions; 0 for audio.</summary>
    public uint RtxSsrc { get; } = track.Kind == TrackKind.Video ? transport.CreateSsrc() : 0;

    public MediaWorker Worker { get; } = transport.Worker;

    /// <summary>Null before the subscriber has agreed.</summary>
    public NegotiatedCodec? Codec { get; private set; }

    public NegotiatedExtensions Extensions { get; private set; }

    /// <summary>The answer and the SRTP keys are there.</summary>
    public bool IsOpen => _media is not null;

    /// <summary>Its packets carry transport-wide numbers, which the viewer will report.</summary>
    public bool IsNumbered => _congestion.IsNumber;

    /// <summary>Audio may be sent with redundancy; else it is unwrapped before.</summary>
    public bool TakesRed { get; private set; }

    /// <summary>A packet that is asked for again can be sent: on its own stream, or as it was (see <see cref="Configure"/>).</summary>
    public bool CanSendAgain => _media is not null && (Again is not null || _congestion.IsNone);

    public uint PacketsSent { get; private set; }

    public uint OctetsSent { get; private set; }

    public long Retransmitted { get; private set; }

    /// <summary>As protected, retransmissions and padding included.</summary>
    public long BytesSent { get; private set; }

    /// <summary>What was sent to the viewer less than this ago is on its way.</summary>
    public TimeSpan RepeatInterval => RetransmissionBudget.RepeatInterval(transport.PathRoundTrip);

    /// <summary>When something was last sent for the first time.</summary>
    public MonotonicTime LastForward { get; private set; }

    /// <summary>The subscriber has not been told yet how the present source's clock goes.</summary>
    public bool OwesReport { get; set; }

    /// <summary>What is sent from here on has another clock, or was placed anew on the subscriber's: it is told soon.</summary>
    public void SourceChanged()
    {
        OwesReport = true;
        transport.ReportSoon();
    }

    /// <summary>As the subscriber agreed to receive it.</summary>
    /// <returns>False when a packet would be written otherwise than before: what was sent must not be sent again like that (RFC 3711 §9.1).</returns>
    public bool Agree(SubscribedMedia media)
    {
        var isSame = Codec is null || (KindOf(Codec) == KindOf(media.Codec) && (media.Codec.RtxPayloadType is not null || Extensions == media.Extensions));
        if (Codec is null)
        {
            // The first number lies below 2^15: see StreamRewriter.
            Rewriter = new StreamRewriter(Ssrc, (ushort)Worker.Random.Next(1, 0x7000));
            _rtxSequence = (ushort)Worker.Random.Next(1, 0x7000);
        }
        else if (!isSame)
        {
            Discard(Worker.Now); // It was written for the codec before.
        }

        Codec = media.Codec;
        _takesRtx = media.Codec.RtxPayloadType is not null;
        TakesRed = media.Codec.RedPayloadType is not null;
        Extensions = media.Extensions;
        Configure();
        return isSame;
    }

    /// <summary>The m-line goes on with another track of the same codec.</summary>
    public void Continue(PublishedTrack track)
    {
        Track = track;
        Configure();
    }

    /// <summary>False when it was open, or the subscriber has not agreed. A second stream of one SSRC under one key would repeat nonces (RFC 3711 §9.1).</summary>
    public bool TryOpen(SrtpSender srtp)
    {
        if (_media is not null || Codec is null || _isAbandoned)
        {
            return false;
        }

        if (_suspended.Media is not null)
        {
            (_media, _rtx) = _suspended;
            _suspended = default;
            return true;
        }

        _media = srtp.OpenStream(Ssrc);
        _rtx = RtxSsrc != 0 && Codec.RtxPayloadType is not null ? srtp.OpenStream(RtxSsrc) : null;
        return true;
    }

    public void Close()
    {
        (_media, _rtx) = (null, null);
        _suspended = default;
        Discard(Worker.Now);
    }

    /// <summary>
    /// Something of it broke, and its transport will end: nothing is sent on it any more. What waits is left to wait, since where it waits may be what broke.
    /// </summary>
    public void Abandon()
    {
        _isAbandoned = true;
        (_media, _rtx) = (null, null);
        _suspended = default;
    }

    /// <summary>Nothing may be sent until it is opened again; the keys, and where their nonces have come to, are kept.</summary>
    public void Suspend()
    {
        if (_media is not null)
        {
            Discard(Worker.Now);
            _suspended = (_media, _rtx);
            (_media, _rtx) = (null, null);
        }
    }

    /// <summary>A packet is sent soon.</summary>
    public void Fetch()
    {
        Prefetch.At(ref Rewriter);
        Prefetch.At(ref _congestion);
        _path.Fetch();
        Prefetch.Object(_destination, 64);
        _media?.Fetch();
    }

    /// <summary>Something waits to leave for the viewer.</summary>
    public bool IsLeaving => _destination.IsWaiting;

    /// <summary>Room for a packet.</summary>
    public Span<byte> Reserve() => Worker.Queue.Reserve();

    /// <summary>What the rewriter wrote of a packet with RED goes by the payload types that the subscriber has for it.</summary>
    public void NameRed(in RtpReader source, Span<byte> slot, int length, int headerLength)
    {
        if (TakesRed && length > headerLength && source.PayloadType == Track.Codec.RedPayloadType)
        {
            RtpHeader.WritePayloadType(slot, (byte)Codec!.RedPayloadType!.Value);
            if (Codec.PayloadType != Track.Codec.PayloadType)
            {
                RedPayload.WritePayloadTypes(slot[headerLength..length], (byte)Codec.PayloadType);
            }
        }
    }

    /// <summary>Sends what the rewriter wrote into the reserved slot for the first time.</summary>
    /// <param name="source">The publisher's packet.</param>
    /// <param name="slot">From <see cref="Reserve"/>.</param>
    /// <param name="length">Negative: it did not fit.</param>
    /// <param name="headerLength">Bytes that stay readable.</param>
    /// <param name="now">The present.</param>
    public void Send(in RtpReader source, Span<byte> slot, int length, int headerLength, MonotonicTime now)
    {
        LastForward = now;
        if (length < 0)
        {
            return;
        }

        PacketsSent++;
        OctetsSent += (uint)(length - headerLength);
        if (Track.SubscriptionCount >= EqualSizesFromSubscribers && Again is not null)
        {
            // Never without RTX: there a packet sent again must be the same in every byte (RFC 3711 §9.1).
            length = RtpPadding.Align(slot, length, EqualSizes);
        }

        var congestion = _path;
        if (Track.Kind == TrackKind.Audio)
        {
            congestion.AudioSent(length);
        }

        var priority = Track.Kind == TrackKind.Audio ? PacketPriority.Audio : PacketPriority.Video;
        if (!congestion.Pacing.IsActive || congestion.Pacing.TryPass(this, priority, isAgain: false, slot[..length], headerLength, now))
        {
            Commit(_media!, slot, length, headerLength);
            if (congestion.Estimator.WantsPadding)
            {
                transport.SendPadding(now);
            }
        }
        else
        {
            transport.NextTick = MonotonicTime.Zero; // It leaves with a tick, perhaps the next one.
        }
    }

    /// <summary>False: the viewer's path is so far behind that a picture is better left out up to a keyframe.</summary>
    public bool HasRoom(MonotonicTime now) => _path.Pacing.HasRoom(now);

    /// <summary>Packets of the viewer may have to wait.</summary>
    public bool IsPaced => _path.Pacing.IsActive;

    /// <summary>Packets of the viewer do wait.</summary>
    public bool IsBehind => _path.Pacing.IsWaiting;

    /// <summary>What of this stream waits is not wanted any more.</summary>
    public void Discard(MonotonicTime now) => _path.Pacing.Discard(this, now);

    /// <summary>A packet that waited leaves.</summary>
    public void Leave(ReadOnlySpan<byte> packet, int headerLength, bool isAgain)
    {
        if ((isAgain ? Again ?? _media : _media) is { } stream)
        {
            var slot = Reserve();
            packet.CopyTo(slot);
            Commit(stream, slot, packet.Length, headerLength);
        }
    }

    /// <summary>Where a retransmission goes: true with its own stream's numbers, false to be sent as it was.</summary>
    public bool TryTakeRtx(out byte payloadType, out ushort sequence)
    {
        if (Again is null)
        {
            payloadType = 0;
            sequence = 0;
            return false;
        }

        payloadType = (byte)Codec!.RtxPayloadType!.Value;
        sequence = _rtxSequence++;
        return true;
    }

    /// <summary>Sends what was written into the reserved slot after <see cref="TryTakeRtx"/>. False: it did not fit.</summary>
    public bool SendAgain(Span<byte> slot, int length, int headerLength)
    {
        if (length < 0)
        {
            return false;
        }

        Retransmitted++;
        var pacing = _path.Pacing;
        if (!pacing.IsActive || pacing.TryPass(this, PacketPriority.Retransmission, isAgain: true, slot[..length], headerLength, Worker.Now))
        {
            Commit(Again ?? _media!, slot, length, headerLength);
        }
        else
        {
            transport.NextTick = MonotonicTime.Zero;
        }

        return true;
    }

    /// <summary>Sends a packet of padding about this large; its bytes, or 0 when there is no retransmission stream to send it on.</summary>
    public int TrySendPadding(int bytes)
    {
        if (Again is not { } again || PacketsSent == 0)
        {
            return 0;
        }

        var slot = Reserve();
        var length = PaddingPacket.Write(
            slot, (byte)Codec!.RtxPayloadType!.Value, RtxSsrc, new(_rtxSequence++), Rewriter.LastTimestamp, _congestion, bytes, out var headerLength);
        _path.Pacing.Account(length, Worker.Now);
        Commit(again, slot, length, headerLength);
        return length;
    }

    /// <summary>Where packets are sent again; null when the subscriber has agreed to none such stream, or not any more.</summary>
    private SrtpSendStream? Again => _takesRtx ? _rtx : null;

    private static (int, int?, bool) KindOf(NegotiatedCodec codec) => (codec.PayloadType, codec.RedPayloadType, codec.RtxPayloadType is not null);

    private void Configure()
    {
        // Video without RTX is sent again as it was, and with another number it would be another packet (RFC 3711 §9.1).
        var sentAgain = Track.Kind == TrackKind.Video && Codec!.RtxPayloadType is null;
        _congestion = sentAgain ? default : CongestionElement.Of(Extensions);
        Rewriter.Configure(
            (byte)Codec!.PayloadType,
            Track.Media.Extensions.VideoOrientation,
            Extensions.VideoOrientation,
            _congestion,
            Track.Media.Extensions.DependencyDescriptor,
            Codec.Codec == Protocol.Codecs.Codec.Av1 ? Extensions.DependencyDescriptor : (byte)0);
    }

    private void Commit(SrtpSendStream stream, Span<byte> slot, int length, int headerLength)
    {
        var congestion = _path.Estimator;
        if (_congestion.IsNumber)
        {
            CongestionElement.StampNumber(slot, congestion.PacketSent(length, Worker.Now));
        }
        else
        {
            congestion.UnnumberedSent(length);
            if (!_congestion.IsNone)
            {
                CongestionElement.StampTime(slot, Worker.Now);
            }
        }

        var total = stream.Protect(slot, length, headerLength);
        Worker.Queue.Commit(_destination, total);
        Worker.Counters.PacketsForwarded++;
        Worker.Counters.BytesForwarded += total;
        BytesSent += total;
    }
}
