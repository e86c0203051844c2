using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;

namespace Events.Rtc.Spreading;

/// <summary>
/// The link from a room's home to viewers of it on another worker, as the home sees it: packets go through a ring, which drops and counts when the
/// other worker is too slow for it; what seldom changes goes by the other worker's mailbox. Touched by the home's thread only.
/// </summary>
internal sealed class RoomBranch
{
    /// <summary>Handle 4, encoding 1, what it is 1.</summary>
    public const int HeaderBytes = 6;

    /// <summary>SSRC 4, NTP 8, RTP 4.</summary>
    public const int SenderReportBytes = 16;

    public const byte PacketMessage = 0;
    public const byte RecoveredPacketMessage = 1;
    public const byte SenderReportMessage = 2;

    /// <summary>Five seconds of three 2 Mbit/s tracks.</summary>
    private const int RingBytes = 4 * 1024 * 1024;

    private readonly Room _home;
    private readonly BranchViewers _viewers;
    private readonly MessageRing _ring = new(RingBytes);
    private uint _handles;
    private int _signalled;

    public RoomBranch(Room home, MediaWorker worker)
    {
        _home = home;
        Worker = worker;
        _viewers = new BranchViewers(home.Id, home.Worker, worker, this);
        worker.Post(_viewers.Open);
        Published(home.Tracks);
    }

    /// <summary>Where the viewers are.</summary>
    public MediaWorker Worker { get; }

    /// <summary>Together, so that who receives there follows with one offer.</summary>
    public void Published(IReadOnlyList<PublishedTrack> tracks)
    {
        var published = new List<BranchedTrack>();
        foreach (var track in tracks)
        {
            if (track.Publisher.IsVisible)
            {
                published.Add(new BranchedTrack(this, track, ++_handles));
            }
        }

        if (published.Count == 0)
        {
            return;
        }

        Worker.Post(() => _viewers.Published(published));
        foreach (var branched in published)
        {
            foreach (var encoding in branched.Track.Encodings)
            {
                encoding.ForwardHeld(_home.Worker.Now); // Else the branch would be given neither these packets nor, as past ones, their copies.
            }

            branched.Track.Receivers.Add(branched);
            foreach (var encoding in branched.Track.Encodings)
            {
                branched.ForwardSenderReport(encoding);
                if (encoding.IsLive && !TryForwardPresent(branched, encoding))
                {
                    encoding.RequestKeyframe(_home.Worker.Now);
                }
            }
        }
    }

    /// <summary>Viewers there begin like viewers here: with the present group of pictures, if it is recent.</summary>
    private bool TryForwardPresent(BranchedTrack branched, PublishedEncoding encoding)
    {
        var worker = _home.Worker;
        if (!encoding.TryGetRecentKeyframe(worker.Options.KeyframeReplay, worker.Now, out var sequence, out _))
        {
            return false;
        }

        for (; (short)(encoding.NewestForwarded - sequence) >= 0; sequence++)
        {
            if (encoding.Cache.TryGet(sequence, out var cached) && RtpReader.TryRead(cached, out var packet))
            {
                branched.Forward(packet, encoding, recovered: false);
            }
        }

        return true;
    }

    public void Unpublished(IReadOnlyList<PublishedTrack> tracks)
    {
        var gone = tracks.Select(t => t.Receivers.Remove(this)).OfType<BranchedTrack>().Select(t => t.Handle).ToList();
        if (gone.Count > 0)
        {
            Worker.Post(() => _viewers.Unpublished(gone));
        }
    }

    public void Renegotiated(uint handle, PublishedMedia media) => Worker.Post(() => _viewers.Renegotiated(handle, media));

    public void Muted(PublishedTrack track)
    {
        var (id, muted, silenced) = (track.Id, track.Muted, track.Silenced);
        Worker.Post(() => _viewers.Muted(id, muted, silenced));
    }

    public void Rule(string person, RightsChange change) => Worker.Post(() => _viewers.Rule(person, change));

    /// <summary>Ends the viewers of whom <paramref name="which"/> is true; it is asked on their thread.</summary>
    public void End(Func<Participant, bool> which, RtcError reason) => Worker.Post(() => _viewers.End(which, reason));

    /// <summary>Nobody watches there any more, or reads what is sent there.</summary>
    public void End()
    {
        _home.Branches.Detach(this);
        _ring.Dispose();
    }

    public void Detach()
    {
        foreach (var track in _home.Tracks)
        {
            track.Receivers.Remove(this);
        }
    }

    public void Send(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        if (!_ring.TryWrite(header, body))
        {
            _home.Worker.Counters.RelayDropped++;
        }
        else if (Interlocked.Exchange(ref _signalled, 1) == 0)
        {
            Worker.Wake();
        }
    }

    /// <summary>The other worker will read up to the answer; it is woken again by the first message after that.</summary>
    public long BeginRead()
    {
        Interlocked.Exchange(ref _signalled, 0);
        return _ring.End;
    }

    public bool TryRead(Span<byte> message, long end, out int length) => _ring.TryRead(message, end, out length);
}

/// <summary>One track of the home on its way to a branch.</summary>
internal sealed class BranchedTrack(RoomBranch branch, PublishedTrack track, uint handle)
{
    public RoomBranch Branch { get; } = branch;

    public uint Handle { get; } = handle;

    /// <summary>The home's; for what is posted to the home.</summary>
    public PublishedTrack Track { get; } = track;

    /// <summary>As it was when the branch began to have it: what the other worker may read.</summary>
    public (string PublisherId, RoomRights Rights, PublishedMedia Media, NegotiatedCodec Codec, TrackSource Source, TrackEncryption Encryption, string Id, bool Muted, bool Silenced) Beginning { get; } =
        (track.Publisher.Id, track.Publisher.Rights, track.Media, track.Codec, track.Source, track.Encryption, track.Id, track.Muted, track.Silenced);

    /// <summary>Encodings that viewers there watch or wait for, as bits; all until they have said.</summary>
    public int WatchedEncodings { get; set; } = -1;

    public void Renegotiated(PublishedMedia media) => Branch.Renegotiated(Handle, media);

    public void Forward(in RtpReader packet, PublishedEncoding encoding, bool recovered)
    {
        Span<byte> header = stackalloc byte[RoomBranch.HeaderBytes];
        WriteHeader(header, encoding, recovered ? RoomBranch.RecoveredPacketMessage : RoomBranch.PacketMessage);
        Branch.Send(header, packet.Packet);
    }

    public void ForwardSenderReport(PublishedEncoding encoding)
    {
        var (ntp, rtp, at) = encoding.SenderReport;
        if (at == MonotonicTime.Zero)
        {
            return;
        }

        Span<byte> header = stackalloc byte[RoomBranch.HeaderBytes];
        WriteHeader(header, encoding, RoomBranch.SenderReportMessage);
        Span<byte> report = stackalloc byte[RoomBranch.SenderReportBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(report, encoding.Ssrc);
        BinaryPrimitives.WriteUInt64LittleEndian(report[4..], ntp.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(report[12..], rtp.Value);
        Branch.Send(header, report);
    }

    private void WriteHeader(Span<byte> header, PublishedEncoding encoding, byte type)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Handle);
        header[4] = (byte)encoding.Index;
        header[5] = type;
    }
}
