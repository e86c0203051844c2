using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>The transport that a participant sends its tracks on: which SSRC is which track, and the feedback to it.</summary>
internal sealed class PublisherTransport(MediaWorker worker, Participant participant) : MediaTransport(worker, participant), ITrackOrigin
{
    /// <summary>More SSRCs than this are not remembered; their packets are dropped.</summary>
    private const int MaxSources = Peer.MaxStreams;

    /// <summary>
    /// Tracks of sound, and as many of pictures. Nobody sends more than a few, and each takes an m-line of every viewer's 256 (<see cref="SdpLimits.MaxMedia"/>),
    /// which keeps its kind for good.
    /// </summary>
    private const int MaxTracksOfAKind = 8;

    /// <summary>Ethernet's 1,500 less 20 IP and 8 UDP; what is larger would not fit the next hop with our additions.</summary>
    private const int MaxPacketBytes = 1_472;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<uint, Source> _sources = [];
    private readonly TransportFeedbackRecorder _transportFeedback = new();
    private List<PublishedMedia> _media = [];
    private uint _lastSsrc;
    private Source? _lastSource;
    private byte _transportCcId;
    private MonotonicTime _nextReport;
    private MonotonicTime _nextFeedback;
    private byte _firSequence;

    /// <summary>Null until the client has offered data channels.</summary>
    public ParticipantData? Data { get; private set; }

    public bool HasData => Data is not null;

    public List<PublishedTrack> Tracks { get; } = [];

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

        var source = reader.Ssrc == _lastSsrc ? _lastSource : Find(reader);
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
        else if (TryUnwrap(packet, reader, source, out var original) && RtpReader.TryRead(original, out var restored))
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
                && _sources.TryGetValue(report.Ssrc, out var source)
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
            NextTick = now + TransportTimers.BusyInterval;
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
        _lastSource = null;
        _lastSsrc = 0;
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
        _media = [.. media];
        _transportCcId = media.Select(m => m.Extensions.TransportCc).FirstOrDefault(id => id != 0);
        End([.. Tracks.Where(t => !media.Any(m => Matches(m, t) && IsSending(m)))]);

        var published = new List<PublishedTrack>();
        foreach (var line in media)
        {
            if (!IsSending(line))
            {
                continue;
            }

            var track = Tracks.Find(t => Matches(line, t));
            if (track is null)
            {
                var declared = declarations.FirstOrDefault(d => d.Mid == line.Mid);
                track = new PublishedTrack(
                    this,
                    line,
                    SourceOf(line, declarations),
                    declared?.Muted ?? false,
                    declared?.Dynacast ?? false,
                    encryption: declared?.Encryption ?? TrackEncryption.None);
                Tracks.Add(track);
                Register(line, track);
                published.Add(track);
            }
            else
            {
                track.Renegotiated(line);
                Register(line, track);
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
            Forget(tracks);
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
        Tracks.Find(t => Matches(line, t))?.Source
        ?? declarations.FirstOrDefault(d => d.Mid == line.Mid)?.Source
        ?? (line.Kind == MediaKind.Audio ? TrackSource.Microphone : TrackSource.Camera);

    private static MediaKind KindOf(TrackSource source) => source is TrackSource.Microphone or TrackSource.ScreenAudio ? MediaKind.Audio : MediaKind.Video;

    private static bool Matches(PublishedMedia media, PublishedTrack track) => (media.Mid ?? "") == track.Mid && media.Index == track.Media.Index;

    /// <summary>The direction is ours: we receive what the publisher sends, in a codec that we take.</summary>
    private static bool IsSending(PublishedMedia media) => media.Codecs.Count > 0 && media.Direction is SdpDirection.RecvOnly or SdpDirection.SendRecv;

    private void Forget(List<PublishedTrack> tracks)
    {
        Tracks.RemoveAll(tracks.Contains);
        foreach (var ssrc in _sources.Where(s => tracks.Contains(s.Value.Track)).Select(s => s.Key).ToList())
        {
            _sources.Remove(ssrc);
        }

        _lastSource = null;
        _lastSsrc = 0;
    }

    private void Register(PublishedMedia media, PublishedTrack track)
    {
        // With rids the SSRCs are not announced (RFC 8853 §5.5), and if they are, only the rid says which layer each is.
        for (var i = 0; i < media.Ssrcs.Count && media.Rids.Count <= 1; i++)
        {
            var ssrc = media.Ssrcs[i];
            var encoding = track.Encodings[Math.Min(i, track.Encodings.Length - 1)];
            if (i >= track.Encodings.Length && track.Encodings.Length > 1)
            {
                break; // Layers past those that we take.
            }

            Register(ssrc.Ssrc, new Source(track, encoding, false));
            if (ssrc.RtxSsrc is { } rtx)
            {
                Register(rtx, new Source(track, encoding, true));
            }
        }
    }

    private bool Register(uint ssrc, Source source)
    {
        if (_sources.Count >= MaxSources && !_sources.ContainsKey(ssrc))
        {
            return false;
        }

        _sources[ssrc] = source;
        return true;
    }

    /// <summary>By SSRC; else by mid (RFC 9143 §9.2); else by a payload type that only one m-line has.</summary>
    private Source? Find(in RtpReader packet)
    {
        if (!_sources.TryGetValue(packet.Ssrc, out var source))
        {
            source = Resolve(packet);
            if (source is null || !Register(packet.Ssrc, source))
            {
                return null;
            }
        }

        _lastSsrc = packet.Ssrc;
        _lastSource = source;
        return source;
    }

    private Source? Resolve(in RtpReader packet)
    {
        PublishedMedia? found = null;
        var retransmission = false;
        foreach (var media in _media)
        {
            if (media.Extensions.Mid != 0
                && media.Mid is not null
                && packet.TryGetExtension(media.Extensions.Mid, out var mid)
                && !System.Text.Ascii.Equals(mid, media.Mid))
            {
                continue;
            }

            foreach (var codec in media.Codecs)
            {
                if (codec.PayloadType != packet.PayloadType && codec.RtxPayloadType != packet.PayloadType && codec.RedPayloadType != packet.PayloadType)
                {
                    continue;
                }

                if (found is not null && found != media)
                {
                    return null; // Two m-lines could have sent it, and nothing says which.
                }

                found = media;
                retransmission = codec.RtxPayloadType == packet.PayloadType;
            }
        }

        if (found is null)
        {
            return null;
        }

        var track = Tracks.Find(t => Matches(found, t));
        return track is not null && TryFindEncoding(packet, found, track, retransmission, out var encoding) ? new Source(track, encoding, retransmission) : null;
    }

    /// <summary>
    /// Which simulcast encoding a stream is: its rid says, in the first packets at least (RFC 8852 §3.1, §3.2); once known, the SSRC stands for
    /// it. A stream of a simulcast m-line that names none is not taken for any.
    /// </summary>
    private static bool TryFindEncoding(
        in RtpReader packet, PublishedMedia media, PublishedTrack track, bool retransmission, [NotNullWhen(true)] out PublishedEncoding? encoding)
    {
        encoding = track.Encodings[0];
        if (track.Encodings.Length == 1)
        {
            return true;
        }

        var id = retransmission ? media.Extensions.RepairedRid : media.Extensions.Rid;
        if (id == 0 || !packet.TryGetExtension(id, out var rid))
        {
            return false;
        }

        foreach (var candidate in track.Encodings)
        {
            if (candidate.Rid is { } name && System.Text.Ascii.Equals(rid, name))
            {
                encoding = candidate;
                return true;
            }
        }

        return false;
    }

    /// <summary>RFC 4588 §4: the original sequence number leads the payload. The header moves up over it.</summary>
    private static bool TryUnwrap(Span<byte> packet, in RtpReader reader, Source source, out Span<byte> original)
    {
        original = default;
        if (reader.Payload.Length < 2 || !source.Encoding.IsLive)
        {
            return false; // Padding only: a bandwidth probe.
        }

        byte? payloadType = null;
        var codecs = source.Track.Media.Codecs;
        for (var i = 0; i < codecs.Count; i++)
        {
            // By index: an enumerator of the interface would be allocated for each packet that came again.
            if (codecs[i].RtxPayloadType == reader.PayloadType)
            {
                payloadType = (byte)codecs[i].PayloadType;
            }
        }

        if (payloadType is null)
        {
            return false;
        }

        var headerLength = reader.HeaderLength;
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[headerLength..]);
        packet[..headerLength].CopyTo(packet[2..]);
        original = packet[2..];
        RtpHeader.WriteSequenceNumber(original, sequence);
        RtpHeader.WriteSsrc(original, source.Encoding.Ssrc);
        RtpHeader.WritePayloadType(original, payloadType.Value);
        return true;
    }

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

    private sealed record Source(PublishedTrack Track, PublishedEncoding Encoding, bool IsRetransmission);
}
