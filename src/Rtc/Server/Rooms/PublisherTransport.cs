using System.Buffers.Binary;
using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>The transport that a participant sends its tracks on, and the feedback to it.</summary>
internal sealed class PublisherTransport(MediaWorker worker, Participant participant) : MediaTransport(worker, participant), ITrackOrigin
{
    /// <summary>
    /// Tracks of sound, and as many of pictures. Nobody sends more than a few, and each takes an m-line of every viewer's 256 (<see cref="SdpLimits.MaxMedia"/>),
    /// which keeps its kind for good.
    /// </summary>
    private const int MaxTracksOfAKind = 8;

    /// <summary>Ethernet's 1,500 less 20 IP and 8 UDP; what is larger would not fit the next hop with our additions.</summary>
    private const int MaxPacketBytes = 1_472;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private readonly PublisherSources _sources = new();
    private readonly TransportFeedbackRecorder _transportFeedback = new();
    private byte _transportCcId;
    private MonotonicTime _nextReport;
    private MonotonicTime _nextFeedback;
    private byte _firSequence;

    /// <summary>Null until the client has offered data channels.</summary>
    public ParticipantData? Data { get; private set; }

    public bool HasData => Data is not null;

    public List<PublishedTrack> Tracks => _sources.Tracks;

    /// <summary>Offer → answer: first call, renegotiation and ICE restart alike.</summary>
    public RtcResult<string> Negotiate(SessionDescription offer, IReadOnlyList<TrackDeclaration> declarations)
    {
        // A restart is the offerer's new user fragment (RFC 8839 §4.4.1.1.1); it gets new credentials of ours.
        var offered = offer.IceUfrag ?? offer.Media.Find(m => m.IceUfrag is not null)?.IceUfrag;
        var local = Peer is { IsEnded: false } peer && peer.Ice.Remote.Ufrag == offered ? LocalIce : Worker.CreateIceCredentials();
        var transport = Local with
        {
            IceUfrag = local.Ufrag,
            IcePwd = local.Pwd,
            SctpPort = Participant.Kind == ParticipantKind.Client ? ParticipantData.LocalPort : null,
            MaxMessageSize = DataMessage.MaxBytes,
        };
        if (!Negotiation.TryAnswerPublish(offer, transport, PolicyFor(declarations), SessionId, Version + 1, out var negotiation, out var error))
        {
            return new RtcError(error.Code, error.Message);
        }

        var sending = negotiation.Media.Where(IsSending).ToList();
        if (sending.GroupBy(line => line.Kind).Any(kind => kind.Count() > MaxTracksOfAKind))
        {
            return new RtcError("too_many_tracks", $"At most {MaxTracksOfAKind} tracks of sound and as many of pictures are sent at once; end one first.");
        }

        if (sending.Exists(line => KindOf(SourceOf(line, declarations)) != line.Kind))
        {
            return new RtcError("source_not_allowed", "A microphone and a screen's sound are sent on audio lines, a camera and a screen on video lines.");
        }

        if (sending.Exists(line => !Participant.Rights.MaySend(SourceOf(line, declarations))))
        {
            return new RtcError("source_not_allowed", "The grant does not allow to send this source; ask for one that does.");
        }

        Version++;
        Connect(negotiation.Remote, local);
        if (negotiation.RemoteSctpPort is { } port && Peer is { Data: null } connected)
        {
            Data = new(Participant, connected, port);
        }

        Apply(negotiation.Media, declarations);
        return negotiation.Answer;
    }

    public override void RtpReceived(Peer peer, Span<byte> packet, MonotonicTime now)
    {
        if (packet.Length > MaxPacketBytes || !RtpReader.TryRead(packet, out var reader))
        {
            return;
        }

        Worker.Counters.PacketsReceived++;
        Worker.Counters.BytesReceived += packet.Length;
        if (_transportCcId != 0 && reader.TryGetExtension(_transportCcId, out var transportCc) && transportCc.Length == 2)
        {
            _transportFeedback.Receive(BinaryPrimitives.ReadUInt16BigEndian(transportCc), now);
        }

        var source = _sources.Find(reader);
        if (source is null)
        {
            Worker.Counters.UnknownSources++;
            return;
        }

        if (!source.IsRetransmission)
        {
            source.Track.Receive(reader, source.Encoding, recovered: false, now);
            if (source.Track.Codec.Nack && source.Encoding.IsMissingPackets)
            {
                NextTick = MonotonicTime.Min(NextTick, now + TransportTimers.BusyInterval);
            }
        }
        else if (source.TryUnwrap(packet, reader, out var original) && RtpReader.TryRead(original, out var restored))
        {
            source.Track.Receive(restored, source.Encoding, recovered: true, now);
        }
    }

    public override void RtcpReceived(Peer peer, ReadOnlySpan<byte> compound, MonotonicTime now)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryReadNext(out var packet))
        {
            if (packet.Type == RtcpType.SenderReport
                && SenderReport.TryRead(packet, out var report)
                && _sources.TryFind(report.Ssrc, out var source)
                && !source.IsRetransmission)
            {
                source.Track.SenderReportReceived(report.Ssrc, report.NtpTime, report.RtpTimestamp, source.Encoding, now);
            }
        }
    }

    public override void Tick(MonotonicTime now)
    {
        Peer?.HandleDeadline(now);
        if (!IsConnected)
        {
            NextTick = IdleTick(now);
            return;
        }

        Span<ushort> lost = stackalloc ushort[64];
        var isMissingPackets = false;
        foreach (var track in Tracks)
        {
            track.Advance(now);
            if (!track.Codec.Nack)
            {
                continue;
            }

            foreach (var encoding in track.Encodings)
            {
                var count = encoding.CollectNacks(now, lost);
                if (count > 0)
                {
                    SendNack(encoding, lost[..count]);
                }

                isMissingPackets |= encoding.IsMissingPackets;
            }
        }

        NextTick = isMissingPackets ? now + TransportTimers.BusyInterval : TransportTimers.RoundAt(now + TransportTimers.RoundInterval);

        if (now >= _nextFeedback && _transportFeedback.HasNews)
        {
            _nextFeedback = now + TransportFeedbackRecorder.Interval;
            SendTransportFeedback();
        }

        if (now >= _nextReport)
        {
            _nextReport = now + ReportInterval;
            SendReport(now);
        }
    }

    public void SendKeyframeRequest(PublishedTrack track, PublishedEncoding encoding)
    {
        if (!IsConnected)
        {
            return;
        }

        var slot = Worker.Queue.Reserve();
        var writer = BeginFeedback(slot);
        if (track.Codec.Pli || !track.Codec.Fir)
        {
            writer.WritePli(SenderSsrc, encoding.Ssrc);
        }
        else
        {
            writer.WriteFir(SenderSsrc, encoding.Ssrc, _firSequence++);
        }

        Worker.Counters.KeyframeRequests++;
        SendRtcp(slot, writer.Length);
    }

    protected override void TransportConnected(MonotonicTime now) => Participant.TransportConnected(this);

    protected override void Disconnected()
    {
        Data = null;
        _sources.Clear();
        _transportFeedback.Reset();
    }

    /// <summary>
    /// Its tracks stay: browsers say which SSRC is which layer only until they have heard that it arrived, so tracks that were made anew would not
    /// be told apart.
    /// </summary>
    protected override void ConsentLost(MonotonicTime now) => _transportFeedback.Reset();

    protected override void ConsentRegained(MonotonicTime now)
    {
        foreach (var track in Tracks)
        {
            track.RequestKeyframe(now);
        }
    }

    protected override void TransportEnded(PeerEnd end, string reason) => Participant.TransportEnded(this, end, reason);

    private void Apply(IReadOnlyList<PublishedMedia> media, IReadOnlyList<TrackDeclaration> declarations)
    {
        _sources.Lines = [.. media];
        _transportCcId = media.Select(m => m.Extensions.TransportCc).FirstOrDefault(id => id != 0);
        List<PublishedTrack> before = [.. Tracks];
        End([.. Tracks.Where(t => !media.Any(m => t.IsOf(m) && IsSending(m) && t.HasEncodingsOf(m)))]);

        var published = new List<PublishedTrack>();
        foreach (var line in media)
        {
            if (!IsSending(line))
            {
                continue;
            }

            var track = Tracks.Find(t => t.IsOf(line));
            if (track is null)
            {
                var declared = declarations.FirstOrDefault(d => d.Mid == line.Mid);
                var other = before.Find(t => t.IsOf(line)); // With other encodings; what it was declared as stands.
                track = new PublishedTrack(
                    this,
                    line,
                    other?.Source ?? SourceOf(line, declarations),
                    declared?.Muted ?? other?.Muted ?? false,
                    declared?.Dynacast ?? false,
                    encryption: other?.Encryption ?? declared?.Encryption ?? TrackEncryption.None);
                Tracks.Add(track);
                _sources.Register(line, track);
                published.Add(track);
            }
            else
            {
                track.Renegotiated(line);
                _sources.Register(line, track);
            }
        }

        if (published.Count > 0)
        {
            Participant.Room.Publish(published);
        }
    }

    /// <summary>Ends tracks. Packets of them that still come belong to nobody.</summary>
    public void End(List<PublishedTrack> tracks)
    {
        if (tracks.Count > 0)
        {
            _sources.Forget(tracks);
            Participant.Room.Unpublish(tracks);
        }
    }

    /// <summary>Of a track that there is, its first declaration stands.</summary>
    private CodecPolicy PolicyFor(IReadOnlyList<TrackDeclaration> declarations)
    {
        var encrypted = Tracks.Where(t => t.Encryption != TrackEncryption.None).Select(t => t.Mid)
            .Concat(declarations.Where(d => d.Encryption != TrackEncryption.None && !Tracks.Exists(t => t.Mid == d.Mid)).Select(d => d.Mid));
        return Worker.PublishPolicy with { EncryptedMids = [.. encrypted] };
    }

    private TrackSource SourceOf(PublishedMedia line, IReadOnlyList<TrackDeclaration> declarations) =>
        Tracks.Find(t => t.IsOf(line))?.Source
        ?? declarations.FirstOrDefault(d => d.Mid == line.Mid)?.Source
        ?? (line.Kind == MediaKind.Audio ? TrackSource.Microphone : TrackSource.Camera);

    private static MediaKind KindOf(TrackSource source) => source is TrackSource.Microphone or TrackSource.ScreenAudio ? MediaKind.Audio : MediaKind.Video;

    /// <summary>The direction is ours: we receive what the publisher sends, in a codec that we take.</summary>
    private static bool IsSending(PublishedMedia media) => media.Codecs.Count > 0 && media.Direction is SdpDirection.RecvOnly or SdpDirection.SendRecv;

    private void SendNack(PublishedEncoding encoding, ReadOnlySpan<ushort> lost)
    {
        var slot = Worker.Queue.Reserve();
        var writer = BeginFeedback(slot);
        writer.WriteNack(SenderSsrc, encoding.Ssrc, lost);
        Worker.Counters.NacksSent += lost.Length;
        SendRtcp(slot, writer.Length);
    }

    private void SendTransportFeedback()
    {
        var media = Tracks.Count > 0 ? Tracks[0].Ssrc : 0;
        while (_transportFeedback.HasNews)
        {
            var slot = Worker.Queue.Reserve();
            var writer = new RtcpWriter(slot[..1200]);
            if (!_transportFeedback.TryWrite(ref writer, SenderSsrc, media))
            {
                return;
            }

            SendRtcp(slot, writer.Length);
        }
    }

    private void SendReport(MonotonicTime now)
    {
        Span<ReportBlock> blocks = stackalloc ReportBlock[ReportBlock.MaxPerReport];
        Span<uint> ssrcs = stackalloc uint[ReportBlock.MaxPerReport];
        var count = 0;
        var remb = false;
        foreach (var track in Tracks)
        {
            foreach (var encoding in track.Encodings)
            {
                if (encoding.IsLive && count < blocks.Length)
                {
                    ssrcs[count] = encoding.Ssrc;
                    blocks[count++] = encoding.TakeReport(now);
                    remb |= track.Codec.Remb && _transportCcId == 0;
                }
            }
        }

        var slot = Worker.Queue.Reserve();
        var writer = new RtcpWriter(slot[..1200]);
        writer.WriteReceiverReport(SenderSsrc, blocks[..count]);
        writer.WriteSdesCname(SenderSsrc, Worker.CnameBytes);
        if (remb)
        {
            writer.WriteRemb(SenderSsrc, UplinkEstimate(blocks[..count]), ssrcs[..count]);
        }

        SendRtcp(slot, writer.Length);
    }

    /// <summary>For publishers without transport-wide feedback: grows by a quarter a second while loss is under 2 %, backs off in proportion above 10 % (the loss rule of draft-ietf-rmcat-gcc-02 §6).</summary>
    private Bitrate UplinkEstimate(ReadOnlySpan<ReportBlock> blocks)
    {
        byte worst = 0;
        foreach (var block in blocks)
        {
            worst = Math.Max(worst, block.FractionLost);
        }

        var loss = worst / 256.0;
        var factor = loss < 0.02 ? 1.25 : loss > 0.10 ? 1 - (0.5 * loss) : 1;
        _rembEstimate = Math.Clamp(_rembEstimate * factor, 300_000, 8_000_000);
        return new Bitrate((long)_rembEstimate);
    }

    private double _rembEstimate = 1_000_000;
}
