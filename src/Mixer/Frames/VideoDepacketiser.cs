namespace Events.Mixer.Frames;

/// <summary>
/// What all video payload formats share: packets of one timestamp make a picture, the marker ends it, and after a loss everything is
/// dropped up to the next keyframe, since what refers to a lost picture decodes to garbage.
/// </summary>
internal abstract class VideoDepacketiser : Depacketiser
{
    private bool _open;
    private bool _waits = true;
    private uint _timestamp;

    public override bool WaitsForKeyframe => _waits;

    protected FrameBuffer Buffer { get; } = new();

    public override void Push(in OrderedPacket packet, IFrameSink sink)
    {
        if (packet.AfterGap)
        {
            Lose();
        }

        if (packet.Payload.IsEmpty)
        {
            return;
        }

        if (_open && packet.Timestamp != _timestamp)
        {
            // Nothing is missing in between, so this sender just sets no marker.
            Complete(sink);
        }

        if (!_open)
        {
            if (!StartsPicture(packet.Payload))
            {
                _waits = true;
                return;
            }

            _open = true;
            _timestamp = packet.Timestamp;
            Buffer.Clear();
            Begin();
        }

        if (!Append(packet.Payload))
        {
            Lose();
            return;
        }

        if (packet.Marker)
        {
            Complete(sink);
        }
    }

    /// <summary>Whether a picture can begin with this payload.</summary>
    protected abstract bool StartsPicture(ReadOnlySpan<byte> payload);

    /// <summary>Forgets the picture before.</summary>
    protected abstract void Begin();

    /// <summary>Adds a payload to <see cref="Buffer"/>; false when it is malformed.</summary>
    protected abstract bool Append(ReadOnlySpan<byte> payload);

    /// <summary>Ends the picture; false when it is not whole.</summary>
    protected abstract bool TryFinish(out bool keyframe, out int width, out int height);

    private void Lose()
    {
        _open = false;
        _waits = true;
    }

    private void Complete(IFrameSink sink)
    {
        _open = false;
        if (!TryFinish(out var keyframe, out var width, out var height) || Buffer.Length == 0)
        {
            _waits = true;
            return;
        }

        if (_waits && !keyframe)
        {
            return;
        }

        _waits = false;
        sink.OnFrame(new(_timestamp, keyframe, Buffer.Written, width, height));
    }
}
