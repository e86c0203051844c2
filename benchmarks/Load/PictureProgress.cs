using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Load;

/// <summary>Whether a decoder of VP8 could show what has come: a keyframe, and every packet since.</summary>
internal struct PictureProgress
{
    private ushort _first;
    private ushort _last;
    private int _received;

    /// <summary>True when the packet ends a frame that can be shown.</summary>
    public bool Add(in RtpReader packet)
    {
        var sequence = packet.SequenceNumber.Value;
        if (Vp8Descriptor.TryRead(packet.Payload, out var descriptor) && descriptor.IsStartOfFrame && descriptor.IsKeyframe)
        {
            _first = _last = sequence;
            _received = 1;
        }
        else if (_received == 0)
        {
            return false;
        }
        else
        {
            _received++;
            _last = (short)(sequence - _last) > 0 ? sequence : _last;
        }

        return packet.Marker && sequence == _last && (ushort)(_last - _first) + 1 == _received;
    }
}
