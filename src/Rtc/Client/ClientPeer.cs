using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>
/// One WebRTC endpoint of the client side without I/O and without a clock: datagrams and times in, datagrams, packets and the next deadline
/// out. One owner at a time; it allocates nothing per packet once its tracks are known.
/// </summary>
public sealed class ClientPeer : IDisposable
{
    /// <summary>Largest datagram sent or received: Ethernet's MTU.</summary>
    public const int MaxDatagram = 1_500;

    private readonly ClientPeerOptions _options;
    private readonly ISrtpCipherFactory _ciphers;
    private readonly IClientPeerEvents _events;
    private readonly IDtlsEngine _dtls;
    private readonly byte[] _buffer = new byte[MaxDatagram + SrtpProfileSizes.MaxOverhead];
    private readonly ClientSender _sender;
    private readonly ClientReceiver _receiver;
    private ClientIceAgent _ice;
    private SrtpSender? _srtpSender;
    private SrtpReceiver? _srtpReceiver;
    private MonotonicTime _connectBy = MonotonicTime.Never;
    private bool _dtlsStarted;

    public ClientPeer(
        ClientPeerOptions options, ClientSession session, IDtlsEngineFactory dtls, ISrtpCipherFactory ciphers, IClientPeerEvents events)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(dtls);
        _options = options;
        _ciphers = ciphers;
        _events = events;
        _ice = new(session.Local, session.Remote, options);
        _dtls = dtls.Create(session.DtlsRole, session.RemoteFingerprint, [.. options.Profiles]);
        _sender = new(session.Media, options.RetransmitPackets, options.UnixNanosecondsAtZero, options.Chance);
        // Reports of a pure viewer come from SSRC 1, as libwebrtc's do.
        _receiver = new(session.Media, options.ReceiveLimit, _sender.Tracks.Count > 0 ? _sender.Tracks[0].Media.Ssrc : 1, options.Chance);
    }

    public ClientPeerState State { get; private set; }

    /// <summary>A stable code once closed or failed.</summary>
    public string? Reason { get; private set; }

    /// <summary>The tracks that this side sends, in m-line order.</summary>
    public IReadOnlyList<ClientSendTrack> Senders => _sender.Tracks;

    /// <summary>The SSRCs received so far.</summary>
    public IReadOnlyList<ClientReceiveTrack> Receivers => _receiver.Tracks;

    /// <summary>Datagrams that were no valid protected packet.</summary>
    public long Refused { get; private set; }

    /// <summary>When <see cref="HandleDeadline"/> wants to be called.</summary>
    public MonotonicTime Deadline
    {
        get
        {
            if (State is not (ClientPeerState.Connecting or ClientPeerState.Connected))
            {
                return MonotonicTime.Never;
            }

            var next = MonotonicTime.Min(MonotonicTime.Min(_ice.Deadline, _dtls.Deadline), _connectBy);
            if (State == ClientPeerState.Connected)
            {
                next = MonotonicTime.Min(next, MonotonicTime.Min(_receiver.Deadline, _sender.Deadline));
            }

            return next;
        }
    }

    public void Start(MonotonicTime now)
    {
        _connectBy = now + _options.ConnectTimeout;
        Become(ClientPeerState.Connecting, null);
        _ice.Start(now);
        HandleDeadline(now);
    }

    /// <summary>New credentials on both sides (RFC 8445 §9); the keys, and so the tracks, are the same.</summary>
    public void RestartIce(IceCredentials local, IceCredentials remote, MonotonicTime now)
    {
        _ice = new(local, remote, _options);
        _ice.Start(now);
        HandleDeadline(now);
    }

    /// <summary>Feeds one datagram; its bytes are changed in place.</summary>
    public void Receive(Span<byte> datagram, TransportAddress source, MonotonicTime now)
    {
        if (State is not (ClientPeerState.Connecting or ClientPeerState.Connected) || datagram.Length > MaxDatagram)
        {
            return;
        }

        switch (PacketDemux.Classify(datagram))
        {
            case PacketKind.Stun:
                var reply = _ice.Receive(datagram, source, _buffer, now);
                if (reply > 0)
                {
                    _events.Send(_buffer.AsSpan(0, reply));
                }

                StartDtlsOnceNominated(now);
                break;
            case PacketKind.Dtls:
                _dtls.Receive(datagram, now);
                AfterDtls(now);
                break;
            case PacketKind.Rtp:
                ReceiveRtp(datagram, now);
                break;
            case PacketKind.Rtcp:
                ReceiveRtcp(datagram, now);
                break;
        }
    }

    public void HandleDeadline(MonotonicTime now)
    {
        if (State is not (ClientPeerState.Connecting or ClientPeerState.Connected))
        {
            return;
        }

        if (now >= _connectBy)
        {
            Become(ClientPeerState.Failed, _ice.Connected ? "dtls_timeout" : "ice_timeout");
            return;
        }

        if (_ice.ConsentLost(now))
        {
            Become(ClientPeerState.Failed, "consent_lost");
            return;
        }

        var check = _ice.WriteCheck(_buffer, now);
        if (check > 0)
        {
            _events.Send(_buffer.AsSpan(0, check));
        }

        if (now >= _dtls.Deadline)
        {
            _dtls.HandleDeadline(now);
            AfterDtls(now);
        }

        if (State == ClientPeerState.Connected)
        {
            SendReports(now);
        }
    }

    /// <summary>Sends one RTP packet of a track; false before the connection stands, or when it does not fit a datagram.</summary>
    /// <param name="track">One of <see cref="Senders"/>.</param>
    /// <param name="payload">The codec's RTP payload.</param>
    /// <param name="timestamp">In the track's clock rate.</param>
    /// <param name="marker">Last packet of a video frame; first of a talk spurt.</param>
    /// <param name="now">The present.</param>
    /// <param name="level">Audio level (RFC 6464), sent when negotiated.</param>
    /// <param name="descriptor">AV1's dependency descriptor, sent when negotiated.</param>
    public bool SendMedia(
        ClientSendTrack track,
        ReadOnlySpan<byte> payload,
        RtpTimestamp timestamp,
        bool marker,
        MonotonicTime now,
        AudioLevel? level = null,
        ReadOnlySpan<byte> descriptor = default)
    {
        if (_srtpSender is null || State != ClientPeerState.Connected)
        {
            return false;
        }

        if (!_sender.WriteMedia(_buffer.AsSpan(0, MaxDatagram), track, payload, timestamp, marker, level, descriptor, now, out var plainLength))
        {
            return false;
        }

        var length = _srtpSender.ProtectRtp(track.Stream(_srtpSender), _buffer, plainLength);
        _events.Send(_buffer.AsSpan(0, length));
        return true;
    }

    /// <summary>Sends PLI for a received video track at once.</summary>
    public void RequestKeyframe(ClientReceiveTrack track, MonotonicTime now)
    {
        if (_srtpSender is not null && State == ClientPeerState.Connected)
        {
            var writer = new RtcpWriter(_buffer.AsSpan(0, MaxDatagram));
            _receiver.WriteKeyframeRequest(ref writer, track, now);
            SendRtcp(writer.Length);
        }
    }

    /// <summary>Says goodbye (RTCP BYE, DTLS close_notify) and closes.</summary>
    public void Close(MonotonicTime now)
    {
        if (State is not (ClientPeerState.Connecting or ClientPeerState.Connected))
        {
            return;
        }

        if (_srtpSender is not null && _sender.Tracks.Count > 0)
        {
            var writer = new RtcpWriter(_buffer.AsSpan(0, MaxDatagram));
            _sender.WriteGoodbye(ref writer);
            SendRtcp(writer.Length);
        }

        _dtls.Close(now);
        DrainDtls();
        Become(ClientPeerState.Closed, "closed_locally");
    }

    public void Dispose()
    {
        _dtls.Dispose();
        _srtpSender?.Dispose();
        _srtpReceiver?.Dispose();
    }

    private void StartDtlsOnceNominated(MonotonicTime now)
    {
        if (_ice.Connected && !_dtlsStarted)
        {
            _dtlsStarted = true;
            _dtls.Start(now);
            AfterDtls(now);
        }
    }

    private void AfterDtls(MonotonicTime now)
    {
        DrainDtls();
        if (_dtls.State == DtlsState.Connected && _dtls.Keys is { } keys && _srtpSender is null)
        {
            _srtpSender = new(_ciphers.Create(keys.Profile, keys.LocalKey, keys.LocalSalt));
            _srtpReceiver = new(_ciphers.Create(keys.Profile, keys.RemoteKey, keys.RemoteSalt), ClientReceiver.MaxTracks * 2);
            _connectBy = MonotonicTime.Never;
            _receiver.Start(now);
            Become(ClientPeerState.Connected, null);
        }
        else if (_dtls.State == DtlsState.Closed)
        {
            Become(ClientPeerState.Closed, "closed_remotely");
        }
        else if (_dtls.State == DtlsState.Failed)
        {
            Become(ClientPeerState.Failed, _dtls.FailureReason ?? "dtls_failed");
        }
    }

    private void DrainDtls()
    {
        while (_dtls.TryTakeDatagram(_buffer, out var length))
        {
            _events.Send(_buffer.AsSpan(0, length));
        }
    }

    private void ReceiveRtp(Span<byte> datagram, MonotonicTime now)
    {
        if (_srtpReceiver is null)
        {
            return;
        }

        if (!_srtpReceiver.TryUnprotectRtp(datagram, out var length, out _) || !RtpReader.TryRead(datagram[..length], out var packet))
        {
            Refused++;
            return;
        }

        if (_receiver.TryAccept(datagram, ref packet, now, out var track))
        {
            _events.MediaReceived(track, in packet, now);
        }

        if (now >= _receiver.NextRepair)
        {
            SendRepairRequests(now);
        }
    }

    private void ReceiveRtcp(Span<byte> datagram, MonotonicTime now)
    {
        if (_srtpReceiver is null)
        {
            return;
        }

        if (!_srtpReceiver.TryUnprotectRtcp(datagram, out var length, out _))
        {
            Refused++;
            return;
        }

        var reader = new RtcpReader(datagram[..length]);
        while (reader.TryReadNext(out var packet))
        {
            if (SenderReport.TryRead(packet, out var report))
            {
                _receiver.Find(report.Ssrc)?.SenderReportReceived(report.NtpTime, report.RtpTimestamp, now);
            }
            else if (Pli.TryRead(packet, out var pli) && _sender.Find(pli.MediaSsrc) is { } asked)
            {
                _events.KeyframeRequested(asked);
            }
            else if (Fir.TryRead(packet, out var fir))
            {
                for (var i = 0; i < fir.Count; i++)
                {
                    if (_sender.Find(fir.GetEntry(i).Ssrc) is { } wanted)
                    {
                        _events.KeyframeRequested(wanted);
                    }
                }
            }
            else if (Nack.TryRead(packet, out var nack) && _sender.Find(nack.MediaSsrc) is { } track)
            {
                foreach (var lost in nack)
                {
                    Retransmit(track, lost.Value);
                }
            }
        }
    }

    private void Retransmit(ClientSendTrack track, ushort sequence)
    {
        if (_srtpSender is not null && _sender.WriteRetransmission(_buffer.AsSpan(0, MaxDatagram), track, sequence, _srtpSender, out var length, out var stream))
        {
            _events.Send(_buffer.AsSpan(0, _srtpSender.ProtectRtp(stream, _buffer, length)));
        }
    }

    private void SendReports(MonotonicTime now)
    {
        foreach (var track in _sender.Tracks)
        {
            if (now >= track.NextReport)
            {
                var writer = new RtcpWriter(_buffer.AsSpan(0, MaxDatagram));
                _sender.WriteReport(ref writer, track, now);
                SendRtcp(writer.Length);
            }
        }

        if (now >= _receiver.NextReport)
        {
            var writer = new RtcpWriter(_buffer.AsSpan(0, MaxDatagram));
            _receiver.WriteReport(ref writer, now);
            SendRtcp(writer.Length);
        }

        SendRepairRequests(now);
    }

    private void SendRepairRequests(MonotonicTime now)
    {
        var writer = new RtcpWriter(_buffer.AsSpan(0, MaxDatagram));
        if (_receiver.WriteRepairRequests(ref writer, now))
        {
            SendRtcp(writer.Length);
        }
    }

    private void SendRtcp(int plainLength)
    {
        if (_srtpSender is null || plainLength == 0)
        {
            return;
        }

        var length = _srtpSender.ProtectRtcp(_buffer, plainLength);
        if (length > 0)
        {
            _events.Send(_buffer.AsSpan(0, length));
        }
    }

    private void Become(ClientPeerState state, string? reason)
    {
        if (state == State || State is ClientPeerState.Closed or ClientPeerState.Failed)
        {
            return;
        }

        State = state;
        Reason = reason;
        _events.StateChanged(state, reason);
    }
}
