using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>
/// A track without layers to one subscriber: numbers and timestamps shifted by a constant, spliced at a keyframe where the source changes or
/// something was left out. Who joins is shown the present group of pictures first.
/// </summary>
internal sealed class PlainForwarding(OutgoingStream stream)
{
    private int _epoch;
    private uint _ssrc;
    private SenderClock _clock;
    private bool _waitsForRoom;
    private ushort _spliceSequence;
    private bool _spliceFresh;
    private GroupReplay _replay;

    /// <summary>Nothing is forwarded before the next keyframe.</summary>
    public bool NeedsKeyframe { get; private set; } = stream.Track.Kind == TrackKind.Video;

    /// <summary>The relation of numbers holds for what this encoding sends now.</summary>
    public bool Follows(PublishedEncoding encoding) => _epoch == encoding.Epoch;

    /// <summary>The subscriber is told this clock of the source: another source's timestamps are placed by it.</summary>
    public void Told(SenderClock clock) => _clock = clock;

    /// <summary>What was sent so far is of another source, or numbers were not spent meanwhile: what comes is spliced on.</summary>
    public void Forget() => _epoch = 0;

    public void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        if (_waitsForRoom || (stream.IsPaced && stream.Track.Kind == TrackKind.Video && !stream.HasRoom(now)))
        {
            LeaveOut(now);
            return;
        }

        if (_replay.IsAhead(packet, encoding))
        {
            return; // Its turn comes: it is in the cache.
        }

        if (NeedsKeyframe || _epoch != encoding.Epoch)
        {
            if (!video.IsKeyframe && stream.Track.Kind == TrackKind.Video)
            {
                // Again and again, at the track's pace: the request or the keyframe may have been lost, and a viewer that has
                // received nothing does not ask.
                encoding.RequestKeyframe(now);
                return;
            }

            NeedsKeyframe = false;
            if (_epoch != encoding.Epoch)
            {
                Splice(packet, packet.Timestamp.Value, encoding, now);
            }
        }
        else if (_spliceFresh)
        {
            var distance = (short)(packet.SequenceNumber.Value - _spliceSequence);
            if (distance < 0)
            {
                return; // Before our beginning: it would take a number that we have used already.
            }

            _spliceFresh = distance < 8_192;
        }

        Send(packet, now);
    }

    /// <summary>Begins again; true when it could be done with what is in the cache, false when a keyframe has to be asked for.</summary>
    public bool Restart(bool isPaused, MonotonicTime now)
    {
        _replay.End();
        NeedsKeyframe = stream.Track.Kind == TrackKind.Video;
        return !NeedsKeyframe || isPaused || TryReplay(now);
    }

    /// <summary>Sends more of the past. False once the present is reached, or the source has changed.</summary>
    public bool Replay(bool isPaused, MonotonicTime now)
    {
        if (!stream.IsOpen || isPaused)
        {
            _replay.End();
        }

        for (var i = 0; i < GroupReplay.Burst && _replay.TryTake(now, out var packet); i++)
        {
            if (stream.IsPaced && !stream.HasRoom(now))
            {
                LeaveOut(now);
                break;
            }

            Send(packet, now);
        }

        return IsReplaying;
    }

    /// <summary>True while <see cref="Replay"/> has more to send.</summary>
    public bool IsReplaying => _replay.Encoding is not null;

    /// <summary>Another forwarding numbers the packets from here on.</summary>
    public void End() => _replay.End();

    /// <summary>Answers a NACK from the track's cache. False when the packet is not there any more.</summary>
    public bool Retransmit(ushort sent, MonotonicTime now)
    {
        var encoding = stream.Track.Encodings[0];
        ref var rewriter = ref stream.Rewriter;
        if (_epoch != encoding.Epoch
            || !rewriter.WasSent(sent)
            || !TryGetSent(encoding, rewriter.SourceSequence(sent), now, stream.RepeatInterval, out var cached)
            || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        var slot = stream.Reserve();
        int length, headerLength;
        if (stream.TryTakeRtx(out var payloadType, out var sequence))
        {
            length = rewriter.WriteRetransmission(packet, slot, payloadType, stream.RtxSsrc, sequence, out headerLength);
        }
        else
        {
            length = rewriter.WriteAgain(packet, slot, out headerLength);
            stream.NameRed(packet, slot, length, headerLength);
        }

        return stream.SendAgain(slot, length, headerLength);
    }

    private bool TryGetSent(PublishedEncoding encoding, ushort sequence, MonotonicTime now, TimeSpan minAge, out ReadOnlySpan<byte> packet) =>
        stream.TakesRed ? encoding.TryGetCached(sequence, now, minAge, out packet) : encoding.TryGetPlain(sequence, now, minAge, out packet);

    private void Send(in RtpReader packet, MonotonicTime now)
    {
        var slot = stream.Reserve();
        var length = stream.Rewriter.Write(packet, slot, out var headerLength);
        stream.NameRed(packet, slot, length, headerLength);
        stream.Send(packet, slot, length, headerLength, now);
    }

    /// <summary>The path is too far behind: the picture goes on with a keyframe once all that waits has left.</summary>
    private void LeaveOut(MonotonicTime now)
    {
        _replay.End();
        _waitsForRoom = stream.IsBehind;
        NeedsKeyframe = true;
        Forget();
        if (!_waitsForRoom)
        {
            stream.Track.Encodings[0].RequestKeyframe(now);
        }
    }

    /// <summary>Begins with the last keyframe, if it is recent: the picture is there at once, and the publisher is spared another.</summary>
    private bool TryReplay(MonotonicTime now)
    {
        var encoding = stream.Track.Encodings[0];
        if (!stream.IsOpen || !_replay.TryBegin(encoding, stream.Worker.Options.KeyframeReplay, now, out var first, out var present))
        {
            return false;
        }

        Splice(first, present, encoding, now);
        stream.Rewriter.CompressBefore(present);
        NeedsKeyframe = false;
        Replay(isPaused: false, now);
        return true;
    }

    /// <param name="packet">The next to be sent.</param>
    /// <param name="present">The newest timestamp of its source: its own, unless it is of the past.</param>
    /// <param name="encoding">Its encoding.</param>
    /// <param name="now">The present.</param>
    private void Splice(in RtpReader packet, uint present, PublishedEncoding encoding, MonotonicTime now)
    {
        var clockRate = stream.Track.Codec.ClockRate;
        ref var rewriter = ref stream.Rewriter;
        uint? aligned = null;
        if (packet.Ssrc == _ssrc)
        {
            aligned = rewriter.Timestamp(present);
        }
        else if (encoding.Clock.IsKnown && _clock.IsKnown)
        {
            aligned = rewriter.Timestamp(_clock.At(encoding.Clock, present, clockRate));
        }

        rewriter.Rebase(packet.SequenceNumber.Value, present, present - packet.Timestamp.Value, now - stream.LastForward, aligned, clockRate);
        _ssrc = packet.Ssrc;
        _clock = encoding.Clock;
        _epoch = encoding.Epoch;
        _spliceSequence = packet.SequenceNumber.Value;
        _spliceFresh = true;
        stream.SourceChanged();
    }
}
