using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Transport;

namespace Events.Rtc.Rooms;

/// <summary>
/// One peer connection's transport on its worker: the <see cref="Protocol.Peer"/>, where its datagrams go, and what both kinds
/// (publishing, subscribing) share. Touched by the worker's thread only.
/// </summary>
internal abstract class MediaTransport : IPeerSink
{
    private static readonly SrtpProfile[] Profiles = [SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80];

    private static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(8);

    private Fingerprint? _remoteFingerprint;

    protected MediaTransport(MediaWorker worker, Participant participant)
    {
        Worker = worker;
        Participant = participant;
        Cname = participant.Id;
        LocalIce = worker.CreateIceCredentials();
        SenderSsrc = worker.CreateSsrc();
        SessionId = worker.Random.NextInt64(1, long.MaxValue);
    }

    public MediaWorker Worker { get; }

    public Participant Participant { get; }

    /// <summary>Names our end in SDES.</summary>
    public string Cname { get; }

    public Peer? Peer { get; private set; }

    public Destination Destination { get; } = new();

    public IceCredentials LocalIce { get; private set; }

    /// <summary>The SSRC that our feedback and reports carry as sender.</summary>
    public uint SenderSsrc { get; }

    /// <summary>SDP o= line: session id, and a version that grows with each description.</summary>
    public long SessionId { get; }

    public int Version { get; set; }

    /// <summary>Addresses that authenticated checks came from.</summary>
    public List<TransportAddress> Addresses { get; } = [];

    /// <summary>Keys of our user fragments by which the worker finds this transport.</summary>
    public List<ulong> Ufrags { get; } = [];

    /// <summary>Among the worker's <see cref="MediaWorker.Timers"/>, −1 while there is no peer.</summary>
    public int Place { get; set; } = -1;

    /// <summary>When <see cref="Tick"/> has something to do: never while there is no peer, at once when there is.</summary>
    public MonotonicTime NextTick
    {
        get => Place >= 0 ? Worker.Timers[Place] : MonotonicTime.Never;
        set
        {
            if (Place >= 0)
            {
                Worker.Timers[Place] = value;
            }
        }
    }

    public bool IsConnected => Peer is { IsConnected: true };

    /// <summary>When the last datagram came from the other side.</summary>
    public MonotonicTime LastHeard { get; set; }

    /// <summary>
    /// It had connected and nothing comes any more. Browsers check each connection every 2.5 s (Chromium) to 6 s (RFC 7675 §5.1), whatever is sent on it.
    /// </summary>
    public bool IsSilent(MonotonicTime now) => Peer?.Srtp is not null && now - LastHeard > SilentAfter;

    public LocalTransport Local => new()
    {
        IceUfrag = LocalIce.Ufrag,
        IcePwd = LocalIce.Pwd,
        Fingerprint = Worker.Fingerprint,
        Candidates = Worker.Candidates,
    };

    /// <summary>
    /// Takes the remote side from a description: creates the peer at first, restarts ICE when its credentials changed, and
    /// starts over when it is another endpoint (its certificate changed).
    /// </summary>
    public void Connect(RemoteTransport remote, IceCredentials local)
    {
        var remoteIce = new IceCredentials(remote.IceUfrag, remote.IcePwd);
        if (Peer is { IsEnded: false } peer && remote.Fingerprint.Equals(_remoteFingerprint))
        {
            if (remoteIce.Ufrag != peer.Ice.Remote.Ufrag || local.Ufrag != peer.Ice.Local.Ufrag)
            {
                RestartIce(local, remoteIce);
            }

            return;
        }

        Disconnect();
        SetLocal(local);
        _remoteFingerprint = remote.Fingerprint;
        // Who has a hub restarts ICE when the network is back; WHIP and WHEP clients connect again.
        var options = new PeerOptions(
            local, remoteIce, Worker.Options.ConsentTimeout, Worker.Options.ConnectTimeout, OutlivesConsent: Participant.Kind == ParticipantKind.Client);
        var dtls = Worker.CreateDtls(remote.DtlsRole, remote.Fingerprint, Profiles);
        Peer = new Peer(options, dtls, Worker.Ciphers, this);
        Peer.Start(Worker.Now);
        Worker.Add(this);
        StartsDtls = remote.DtlsRole == DtlsRole.Client;
    }

    /// <summary>New credentials on both sides; the old ones stay good until the first nomination.</summary>
    public void RestartIce(IceCredentials local, IceCredentials remote)
    {
        if (Peer is null)
        {
            return;
        }

        Worker.Routes.Register(local, this);
        LocalIce = local;
        Peer.Ice.Restart(local, remote);
        Worker.Routes.ForgetOldUfrags(this, Peer.Ice);
    }

    /// <summary>Local credentials of the next description, before the remote side has answered.</summary>
    public void SetLocal(IceCredentials local) => LocalIce = local;

    /// <summary>Sends close_notify and forgets the remote side.</summary>
    public void Disconnect()
    {
        if (Peer is { } peer)
        {
            Peer = null;
            Worker.Remove(this);
            Worker.DisposeLater(peer);
            try
            {
                peer.Close(Worker.Now);
            }
            finally
            {
                Disconnected(); // Whether it could say so or not.
            }
        }
    }

    /// <summary>We are the DTLS client and begin as soon as there is an address to send to.</summary>
    protected bool StartsDtls { get; private set; }

    public void Send(Peer peer, in TransportAddress to, ReadOnlySpan<byte> datagram) => Worker.Queue.Send(to, datagram);

    public void AddressAuthenticated(Peer peer, in TransportAddress address)
    {
        Worker.Routes.Bind(address, this);
        if (address.IsTcp)
        {
            Worker.Tcp.Authenticated(address);
        }

        if (Ufrags.Count > 1)
        {
            Worker.Routes.ForgetOldUfrags(this, peer.Ice); // The first nomination after a restart ends what was before it.
        }

        Destination.Address = peer.Ice.RemoteAddress;
        if (!IsConnected)
        {
            NextTick = Worker.Now; // A handshake begins.
        }

        if (StartsDtls)
        {
            StartsDtls = false;
            peer.StartDtls(Worker.Now);
        }
    }

    public void Connected(Peer peer, MonotonicTime now)
    {
        Destination.Address = peer.Ice.RemoteAddress;
        Worker.Metrics.TransportConnected(peer.Profile);
        TransportConnected(now);
    }

    public void Ended(Peer peer, PeerEnd end, string reason)
    {
        if (!ReferenceEquals(peer, Peer))
        {
            return;
        }

        Peer = null;
        Worker.Remove(this);
        Worker.DisposeLater(peer);
        Disconnected();
        TransportEnded(end, reason);
    }

    public void ConsentChanged(Peer peer, bool granted, MonotonicTime now)
    {
        Worker.Log.ConsentChanged(Participant.Room.Id, Participant.Id, granted ? "is back" : "is lost");
        if (granted)
        {
            Destination.Address = peer.Ice.RemoteAddress;
            NextTick = now;
            ConsentRegained(now);
        }
        else
        {
            ConsentLost(now);
        }
    }

    public abstract void RtpReceived(Peer peer, Span<byte> packet, MonotonicTime now);

    public abstract void RtcpReceived(Peer peer, ReadOnlySpan<byte> compound, MonotonicTime now);

    /// <summary>Timed work; sets <see cref="NextTick"/>.</summary>
    public abstract void Tick(MonotonicTime now);

    /// <summary>
    /// When one that is not connected has something to do: soon while a handshake runs. Before the first check, and without consent, it waits for a datagram, and
    /// the times in which that has to come are long.
    /// </summary>
    protected MonotonicTime IdleTick(MonotonicTime now) =>
        Peer is { Ice.HasRemote: true } ? now + TransportTimers.BusyInterval : TransportTimers.RoundAt(now + TransportTimers.IdleInterval);

    /// <summary>SRTP keys are there.</summary>
    protected abstract void TransportConnected(MonotonicTime now);

    /// <summary>Nothing may be sent (RFC 7675 §5.1); the keys stay.</summary>
    protected abstract void ConsentLost(MonotonicTime now);

    /// <summary>Media goes on under the same keys.</summary>
    protected abstract void ConsentRegained(MonotonicTime now);

    /// <summary>Media stops; also before a new peer takes over.</summary>
    protected abstract void Disconnected();

    /// <summary>The other side went away, or never came.</summary>
    protected abstract void TransportEnded(PeerEnd end, string reason);

    /// <summary>Protects the compound in the reserved slot and queues it.</summary>
    public void SendRtcp(Span<byte> slot, int length)
    {
        if (Peer?.Srtp is { } srtp && length > 0)
        {
            Worker.Queue.Commit(Destination, srtp.ProtectRtcp(slot, length));
        }
    }

    /// <summary>A compound that begins as RFC 3550 §6.1 wants it: a report, then feedback may follow.</summary>
    protected RtcpWriter BeginFeedback(Span<byte> slot)
    {
        var writer = new RtcpWriter(slot[..1200]);
        writer.WriteReceiverReport(SenderSsrc);
        return writer;
    }
}
