using System.Buffers.Binary;
using Events.Rtc;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>One peer connection of a client behind its links: the project's own client, which reports, asks again and measures as a browser does.</summary>
internal sealed class VirtualPeer : IClientPeerEvents
{
    /// <summary>IPv4 and UDP headers.</summary>
    private const int HeaderBytes = 28;

    // As libwebrtc asks on a path that works. With RFC 7675's 5 s, a path of 20 % loss each way now and then swallows six in a row, and the call ends.
    private static readonly TimeSpan ConsentInterval = TimeSpan.FromSeconds(2.5);

    private readonly Simulation _simulation;
    private readonly VirtualNode _node;
    private readonly Link _up;
    private readonly Link _down;
    private readonly Stack<byte[]> _buffers;
    private readonly TransportAddress _address;
    private readonly Random _chance;
    private MonotonicTime _wakesAt = MonotonicTime.Never;

    public VirtualPeer(Simulation simulation, VirtualNode node, MediaWorker worker, ClientSession session, Link up, Link down, Random chance, Stack<byte[]> buffers)
    {
        _simulation = simulation;
        _node = node;
        _up = up;
        _down = down;
        _buffers = buffers;
        _chance = chance;
        _address = node.Attach(this, worker);
        Peer = new ClientPeer(
            new ClientPeerOptions { Chance = chance.Next, UnixNanosecondsAtZero = VirtualNode.UnixNanosecondsAtZero, ConsentInterval = ConsentInterval },
            session,
            node.Dtls,
            SrtpCiphers.Default,
            this);
    }

    public delegate void MediaHandler(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now);

    public ClientPeer Peer { get; }

    public MediaHandler? OnMedia { get; set; }

    public Action<ClientSendTrack>? OnKeyframeRequested { get; set; }

    /// <summary>Part of its RTCP that gets lost, beside what its link loses; 1: a client that agrees to report and does not.</summary>
    public double LostReports { get; init; }

    /// <summary>What packets and reports of an SSRC take longer on the way up: an encoder, or a queue of their own.</summary>
    public Func<uint, TimeSpan>? TakesLonger { get; set; }

    public void Start()
    {
        Peer.Start(_simulation.Now);
        Sleep();
    }

    public void RestartIce(IceCredentials local, IceCredentials remote)
    {
        Peer.RestartIce(local, remote, _simulation.Now);
        Sleep();
    }

    /// <summary>A datagram of the node enters the way down.</summary>
    public void FromNode(ReadOnlySpan<byte> datagram)
    {
        var (copy, length) = Copy(datagram);
        _down.Send(
            length + HeaderBytes,
            () =>
            {
                Peer.Receive(copy.AsSpan(0, length), default, _simulation.Now);
                _buffers.Push(copy);
                Sleep();
            },
            () => _buffers.Push(copy));
    }

    public void Send(ReadOnlySpan<byte> datagram)
    {
        if (LostReports > 0 && _chance.NextDouble() < LostReports && PacketDemux.Classify(datagram) == PacketKind.Rtcp)
        {
            return;
        }

        var (copy, length) = Copy(datagram);
        var delay = TakesLonger is null ? TimeSpan.Zero : PacketDemux.Classify(datagram) switch
        {
            // Neither form encrypts it: RFC 3550 §5.1, §6.4.
            PacketKind.Rtp => TakesLonger(BinaryPrimitives.ReadUInt32BigEndian(datagram[8..])),
            PacketKind.Rtcp => TakesLonger(BinaryPrimitives.ReadUInt32BigEndian(datagram[4..])),
            _ => TimeSpan.Zero,
        };
        if (delay > TimeSpan.Zero)
        {
            _simulation.After(delay, () => SendUp(copy, length));
        }
        else
        {
            SendUp(copy, length);
        }
    }

    private void SendUp(byte[] copy, int length) => _up.Send(
        length + HeaderBytes,
        () =>
        {
            _node.Receive(copy.AsSpan(0, length), _address);
            _buffers.Push(copy);
        },
        () => _buffers.Push(copy));

    public void StateChanged(ClientPeerState state, string? reason)
    {
        if (state is ClientPeerState.Failed or ClientPeerState.Closed)
        {
            throw new InvalidOperationException($"A peer ended at {_simulation.Seconds:F1} s: {reason}");
        }
    }

    public void KeyframeRequested(ClientSendTrack track) => OnKeyframeRequested?.Invoke(track);

    public void MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now) => OnMedia?.Invoke(track, packet, now);

    private (byte[] Copy, int Length) Copy(ReadOnlySpan<byte> datagram)
    {
        var copy = _buffers.TryPop(out var free) ? free : new byte[2_048];
        datagram.CopyTo(copy);
        return (copy, datagram.Length);
    }

    private void Sleep()
    {
        var deadline = Peer.Deadline;
        if (deadline < _wakesAt)
        {
            _wakesAt = deadline;
            _simulation.At(deadline, () => Wake(deadline));
        }
    }

    private void Wake(MonotonicTime deadline)
    {
        if (_wakesAt == deadline)
        {
            _wakesAt = MonotonicTime.Never;
            Peer.HandleDeadline(_simulation.Now);
            Sleep();
        }
    }
}
