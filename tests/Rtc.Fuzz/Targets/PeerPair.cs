using System.Diagnostics;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;
using ServerIce = Events.Rtc.Protocol.Ice.IceCredentials;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>A publishing <see cref="ClientPeer"/> and the SFU's <see cref="Peer"/>, a queue of datagrams between them, in virtual time.</summary>
internal sealed class PeerPair : IPeerSink, IClientPeerEvents, IDtlsEngineFactory, IDisposable
{
    private static readonly TransportAddress Client = TransportAddress.FromIPv4(0x7F00_0001, 5_000);

    private readonly OpenSslDtlsEngineFactory _dtls;
    private readonly Queue<(bool ToServer, byte[] Bytes)> _wire = new();
    private IDtlsEngine? _clientDtls;

    public PeerPair(OpenSslDtlsEngineFactory dtls)
    {
        _dtls = dtls;
        var description = new ClientDescription(dtls.LocalFingerprint);
        var local = new ServerIce("abcdefgh", "0123456789abcdefghijklmn");
        var transport = new LocalTransport
        {
            IceUfrag = local.Ufrag,
            IcePwd = local.Pwd,
            Fingerprint = dtls.LocalFingerprint,
            Candidates = [Candidate.Host(TransportAddress.FromIPv4(0x7F00_0001, 6_000))],
        };
        Demand.That(SdpReader.TryParse(description.WriteOffer(ClientMediaPlan.Publish), out var offer, out _), "The client's offer reads.");
        Demand.That(Negotiation.TryAnswerPublish(offer!, transport, CodecPolicy.Default, 1, 1, out var answer, out _), "The offer is answered.");
        Demand.That(description.TryReadAnswer(answer!.Answer, out var session, out _), "The answer is taken.");
        var remote = new ServerIce(answer.Remote.IceUfrag, answer.Remote.IcePwd);
        var options = new PeerOptions(local, remote, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(15));
        Server = new(options, dtls.Create(DtlsRole.Server, answer.Remote.Fingerprint, [SrtpProfile.AeadAes128Gcm]), SrtpCiphers.Default, this);
        Publisher = new(new(), session!, this, SrtpCiphers.Default, this);
        Server.Start(Now);
        Publisher.Start(Now);
    }

    public Peer Server { get; }

    public ClientPeer Publisher { get; }

    public MonotonicTime Now { get; private set; } = MonotonicTime.FromMilliseconds(1_000);

    public int Ends { get; private set; }

    public string? EndReason { get; private set; }

    public bool IsConnected => Server.IsConnected && Publisher.State == ClientPeerState.Connected;

    /// <summary>The keys of the client's side.</summary>
    public SrtpKeys? ClientKeys => _clientDtls?.Keys;

    public Fingerprint LocalFingerprint => _dtls.LocalFingerprint;

    public IDtlsEngine Create(DtlsRole role, Fingerprint remoteFingerprint, ReadOnlySpan<SrtpProfile> preferredProfiles) =>
        _clientDtls = _dtls.Create(role, remoteFingerprint, preferredProfiles);

    /// <summary>The next datagram on the wire.</summary>
    public bool TryTake(out (bool ToServer, byte[] Bytes) datagram) => _wire.TryDequeue(out datagram);

    public void Deliver(bool toServer, Span<byte> bytes)
    {
        if (toServer)
        {
            Server.Receive(bytes, Client, Now);
        }
        else
        {
            Publisher.Receive(bytes, Client, Now);
        }
    }

    /// <summary>Lets time pass: deadlines, and a packet of each track.</summary>
    public void Pass(TimeSpan time)
    {
        Now += time;
        Server.HandleDeadline(Now);
        Publisher.HandleDeadline(Now);
        foreach (var track in Publisher.Senders)
        {
            Publisher.SendMedia(track, [0x10, 0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01], new((uint)Now.Milliseconds * 90), true, Now, new(true, 30));
        }
    }

    /// <summary>
    /// Carries everything untouched until both are connected. Time follows the system's here, since libssl's timers do: on a busy machine they
    /// run out within a handshake, and only real time brings the next retransmission.
    /// </summary>
    public void Connect()
    {
        var start = Now;
        var clock = Stopwatch.StartNew();
        while (!IsConnected && clock.Elapsed < TimeSpan.FromSeconds(10))
        {
            while (TryTake(out var datagram))
            {
                Deliver(datagram.ToServer, datagram.Bytes);
            }

            Pass(start + clock.Elapsed - Now);
        }

        Demand.That(IsConnected, "An untouched connection stands.");
    }

    public void Dispose()
    {
        Server.Dispose();
        Publisher.Dispose();
    }

    void IPeerSink.Send(Peer peer, in TransportAddress to, ReadOnlySpan<byte> datagram) => _wire.Enqueue((false, datagram.ToArray()));

    void IPeerSink.AddressAuthenticated(Peer peer, in TransportAddress address) => Demand.That(address == Client, "Only the client's address is authentic.");

    void IPeerSink.Connected(Peer peer, MonotonicTime now) => Demand.That(!peer.IsEnded, "What has ended does not connect.");

    void IPeerSink.ConsentChanged(Peer peer, bool granted, MonotonicTime now) => Demand.That(granted == peer.IsConnected, "Consent is what connects.");

    void IPeerSink.RtpReceived(Peer peer, Span<byte> packet, MonotonicTime now) => _ = RtpReader.TryRead(packet, out _);

    void IPeerSink.RtcpReceived(Peer peer, ReadOnlySpan<byte> compound, MonotonicTime now)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryReadNext(out var packet))
        {
            RtcpTarget.Read(packet);
        }
    }

    void IPeerSink.Ended(Peer peer, PeerEnd end, string reason)
    {
        Ends++;
        EndReason = reason;
        Demand.That(Ends == 1 && reason.Length > 0, "A peer ends once, with a reason.");
    }

    void IClientPeerEvents.Send(ReadOnlySpan<byte> datagram) => _wire.Enqueue((true, datagram.ToArray()));

    void IClientPeerEvents.StateChanged(ClientPeerState state, string? reason)
    {
    }

    void IClientPeerEvents.KeyframeRequested(ClientSendTrack track)
    {
    }

    void IClientPeerEvents.MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now) => _ = packet.Payload.Length;
}
