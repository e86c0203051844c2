using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sctp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol;

/// <summary>How a <see cref="Peer"/> connects.</summary>
/// <param name="LocalIce">Our credentials.</param>
/// <param name="RemoteIce">Theirs, from SDP.</param>
/// <param name="ConsentTimeout">RFC 7675 §5.1: 30 s.</param>
/// <param name="ConnectTimeout">From creation to SRTP keys.</param>
/// <param name="OutlivesConsent">Keeps its keys when consent is lost, and goes on after an ICE restart; else it ends.</param>
public sealed record PeerOptions(
    IceCredentials LocalIce, IceCredentials RemoteIce, TimeSpan ConsentTimeout, TimeSpan ConnectTimeout, bool OutlivesConsent = false);

/// <summary>
/// One remote endpoint of a bundled transport: ICE-lite, DTLS, SRTP and SRTCP in one place (RFC 7983 demultiplexing). Bytes
/// and time go in; datagrams, packets and events come out through <see cref="IPeerSink"/>; <see cref="Deadline"/> says when it
/// wants to be called next.
/// </summary>
public sealed class Peer : IDisposable
{
    /// <summary>A DTLS datagram never exceeds the MTU that the engine was given; this is Ethernet's.</summary>
    private const int ScratchBytes = 1500;

    /// <summary>A compound packet fits Ethernet's MTU too (RFC 3550 §6.1); a larger datagram would only be made to keep us busy.</summary>
    private const int MaxRtcpDatagram = 1_500;

    /// <summary>Of application data; a path's MTU allows no more.</summary>
    private const int MaxRecord = 2_048;

    /// <summary>
    /// SSRCs of one association. A browser takes a new pair (media, RTX) each time that a camera or screen is shared again, and old
    /// ones stay known for as long as their replays must be refused: 127 times.
    /// </summary>
    public const int MaxStreams = 256;

    private readonly IDtlsEngine _dtls;
    private readonly ISrtpCipherFactory _ciphers;
    private readonly IPeerSink _sink;
    private readonly TimeSpan _connectTimeout;
    private readonly bool _outlivesConsent;
    private MonotonicTime _connectDeadline = MonotonicTime.Never;
    private SrtpReceiver? _receiver;
    private bool _peerHasKeys;
    private bool _ended;

    public Peer(PeerOptions options, IDtlsEngine dtls, ISrtpCipherFactory ciphers, IPeerSink sink)
    {
        Ice = new IceLiteAgent(options.LocalIce, options.RemoteIce, options.ConsentTimeout);
        _connectTimeout = options.ConnectTimeout;
        _outlivesConsent = options.OutlivesConsent;
        _dtls = dtls;
        _ciphers = ciphers;
        _sink = sink;
    }

    public IceLiteAgent Ice { get; }

    /// <summary>Protects what is sent; null until connected.</summary>
    public SrtpSender? Srtp { get; private set; }

    public SrtpProfile Profile { get; private set; }

    /// <summary>Media may be sent: there are keys, and consent.</summary>
    public bool IsConnected => Srtp is not null && !_ended && Ice.HasRemote;

    public bool IsEnded => _ended;

    /// <summary>Packets that failed authentication, were replayed, or were not media. Hostile bytes only count.</summary>
    public long Refused { get; private set; }

    /// <summary>SCTP over this peer's DTLS, when a description has agreed on it; null: what comes is dropped.</summary>
    public DataChannels? Data { get; set; }

    /// <summary>The owner's own data.</summary>
    public object? Tag { get; set; }

    public MonotonicTime Deadline
    {
        get
        {
            if (_ended)
            {
                return MonotonicTime.Never;
            }

            var dtls = MonotonicTime.Min(_dtls.Deadline, Data?.Deadline ?? MonotonicTime.Never);
            return Srtp is not null ? dtls : MonotonicTime.Min(dtls, _connectDeadline);
        }
    }

    /// <summary>Starts the clock of the connect timeout.</summary>
    public void Start(MonotonicTime now) => _connectDeadline = now + _connectTimeout;

    /// <summary>Feeds one datagram. Its bytes are decrypted in place.</summary>
    public void Receive(Span<byte> datagram, in TransportAddress from, MonotonicTime now)
    {
        if (_ended)
        {
            return;
        }

        switch (PacketDemux.Classify(datagram))
        {
            case PacketKind.Rtp:
                ReceiveRtp(datagram, now);
                break;
            case PacketKind.Rtcp:
                ReceiveRtcp(datagram, now);
                break;
            case PacketKind.Stun:
                ReceiveStun(datagram, from, now);
                break;
            case PacketKind.Dtls:
                ReceiveDtls(datagram, now);
                break;
            default:
                Refused++;
                break;
        }
    }

    /// <summary>Call at or after <see cref="Deadline"/>, and now and then for consent.</summary>
    public void HandleDeadline(MonotonicTime now)
    {
        if (_ended)
        {
            return;
        }

        if (Srtp is null && now >= _connectDeadline)
        {
            End(PeerEnd.ConnectTimeout, Ice.HasRemote ? "dtls_timeout" : "ice_timeout");
            return;
        }

        if (Ice.ConsentExpired(now))
        {
            if (!_outlivesConsent || Srtp is null)
            {
                End(PeerEnd.ConsentLost, "consent_lost");
                return;
            }

            Ice.Revoke();
            _sink.ConsentChanged(this, granted: false, now);
        }

        if (now >= _dtls.Deadline)
        {
            _dtls.HandleDeadline(now);
            AfterDtls(now);
        }

        if (!_ended && Data is { } data && now >= data.Deadline)
        {
            data.HandleDeadline(now);
        }
    }

    /// <summary>Sends a record of application data; lost when the peer cannot be reached.</summary>
    public void SendData(ReadOnlySpan<byte> data)
    {
        if (IsConnected && _dtls.TrySendData(data))
        {
            FlushDtls();
        }
    }

    /// <summary>Sends close_notify and ends.</summary>
    public void Close(MonotonicTime now)
    {
        if (_ended)
        {
            return;
        }

        _dtls.Close(now);
        FlushDtls();
        End(PeerEnd.Local, "closed");
    }

    public void Dispose()
    {
        _ended = true;
        _dtls.Dispose();
        _receiver?.Dispose();
        Srtp?.Dispose();
        _receiver = null;
        Srtp = null;
    }

    private void ReceiveRtp(Span<byte> datagram, MonotonicTime now)
    {
        if (_receiver is null || !_receiver.TryUnprotectRtp(datagram, out var length, out _))
        {
            Refused++;
            return;
        }

        PeerHasKeys();
        _sink.RtpReceived(this, datagram[..length], now);
    }

    private void ReceiveRtcp(Span<byte> datagram, MonotonicTime now)
    {
        if (datagram.Length > MaxRtcpDatagram || _receiver is null || !_receiver.TryUnprotectRtcp(datagram, out var length, out _))
        {
            Refused++;
            return;
        }

        PeerHasKeys();
        _sink.RtcpReceived(this, datagram[..length], now);
    }

    /// <summary>An authentic packet shows that the other side has finished its handshake (RFC 5764 §5.1.2: keys come with its end).</summary>
    private void PeerHasKeys()
    {
        if (!_peerHasKeys)
        {
            _peerHasKeys = true;
            _dtls.Rest();
        }
    }

    private void ReceiveStun(ReadOnlySpan<byte> datagram, in TransportAddress from, MonotonicTime now)
    {
        Span<byte> response = stackalloc byte[256];
        var hadRemote = Ice.HasRemote;
        var result = Ice.Handle(datagram, from, now, response, out var length);
        if (result is IceCheckResult.Succeeded or IceCheckResult.Selected)
        {
            _sink.AddressAuthenticated(this, from);
        }

        if (length > 0)
        {
            _sink.Send(this, from, response[..length]);
        }

        if (!hadRemote && IsConnected)
        {
            _sink.ConsentChanged(this, granted: true, now);
        }
    }

    private void ReceiveDtls(ReadOnlySpan<byte> datagram, MonotonicTime now)
    {
        if (!Ice.HasRemote)
        {
            Refused++; // Nobody has been authenticated yet, so there is nowhere to answer to.
            return;
        }

        _dtls.Receive(datagram, now);
        AfterDtls(now);
    }

    private void AfterDtls(MonotonicTime now)
    {
        FlushDtls();
        switch (_dtls.State)
        {
            case DtlsState.Connected when Srtp is null && _dtls.Keys is { } keys:
                Profile = keys.Profile;
                _receiver = new SrtpReceiver(_ciphers.Create(keys.Profile, keys.RemoteKey, keys.RemoteSalt), MaxStreams);
                Srtp = new SrtpSender(_ciphers.Create(keys.Profile, keys.LocalKey, keys.LocalSalt));
                _sink.Connected(this, now);
                break;
            case DtlsState.Closed:
                End(PeerEnd.Remote, "closed_by_peer");
                break;
            case DtlsState.Failed:
                End(PeerEnd.DtlsFailed, _dtls.FailureReason ?? "dtls_failed");
                break;
        }

        ReceiveData(now);
    }

    private void ReceiveData(MonotonicTime now)
    {
        Span<byte> record = stackalloc byte[MaxRecord];
        while (!_ended && _dtls.TryTakeData(record, out var length))
        {
            PeerHasKeys();
            Data?.Receive(record[..length], now);
        }
    }

    /// <summary>Starts the handshake when we are its client (the other side chose to be passive).</summary>
    public void StartDtls(MonotonicTime now)
    {
        _dtls.Start(now);
        AfterDtls(now);
    }

    private void FlushDtls()
    {
        Span<byte> datagram = stackalloc byte[ScratchBytes];
        while (_dtls.TryTakeDatagram(datagram, out var length))
        {
            if (Ice.HasRemote)
            {
                _sink.Send(this, Ice.RemoteAddress, datagram[..length]);
            }
        }
    }

    private void End(PeerEnd end, string reason)
    {
        if (!_ended)
        {
            _ended = true;
            _sink.Ended(this, end, reason);
        }
    }
}
