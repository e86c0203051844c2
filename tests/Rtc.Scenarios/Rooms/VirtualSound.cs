using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What one person hears of another: the moments whose sound is there, in a packet of its own or as redundancy of a later one.</summary>
internal sealed class VirtualSound(ClientMedia media)
{
    private readonly HashSet<uint> _moments = [];
    private readonly HashSet<uint> _own = [];
    private readonly HashSet<ushort> _numbers = [];

    /// <summary>Packets with redundancy.</summary>
    public int RedPackets { get; private set; }

    /// <summary>Packets without.</summary>
    public int PlainPackets { get; private set; }

    /// <summary>Frames of 20 ms that can be heard.</summary>
    public int Heard => _moments.Count;

    /// <summary>Moments that came twice as packets of their own.</summary>
    public int Twice { get; private set; }

    /// <summary>From the lowest to the highest number that came, those that did not.</summary>
    public int MissingNumbers => _numbers.Count == 0 ? 0 : _numbers.Max() - _numbers.Min() + 1 - _numbers.Count;

    public void Received(in RtpReader packet)
    {
        _numbers.Add(packet.SequenceNumber.Value);
        Twice += _own.Add(packet.Timestamp.Value) ? 0 : 1;
        _moments.Add(packet.Timestamp.Value);
        if (packet.PayloadType == media.PayloadType)
        {
            PlainPackets++;
            return;
        }

        Assert.Equal(media.RedPayloadType, packet.PayloadType);
        Assert.True(RedPayload.TryRead(packet.Payload, out var red) && red.IsOnly(media.PayloadType));
        RedPackets++;
        foreach (var block in red)
        {
            _moments.Add(packet.Timestamp.Value - block.TimestampOffset);
        }
    }

    public override string ToString() =>
        $"{Heard} moments heard of {RedPackets} packets with redundancy and {PlainPackets} without, {Twice} twice, {MissingNumbers} numbers missing";
}
