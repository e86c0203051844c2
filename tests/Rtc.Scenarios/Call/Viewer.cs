using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Call;

/// <summary>What a viewer's side answers with.</summary>
internal enum ViewerKind
{
    TransportWide,
    Remb,
}

/// <summary>
/// One viewer of one publisher: the node's side of it as the worker drives it (estimator, pacer, allocator, a tick), the path, and the
/// browser's side, whose reports come back as RTCP bytes.
/// </summary>
internal sealed class Viewer
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AllocationInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetransmissionDelay = TimeSpan.FromMilliseconds(30);

    private readonly Simulation _simulation;
    private readonly LayeredPublisher _publisher;
    private readonly Link _down;
    private readonly Link _up;
    private readonly IReportingReceiver _receiver;
    private readonly Pacer _pacer = new();
    private readonly TrackAllocation[] _tracks = new TrackAllocation[2];
    private readonly Queue<int> _freeHandles = new(Enumerable.Range(0, 256));
    private readonly (MediaPacket Packet, MonotonicTime Since)[] _parked = new (MediaPacket, MonotonicTime)[256];
    private BandwidthAllocator _allocator;
    private bool _waitsForKeyframe = true;

    public Viewer(Simulation simulation, LayeredPublisher publisher, Link down, Link up, ViewerKind kind = ViewerKind.TransportWide)
    {
        _simulation = simulation;
        _publisher = publisher;
        _down = down;
        _up = up;
        Estimator = new SendSideEstimator(new());
        Estimator.Start(kind == ViewerKind.Remb ? CongestionFeedback.Remb : CongestionFeedback.TransportWide, simulation.Now);
        _receiver = kind == ViewerKind.Remb
            ? new RembReceiver(simulation, SendBack)
            : new TransportWideReceiver(simulation, SendBack);
        _tracks[0] = new() { IsAudio = true };
        _tracks[0].Layers.TryAdd(new(0, 0, 0, LayeredPublisher.AudioRate));
        _tracks[1] = new() { Priority = TrackPriority.ActiveSpeaker };
        for (var i = 0; i < LayeredPublisher.Layers.Length; i++)
        {
            var (height, rate) = LayeredPublisher.Layers[i];
            _tracks[1].Layers.TryAdd(new((byte)i, 0, height, rate));
        }

        Allocate();
        publisher.Add(Forward);
        simulation.Every(Tick, SendDue);
        simulation.Every(AllocationInterval, Allocate);
    }

    public SendSideEstimator Estimator { get; }

    /// <summary>The layer that is being forwarded; −1: none.</summary>
    public int Layer { get; private set; } = TrackAllocation.Paused;

    /// <summary>Every change of <see cref="Layer"/>.</summary>
    public List<(double Second, int Layer)> Changes { get; } = [];

    /// <summary>The estimate every 100 ms.</summary>
    public List<(double Second, Bitrate Target)> Estimates { get; } = [];

    /// <summary>From the node to the viewer, queue included, audio packets only.</summary>
    public List<(double Second, TimeSpan Delay)> AudioDelays { get; } = [];

    public long AudioSent { get; private set; }

    public long AudioArrived { get; private set; }

    public long VideoArrived { get; private set; }

    public long Overflowed { get; private set; }

    public long PaddingBytes { get; private set; }

    public long MediaBytes { get; private set; }

    /// <summary>Parts of a second from <paramref name="from"/> to <paramref name="to"/> during which at least this layer was shown.</summary>
    public double ShareAtOrAbove(int layer, double from, double to)
    {
        double shown = 0;
        for (var i = 0; i < Changes.Count; i++)
        {
            var end = i + 1 < Changes.Count ? Changes[i + 1].Second : to;
            if (Changes[i].Layer >= layer)
            {
                shown += Math.Max(0, Math.Min(end, to) - Math.Max(Changes[i].Second, from));
            }
        }

        return shown / (to - from);
    }

    /// <summary>When this layer is first shown after a moment and stays for two seconds; infinity: never.</summary>
    public double FirstAt(int layer, double after)
    {
        for (var i = 0; i < Changes.Count; i++)
        {
            var end = i + 1 < Changes.Count ? Changes[i + 1].Second : double.PositiveInfinity;
            if (Changes[i].Layer >= layer && end > after && end - Math.Max(after, Changes[i].Second) >= 2)
            {
                return Math.Max(after, Changes[i].Second);
            }
        }

        return double.PositiveInfinity;
    }

    private void Allocate()
    {
        var now = _simulation.Now;
        Estimator.Advance(now);
        var wanted = _tracks[1].Layer;
        var result = _allocator.Allocate(_tracks, Estimator.Target, now);
        Estimator.SetGoal(result.Goal, result.Ceiling);
        _pacer.SetTarget(Estimator.Target);
        Estimates.Add((_simulation.Seconds, Estimator.Target));
        if (_tracks[1].Layer != wanted)
        {
            if (_tracks[1].Layer == TrackAllocation.Paused)
            {
                Show(TrackAllocation.Paused);
            }

            _waitsForKeyframe = _tracks[1].Layer != TrackAllocation.Paused && _tracks[1].Layer != Layer;
        }

        if (_waitsForKeyframe && _tracks[1].Layer != TrackAllocation.Paused)
        {
            _publisher.RequestKeyframe(_tracks[1].Layer);
        }
    }

    private void Forward(MediaPacket packet)
    {
        if (packet.Layer == LayeredPublisher.Audio)
        {
            AudioSent++;
            Offer(PacketPriority.Audio, packet);
            return;
        }

        if (_waitsForKeyframe && packet.StartsKeyframe && packet.Layer == _tracks[1].Layer)
        {
            _waitsForKeyframe = false;
            Show(packet.Layer);
        }

        if (packet.Layer == Layer)
        {
            Offer(PacketPriority.Video, packet);
        }
    }

    private void Show(int layer)
    {
        if (Layer != layer)
        {
            // What waits of the layer before would only delay the new one's beginning.
            while (_pacer.TryDiscard(PacketPriority.Video, out var stale))
            {
                _freeHandles.Enqueue(stale.Handle);
            }

            Layer = layer;
            Changes.Add((_simulation.Seconds, layer));
        }
    }

    private void Offer(PacketPriority priority, MediaPacket packet)
    {
        var now = _simulation.Now;
        if (_pacer.TryPass(priority, packet.Bytes, now))
        {
            Transmit(packet, now);
        }
        else if (_freeHandles.TryPeek(out var handle) && _pacer.TryEnqueue(priority, handle, packet.Bytes, now))
        {
            _freeHandles.Dequeue();
            _parked[handle] = (packet, now);
        }
        else
        {
            Overflowed++;
            if (priority == PacketPriority.Video)
            {
                // The picture has a hole: it goes on at the next keyframe.
                _waitsForKeyframe = _tracks[1].Layer != TrackAllocation.Paused;
                Show(TrackAllocation.Paused);
            }
        }
    }

    private void SendDue()
    {
        var now = _simulation.Now;
        while (_pacer.TryDequeue(now, out var due))
        {
            _freeHandles.Enqueue(due.Handle);
            Transmit(_parked[due.Handle].Packet, _parked[due.Handle].Since);
        }

        SendPadding(now);
    }

    private void SendPadding(MonotonicTime now)
    {
        while (Estimator.TryTakePadding(now, out var padding))
        {
            PaddingBytes += padding.Bytes;
            _pacer.TryPass(PacketPriority.Audio, padding.Bytes, now); // Accounted for: a probe does not wait.
            var sequence = Estimator.PacketSent(padding.Bytes, now);
            _down.Send(padding.Bytes, () => _receiver.Receive(sequence, now, padding.Bytes));
        }
    }

    private void Transmit(MediaPacket packet, MonotonicTime since)
    {
        var sent = _simulation.Now;
        var sequence = Estimator.PacketSent(packet.Bytes, sent);
        MediaBytes += packet.Bytes;
        SendPadding(sent);
        var isAudio = packet.Layer == LayeredPublisher.Audio;
        _down.Send(
            packet.Bytes,
            () =>
            {
                _receiver.Receive(sequence, sent, packet.Bytes);
                if (isAudio)
                {
                    AudioArrived++;
                    AudioDelays.Add((_simulation.Seconds, _simulation.Now - since));
                }
                else
                {
                    VideoArrived++;
                }
            },
            isAudio ? null : () => _simulation.After(_down.Delay + _up.Delay + RetransmissionDelay, () => Retransmit(packet)));
    }

    /// <summary>The viewer asked again for a packet; one of a layer that is not shown any more would be of no use to it.</summary>
    private void Retransmit(MediaPacket packet)
    {
        if (packet.Layer == Layer)
        {
            Offer(PacketPriority.Retransmission, packet);
        }
    }

    /// <summary>RTCP of the viewer on its way back.</summary>
    private void SendBack(byte[] compound) => _up.Send(compound.Length + 60, () => ReportReceived(compound));

    private void ReportReceived(byte[] compound)
    {
        var now = _simulation.Now;
        var reader = new RtcpReader(compound);
        while (reader.TryReadNext(out var part))
        {
            if (TransportFeedback.TryRead(part, out var feedback))
            {
                Estimator.FeedbackReceived(feedback, now);
            }
            else if (Remb.TryRead(part, out var remb))
            {
                Estimator.RembReceived(remb.Bitrate, now);
            }
            else if (ReceiverReport.TryRead(part, out var report) && report.BlockCount > 0)
            {
                Estimator.ReportReceived(report.GetBlock(0).FractionLost / 256.0, TimeSpan.Zero, now);
            }
        }
    }
}
