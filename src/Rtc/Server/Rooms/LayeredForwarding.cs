using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>
/// A track with layers to one subscriber: a <see cref="LayerSelector"/> decides on each packet of the encodings and numbers what is sent. Who joins, or
/// wants the picture again, is shown the target's present group of pictures first.
/// </summary>
internal sealed class LayeredForwarding
{
    private readonly OutgoingStream _stream;
    private readonly LayerSelector _selector;
    private bool _waitsForRoom;
    private GroupReplay _replay;
    private DependencyDescriptorReader? _pastReader;

    /// <param name="stream">It may have sent packets without a selector before: the numbers go on.</param>
    public LayeredForwarding(OutgoingStream stream)
    {
        _stream = stream;
        ref var rewriter = ref stream.Rewriter;
        _selector = new LayerSelector(stream.Codec!.Codec, (ushort)(rewriter.LastSequence + 1));
        if (rewriter.Started)
        {
            _selector.GoOnFrom(rewriter.LastTimestamp.Value, stream.LastForward);
        }
    }

    public LayerTarget Target => _selector.Target;

    public LayerTarget Current => _selector.Current;

    /// <summary>The encoding that is forwarded; −1: none.</summary>
    public int CurrentEncoding => _selector.CurrentEncoding;

    /// <summary>The subscriber's timestamp of a timestamp of the current encoding.</summary>
    public uint Timestamp(uint source) => _selector.Timestamp(source);

    /// <summary>Begins again; true when it could be done with what is in the cache, false when a keyframe has to be asked for.</summary>
    public bool Restart(MonotonicTime now)
    {
        _replay.End();
        _selector.StartOver();
        return _selector.Target.IsPaused || TryReplay(now);
    }

    /// <summary>True while <see cref="Replay"/> has more to send.</summary>
    public bool IsReplaying => _replay.Encoding is not null;

    /// <summary>Sends more of the past. False once the present is reached, or another encoding is sent.</summary>
    public bool Replay(MonotonicTime now)
    {
        if (!_stream.IsOpen)
        {
            _replay.End();
        }

        for (var i = 0; i < GroupReplay.Burst && _replay.Encoding is { } encoding && _replay.TryTake(now, out var packet); i++)
        {
            encoding.ReadPast(packet, _stream.Codec!.Codec, _stream.Track.Media.Extensions.DependencyDescriptor, ref _pastReader, out var video);
            ForwardNow(packet, encoding, video, now);
            if (encoding.Index != _selector.CurrentEncoding)
            {
                _replay.End();
            }
        }

        _pastReader = IsReplaying ? _pastReader : null;
        return IsReplaying;
    }

    /// <returns>True when it has begun with the past, and <see cref="Replay"/> has more to send.</returns>
    public bool SetTarget(LayerTarget target, MonotonicTime now)
    {
        if (target == _selector.Target)
        {
            return false;
        }

        _selector.SetTarget(target);
        if (target.IsPaused)
        {
            _stream.Discard(now);
        }

        if (!_stream.IsOpen || !_selector.NeedsKeyframe)
        {
            return false;
        }

        if (_selector.CurrentEncoding < 0 && TryReplay(now))
        {
            return IsReplaying;
        }

        _stream.Track.Encodings[target.Encoding].RequestKeyframe(now);
        return false;
    }

    public void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        var index = encoding.Index;
        if (index != _selector.Target.Encoding && index != _selector.CurrentEncoding)
        {
            return;
        }

        if (_replay.IsAhead(packet, encoding))
        {
            return; // Its turn comes: it is in the cache.
        }

        ForwardNow(packet, encoding, video, now);
    }

    private void ForwardNow(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        var index = encoding.Index;
        if (_waitsForRoom || (_stream.IsPaced && !_stream.HasRoom(now)))
        {
            // The path is too far behind: the picture goes on with a keyframe once all that waits has left.
            _waitsForRoom = _stream.IsBehind;
            _selector.StartOver();
            return;
        }

        var before = _selector.CurrentEncoding;
        var decision = _selector.Select(index, encoding.Epoch, encoding.Clock, packet, video, now, out var sent);
        if (_selector.NeedsKeyframe && index == _selector.Target.Encoding)
        {
            encoding.RequestKeyframe(now); // Again and again, at the encoding's pace: requests and keyframes are lost.
        }

        if (decision == LayerDecision.Skip)
        {
            return;
        }

        if (before != index)
        {
            _stream.SourceChanged();
        }

        if (_stream.IsBehind && before >= 0 && before != index)
        {
            _stream.Discard(now); // What waits of the layer before would only delay this one's beginning.
        }

        var slot = _stream.Reserve();
        int headerLength;
        var length = decision == LayerDecision.Fill
            ? _stream.Rewriter.WriteFill(sent, slot, out headerLength)
            : _stream.Rewriter.WriteLayered(packet, video, sent, slot, out headerLength);
        _stream.Send(packet, slot, length, headerLength, now);
    }

    /// <summary>The m-line goes on with another track.</summary>
    public void ChangeSource() => _selector.ChangeSource();

    /// <summary>Nothing that was sent so far can be sent again.</summary>
    public void ForgetSent() => _selector.ForgetSent();

    /// <summary>Answers a NACK from the encoding's cache. False when the packet is not there any more.</summary>
    public bool Retransmit(ushort sequence, MonotonicTime now)
    {
        if (!_selector.TryFindSent(sequence, out var sent))
        {
            return ForwardSkipped(sequence, now);
        }

        if (_stream.IsPaced && sent.Encoding != _selector.CurrentEncoding)
        {
            return false; // Of a layer that is not shown any more: the path has no room for what came before the switch.
        }

        var encoding = _stream.Track.Encodings[sent.Encoding];
        if ((byte)encoding.Epoch != sent.Epoch || !encoding.TryGetCached(sent.Source, now, _stream.RepeatInterval, out var cached) || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        // Where its ids stand; what they were is in the record.
        VideoPacket.Read(_stream.Codec!.Codec, packet.Payload, default, null, out var video);
        var slot = _stream.Reserve();
        int headerLength;
        var length = _stream.TryTakeRtx(out var payloadType, out var rtxSequence)
            ? _stream.Rewriter.WriteLayeredRetransmission(packet, video, sent, slot, payloadType, _stream.RtxSsrc, rtxSequence, out headerLength)
            : _stream.Rewriter.WriteLayered(packet, video, sent, slot, out headerLength);
        return _stream.SendAgain(slot, length, headerLength);
    }

    /// <summary>Begins with the target's last keyframe, if it is recent: the picture is there at once, and the publisher is spared another.</summary>
    private bool TryReplay(MonotonicTime now)
    {
        var encoding = _stream.Track.Encodings[_selector.Target.Encoding];
        if (!_stream.IsOpen || !_replay.TryBegin(encoding, _stream.Worker.Options.KeyframeReplay, now, out _, out var present))
        {
            return false;
        }

        _pastReader = null;
        _selector.BeginInPast(present);
        Replay(now);
        if (_selector.CurrentEncoding >= 0)
        {
            return true;
        }

        _replay.End();
        _selector.StartOver();
        return false;
    }

    /// <summary>A packet that came before the keyframe's beginning did (that one was lost, and retransmitted) has a number here, and has not been sent.</summary>
    private bool ForwardSkipped(ushort sequence, MonotonicTime now)
    {
        if (_selector.CurrentEncoding < 0 || !_selector.TryFindMissing(sequence, out var source))
        {
            return false;
        }

        var encoding = _stream.Track.Encodings[_selector.CurrentEncoding];
        if (!encoding.TryGetCached(source, now, out var cached) || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        encoding.ReadAgain(packet, _stream.Codec!.Codec, _stream.Track.Media.Extensions.DependencyDescriptor, out var video);
        Forward(packet, encoding, video, now);
        return true;
    }
}
