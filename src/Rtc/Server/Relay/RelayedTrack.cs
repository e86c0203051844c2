using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;

namespace Events.Rtc.Relay;

/// <summary>
/// One track on one relay connection: as published, or, when it has layers, the best of them (or of those that fit the size asked for) as
/// one stream, switched at keyframes without a gap in number or time. So a recording does not notice layers that come and go.
/// </summary>
internal sealed class RelayedTrack(RelayConnection connection, uint handle, PublishedTrack track)
{
    private LayerSelector? _selector;
    private LayerChoice _choice = new();
    private StreamRewriter _rewriter;

    public RelayConnection Connection { get; } = connection;

    public uint Handle { get; } = handle;

    /// <summary>Of the packets that are sent here, with layers or without: the publisher's. 0: none.</summary>
    public byte OrientationExtension { get; } = track.Media.Extensions.VideoOrientation;

    /// <summary>Encodings that it receives or waits for, as bits.</summary>
    public int WatchedEncodings { get; private set; } = 1;

    public void UseLayers(MonotonicTime now)
    {
        if (_selector is not null)
        {
            return;
        }

        var worker = track.Publisher.Room.Worker;
        _rewriter = new StreamRewriter(worker.CreateSsrc(), 1);
        _rewriter.Configure((byte)track.Codec.PayloadType, OrientationExtension, OrientationExtension);
        _selector = new LayerSelector(track.Codec.Codec, 1);
        Retarget(now);
    }

    public void Prefer(int width, int height, MonotonicTime now)
    {
        _choice.MaxWidth = width;
        _choice.MaxHeight = height;
        Retarget(now);
        track.DemandChanged();
    }

    public void Retarget(MonotonicTime now)
    {
        var target = track.Layers.Choose(_choice, out var watched);
        WatchedEncodings = watched;
        if (_selector is not null && target != _selector.Target)
        {
            _selector.SetTarget(target);
            RequestKeyframeOfTarget(now);
        }
    }

    public void RequestKeyframe(MonotonicTime now)
    {
        var encoding = _selector is null ? 0 : _selector.CurrentEncoding >= 0 ? _selector.CurrentEncoding : _selector.Target.Encoding;
        track.Encodings[encoding].RequestKeyframe(now);
    }

    public void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        if (_selector is null)
        {
            Send(packet.Packet, now);
            return;
        }

        var index = encoding.Index;
        if (index != _selector.Target.Encoding && index != _selector.CurrentEncoding)
        {
            return;
        }

        var before = _selector.CurrentEncoding;
        var decision = _selector.Select(index, encoding.Epoch, encoding.Clock, packet, video, now, out var sent);
        if (_selector.NeedsKeyframe && index == _selector.Target.Encoding)
        {
            encoding.RequestKeyframe(now);
        }

        if (decision == LayerDecision.Skip)
        {
            return;
        }

        Span<byte> rewritten = stackalloc byte[Transport.SendQueue.SlotBytes];
        var length = decision == LayerDecision.Fill
            ? _rewriter.WriteFill(sent, rewritten, out _)
            : _rewriter.WriteLayered(packet, video, sent, rewritten, out _);
        if (length > 0)
        {
            Send(rewritten[..length], now);
        }

        if (before != _selector.CurrentEncoding && encoding.SenderReport.At != MonotonicTime.Zero)
        {
            // The receiver learns at once how the new encoding's clock goes on.
            ForwardSenderReport(encoding);
        }
    }

    /// <summary>A report of the encoding that is forwarded; of another it would be of another timeline.</summary>
    public void ForwardSenderReport(PublishedEncoding encoding)
    {
        if (_selector is not null && _selector.CurrentEncoding != encoding.Index)
        {
            return;
        }

        var (ntp, rtp, at) = encoding.SenderReport;
        Span<byte> message = stackalloc byte[RelayCodec.SenderReportLength];
        RelayCodec.WriteSenderReport(message, Handle, at.Nanoseconds, ntp.Value, _selector?.Timestamp(rtp.Value) ?? rtp.Value);
        Connection.SendPacket(message, default);
    }

    private void Send(ReadOnlySpan<byte> packet, MonotonicTime now)
    {
        Span<byte> header = stackalloc byte[RelayCodec.RtpHeaderLength];
        RelayCodec.WriteRtpHeader(header, Handle, now.Nanoseconds);
        Connection.SendPacket(header, packet);
    }

    private void RequestKeyframeOfTarget(MonotonicTime now)
    {
        if (_selector is { NeedsKeyframe: true } selector)
        {
            track.Encodings[selector.Target.Encoding].RequestKeyframe(now);
        }
    }
}
