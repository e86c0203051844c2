using System.Buffers.Binary;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// A camera whose frames refer to one another as a real encoder's do (<see cref="LayeredSource"/>), 30 pictures a second. Each payload ends with a number by which a
/// <see cref="VirtualDecoder"/> knows which packet of which frame it is.
/// </summary>
internal sealed class VirtualEncoder
{
    private const int PayloadBytes = 600;

    /// <summary>Of <see cref="LayeredSource"/>.</summary>
    private const byte DescriptorId = 5;

    /// <summary>A picture's packets leave evenly over this part of its time, as a pacer sends them.</summary>
    private static readonly TimeSpan Spread = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan PictureTime = TimeSpan.FromSeconds(1 / 30.0);

    private readonly Simulation _simulation;
    private readonly VirtualPeer _peer;
    private readonly LayeredSource _source;
    private readonly List<ClientSendTrack> _video;
    private readonly byte[] _payload = new byte[PayloadBytes];
    private int _picture;

    public VirtualEncoder(Simulation simulation, VirtualPeer peer, LayerMode mode, int part)
    {
        _simulation = simulation;
        _peer = peer;
        _source = new LayeredSource(mode, simulation.Chance(part));
        _video = [.. peer.Peer.Senders];
        peer.OnKeyframeRequested = track =>
        {
            _source.KeyframesWanted.Add(track.Media.Layer);
            KeyframesAsked++;
        };
        simulation.Every(PictureTime, SendPicture);
    }

    public long KeyframesAsked { get; private set; }

    /// <summary>By the number at the end of the payload.</summary>
    public List<SourcePacket> Packets { get; } = [];

    /// <summary>The second at which a frame was captured.</summary>
    public static double CapturedAt(CodedFrame frame) => PictureTime.TotalSeconds + (frame.Capture / 90_000.0);

    /// <summary>What a full picture ends with: the topmost spatial layer, or the topmost encoding.</summary>
    public bool IsTop(CodedFrame frame) => _source.IsSimulcast ? frame.Encoding == 2 : frame.Spatial == 2;

    public static ClientMediaPlan PlanOf(LayerMode mode)
    {
        var source = new LayeredSource(mode, new Random(1));
        return new() { SendVideo = 1, VideoCodec = source.Codec, SimulcastLayers = source.IsSimulcast ? 3 : 1 };
    }

    private void SendPicture()
    {
        var packets = _source.Capture(_picture++);
        for (var i = 0; i < packets.Count; i++)
        {
            var packet = packets[i];
            _simulation.After(Spread * (i / (double)packets.Count), () => Send(packet));
        }
    }

    private void Send(SourcePacket sent)
    {
        Assert.True(RtpReader.TryRead(sent.Bytes, out var packet));
        packet.TryGetExtension(DescriptorId, out var descriptor);
        packet.Payload.CopyTo(_payload);
        _payload.AsSpan(packet.Payload.Length).Fill(0x55); // of the last element, to a depacketiser
        BinaryPrimitives.WriteInt32LittleEndian(_payload.AsSpan(PayloadBytes - sizeof(int)), Packets.Count);
        Packets.Add(sent);
        _peer.Peer.SendMedia(_video[sent.Encoding], _payload, packet.Timestamp, packet.Marker, _simulation.Now, null, descriptor);
    }
}

/// <summary>What a viewer could decode of a <see cref="VirtualEncoder"/>'s pictures, and when.</summary>
internal sealed class VirtualDecoder(Simulation simulation, VirtualEncoder encoder)
{
    /// <summary>Two links of 25 ms, a picture's packets spread over 15, and a turn of the node: a picture later than this is of the past.</summary>
    private const double Way = 0.09;

    /// <summary>Frames that came whole, and wait for others.</summary>
    private readonly List<CodedFrame> _waiting = [];
    private readonly Dictionary<CodedFrame, HashSet<SourcePacket>> _arrived = [];
    private readonly HashSet<CodedFrame> _decoded = [];
    private double _last = double.NaN;

    /// <summary>When it began to watch.</summary>
    public double Since { get; private set; } = simulation.Seconds;

    /// <summary>When it showed a picture as new as what everybody else sees; not a number: not yet.</summary>
    public double FirstPresent { get; private set; } = double.NaN;

    /// <summary>Full pictures that were decoded.</summary>
    public int Pictures { get; private set; }

    /// <summary>Longest time without a new picture, large or small, since the first.</summary>
    public double LongestFreeze { get; private set; }

    public void Received(in RtpReader packet)
    {
        var given = encoder.Packets[BinaryPrimitives.ReadInt32LittleEndian(packet.Payload[^sizeof(int)..])];
        var frame = given.Frame;
        if (!_arrived.TryGetValue(frame, out var arrived))
        {
            _arrived[frame] = arrived = [];
        }

        if (!arrived.Add(given) || arrived.Count < frame.Packets.Count)
        {
            return;
        }

        _waiting.Add(frame);
        while (_waiting.FindIndex(f => f.References.TrueForAll(_decoded.Contains)) is var next and >= 0)
        {
            Decode(_waiting[next]);
            _waiting.RemoveAt(next);
        }
    }

    /// <summary>It wants to see the picture again: from here on the present is waited for anew.</summary>
    public void Again() => (Since, FirstPresent, _last) = (simulation.Seconds, double.NaN, double.NaN);

    /// <summary>Also what is going on counts.</summary>
    public void End() => Note();

    private void Decode(CodedFrame frame)
    {
        _decoded.Add(frame);
        Pictures += encoder.IsTop(frame) ? 1 : 0;
        Note();
        _last = simulation.Seconds;
        if (double.IsNaN(FirstPresent) && _last - VirtualEncoder.CapturedAt(frame) < Way)
        {
            FirstPresent = _last;
        }
    }

    private void Note()
    {
        if (!double.IsNaN(_last))
        {
            LongestFreeze = Math.Max(LongestFreeze, simulation.Seconds - _last);
        }
    }
}
