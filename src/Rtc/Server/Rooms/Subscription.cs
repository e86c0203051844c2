using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>One subscriber's stream of one track. It lives as long as its m-line shows the track.</summary>
internal sealed class Subscription
{
    private readonly SubscriberTransport _transport;
    private SrtpSendStream? _stream;
    private SrtpSendStream? _rtxStream;
    private StreamRewriter _rewriter;
    private NegotiatedCodec? _codec;
    private CongestionElement _congestion;
    private int _epoch;
    private ushort _rtxSequence;
    private ushort _spliceSequence;
    private bool _spliceFresh;
    private MonotonicTime _lastForward;

    public Subscription(SubscriberTransport transport, PublishedTrack track)
    {
        _transport = transport;
        Track = track;
        Ssrc = transport.Worker.CreateSsrc();
        RtxSsrc = track.Kind == TrackKind.Video ? transport.Worker.CreateSsrc() : 0;
        NeedsKeyframe = track.Kind == TrackKind.Video;
    }

    public PublishedTrack Track { get; private set; }

    public uint Ssrc { get; }

    /// <summary>Of retransmissions; 0 for audio.</summary>
    public uint RtxSsrc { get; }

    public string? Mid { get; private set; }

    /// <summary>Its track ended and its m-line waits for a successor.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>Agreed on, so that packets may flow once the transport is connected.</summary>
    public bool IsAgreed => _codec is not null;

    /// <summary>Its m-line can show this track without a new offer.</summary>
    public bool CanShow(PublishedTrack track) => Track.Kind == track.Kind && _codec?.Codec == track.Codec.Codec;

    /// <summary>Nothing is forwarded before the next keyframe.</summary>
    public bool NeedsKeyframe { get; private set; }

    public uint PacketsSent { get; private set; }

    public uint OctetsSent { get; private set; }

    public long Retransmitted { get; private set; }

    /// <summary>From the last receiver report, 0…1.</summary>
    public double FractionLost { get; set; }

    public OutgoingTrack Outgoing => new()
    {
        TrackId = Track.Id,
        StreamId = Track.Publisher.Id,
        Kind = Track.Kind == TrackKind.Audio ? MediaKind.Audio : MediaKind.Video,
        Codec = Track.Codec.Codec,
        Fmtp = Track.Codec.Fmtp,
        Ssrc = Ssrc,
        RtxSsrc = RtxSsrc == 0 ? null : RtxSsrc,
        Cname = Track.Publisher.Id,
    };

    /// <summary>The subscriber agreed to receive it like this.</summary>
    public void Agree(SubscribedMedia media)
    {
        Mid = media.Mid;
        if (_codec is null)
        {
            // The first number lies below 2^15: see StreamRewriter.
            _rewriter = new StreamRewriter(Ssrc, (ushort)_transport.Worker.Random.Next(1, 0x7000));
            _rtxSequence = (ushort)_transport.Worker.Random.Next(1, 0x7000);
        }

        _codec = media.Codec;
        Extensions = media.Extensions;
        Configure();
        Start();
    }

    public NegotiatedExtensions Extensions { get; private set; }

    /// <summary>Its packets carry transport-wide numbers, which the viewer will report.</summary>
    public bool IsNumbered => _congestion.IsNumber;

    /// <summary>Begins once both the answer and the SRTP keys are there.</summary>
    public void Start()
    {
        if (_codec is null || _transport.Peer is not { IsConnected: true, Srtp: { } srtp })
        {
            return;
        }

        if (_stream is not null)
        {
            return; // A second stream of one SSRC under one key would repeat nonces (RFC 3711 §9.1).
        }

        _stream = srtp.OpenStream(Ssrc);
        _rtxStream = RtxSsrc != 0 && _codec.RtxPayloadType is not null ? srtp.OpenStream(RtxSsrc) : null;
        RestartAtKeyframe();
    }

    /// <summary>The transport's keys are gone.</summary>
    public void Stop()
    {
        _stream = null;
        _rtxStream = null;
    }

    /// <summary>The m-line goes on with another track of the same codec: the stream is spliced (a WHIP publisher that came back).</summary>
    public void Continue(PublishedTrack track)
    {
        Track = track;
        IsOrphan = false;
        _epoch = 0;
        Configure();
        RestartAtKeyframe();
    }

    public void Forward(in RtpReader packet, bool keyframe, MonotonicTime now)
    {
        if (_stream is null)
        {
            return;
        }

        var sequence = packet.SequenceNumber.Value;
        if (NeedsKeyframe || _epoch != Track.Epoch)
        {
            if (!keyframe && Track.Kind == TrackKind.Video)
            {
                // Again and again, at the track's pace: the request or the keyframe may have been lost, and a viewer that has
                // received nothing does not ask.
                Track.RequestKeyframe(now);
                return;
            }

            NeedsKeyframe = false;
            if (_epoch != Track.Epoch)
            {
                Splice(packet, now);
            }
        }
        else if (_spliceFresh)
        {
            var distance = (short)(sequence - _spliceSequence);
            if (distance < 0)
            {
                return; // Before our beginning: it would take a number that we have used already.
            }

            _spliceFresh = distance < 8_192;
        }

        _lastForward = now;
        var slot = _transport.Worker.Queue.Reserve();
        var length = _rewriter.Write(packet, slot, out var headerLength);
        if (length < 0)
        {
            return;
        }

        Commit(_stream, slot, length, headerLength);
        PacketsSent++;
        OctetsSent += (uint)(length - headerLength);
        _transport.Congestion.MediaSent(length);
        if (_transport.Congestion.Estimator.WantsPadding)
        {
            _transport.SendPadding(now);
        }
    }

    /// <summary>
    /// Sends a packet of padding about this large; its bytes, or 0 when there is no retransmission stream to send it on.
    /// </summary>
    public int TrySendPadding(int bytes)
    {
        if (_rtxStream is not { } rtx || PacketsSent == 0)
        {
            return 0;
        }

        var slot = _transport.Worker.Queue.Reserve();
        var length = PaddingPacket.Write(
            slot, (byte)_codec!.RtxPayloadType!.Value, RtxSsrc, new(_rtxSequence++), _rewriter.LastTimestamp, _congestion, bytes, out var headerLength);
        Commit(rtx, slot, length, headerLength);
        return length;
    }

    /// <summary>Answers a NACK from the track's cache. False when the packet is not there any more.</summary>
    public bool Retransmit(ushort sent, MonotonicTime now)
    {
        if (_stream is null
            || _epoch != Track.Epoch
            || !_rewriter.WasSent(sent)
            || !Track.TryGetCached(_rewriter.SourceSequence(sent), now, out var cached)
            || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        var slot = _transport.Worker.Queue.Reserve();
        var rtx = _rtxStream;
        int headerLength;
        var length = rtx is null
            ? _rewriter.WriteAgain(packet, slot, out headerLength)
            : _rewriter.WriteRetransmission(packet, slot, (byte)_codec!.RtxPayloadType!.Value, RtxSsrc, _rtxSequence++, out headerLength);
        if (length < 0)
        {
            return false;
        }

        Commit(rtx ?? _stream, slot, length, headerLength);
        Retransmitted++;
        return true;
    }

    /// <summary>
    /// Our sender report: the publisher's NTP/RTP relation, carried on to now, so that the subscriber aligns the publisher's
    /// sound and picture exactly as the publisher captured them.
    /// </summary>
    public bool TryWriteSenderReport(ref RtcpWriter writer, MonotonicTime now, out uint middle)
    {
        middle = 0;
        var (ntp, rtp, at) = Track.SenderReport;
        if (PacketsSent == 0 || at == MonotonicTime.Zero || _epoch != Track.Epoch)
        {
            return false;
        }

        var elapsed = now - at;
        var ntpNow = new NtpTime(ntp.Value + (ulong)(elapsed.TotalSeconds * 4_294_967_296.0));
        var rtpNow = new RtpTimestamp(_rewriter.Timestamp(rtp.Value) + (uint)(long)(elapsed.TotalSeconds * Track.Codec.ClockRate));
        middle = ntpNow.Middle;
        return writer.WriteSenderReport(Ssrc, ntpNow, rtpNow, PacketsSent, OctetsSent);
    }

    private void RestartAtKeyframe()
    {
        NeedsKeyframe = Track.Kind == TrackKind.Video;
        if (NeedsKeyframe)
        {
            Track.RequestKeyframe(_transport.Worker.Now);
        }
    }

    private void Splice(in RtpReader packet, MonotonicTime now)
    {
        var elapsed = (uint)Math.Max(1, (now - _lastForward).TotalSeconds * Track.Codec.ClockRate);
        _rewriter.Rebase(packet.SequenceNumber.Value, packet.Timestamp.Value, elapsed);
        _epoch = Track.Epoch;
        _spliceSequence = packet.SequenceNumber.Value;
        _spliceFresh = true;
    }

    private void Configure()
    {
        _congestion = CongestionElement.Of(Extensions);
        _rewriter.Configure((byte)_codec!.PayloadType, Track.Media.Extensions.VideoOrientation, Extensions.VideoOrientation, _congestion);
    }

    private void Commit(SrtpSendStream stream, Span<byte> slot, int length, int headerLength)
    {
        var congestion = _transport.Congestion.Estimator;
        if (_congestion.IsNumber)
        {
            CongestionElement.StampNumber(slot, congestion.PacketSent(length, _transport.Worker.Now));
        }
        else
        {
            congestion.UnnumberedSent(length);
            if (!_congestion.IsNone)
            {
                CongestionElement.StampTime(slot, _transport.Worker.Now);
            }
        }

        var total = _transport.Peer!.Srtp!.ProtectRtp(stream, slot, length, headerLength);
        _transport.Worker.Queue.Commit(_transport.Destination, total);
        _transport.Worker.Counters.PacketsForwarded++;
        _transport.Worker.Counters.BytesForwarded += total;
    }
}
