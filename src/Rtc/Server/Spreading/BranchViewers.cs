using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;

namespace Events.Rtc.Spreading;

/// <summary>
/// The other end of a <see cref="RoomBranch"/>: a room of viewers on their worker, whose tracks come from the home. To the viewers' side a track from
/// there is like any other: it has its own cache, replay and layers, and answers their NACKs. Touched by the viewers' worker only.
/// </summary>
internal sealed class BranchViewers(string id, MediaWorker home, MediaWorker worker, RoomBranch branch)
{
    private static readonly TimeSpan TellInterval = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<uint, Source> _sources = [];
    private readonly Dictionary<string, Participant> _publishers = new(StringComparer.Ordinal);
    private MonotonicTime _nextTell;
    private long _end;
    private bool _isClosed;

    /// <summary>The room in which the viewers are.</summary>
    public Room Room { get; private set; } = null!;

    public void Open()
    {
        Room = worker.GetOrAddRoom(id);
        Room.Viewers = this;
        worker.Add(this);
    }

    /// <summary>Nobody watches here any more.</summary>
    public void Close()
    {
        _isClosed = true;
        worker.Remove(this);
        Unpublished([.. _sources.Keys]);
        home.Post(branch.End);
    }

    /// <summary>The home counts who watches here.</summary>
    public void Left(Participant viewer)
    {
        var rights = viewer.Rights;
        home.Post(() => home.FindRoom(id)?.Attendance.Left(rights));
    }

    public void Published(IReadOnlyList<BranchedTrack> tracks)
    {
        if (_isClosed)
        {
            return; // The home has not heard of it yet.
        }

        foreach (var branched in tracks)
        {
            var (publisherId, rights, media, codec, kind, encryption, id, muted, silenced) = branched.Beginning;
            if (!_publishers.TryGetValue(publisherId, out var publisher))
            {
                publisher = new Participant(Room, rights, ParticipantKind.Client, publisherId);
                _publishers[publisherId] = publisher;
            }

            var source = new Source(publisher, home, branched);
            source.Track = new PublishedTrack(source, media, kind, muted, dynacast: false, id, encryption, codec) { Silenced = silenced };
            publisher.Relayed = [.. publisher.Relayed, source.Track];
            _sources[branched.Handle] = source;
        }

        Room.Publish([.. tracks.Select(t => _sources[t.Handle].Track)]);
    }

    public void Unpublished(IReadOnlyList<uint> handles)
    {
        var gone = new List<PublishedTrack>();
        foreach (var handle in handles)
        {
            if (_sources.Remove(handle, out var source))
            {
                gone.Add(source.Track);
            }
        }

        Room.Unpublish(gone);
        foreach (var track in gone)
        {
            var publisher = track.Publisher;
            publisher.Relayed = [.. publisher.Relayed.Where(t => t != track)];
            if (publisher.Relayed.Count == 0)
            {
                _publishers.Remove(publisher.Id);
                Room.Forget(publisher);
            }
        }
    }

    public void Renegotiated(uint handle, PublishedMedia media)
    {
        if (_sources.TryGetValue(handle, out var source))
        {
            source.Track.Renegotiated(media);
        }
    }

    public void Muted(string trackId, bool muted, bool silenced)
    {
        foreach (var track in Room.Tracks)
        {
            if (track.Id == trackId)
            {
                var lifted = track.Silenced && !silenced;
                track.Muted = muted;
                track.Silenced = silenced;
                foreach (var encoding in track.Encodings)
                {
                    if (lifted && encoding.IsLive)
                    {
                        encoding.StartSource(encoding.Ssrc); // What was not sent meanwhile must not look like loss.
                    }
                }
            }
        }
    }

    public void Rule(string person, RightsChange change)
    {
        foreach (var participant in Room.Participants.Where(p => p.Rights.Person == person).ToList())
        {
            participant.SetRights(change.AppliedTo(participant.Rights));
        }
    }

    public void End(Func<Participant, bool> which, RtcError reason)
    {
        foreach (var participant in Room.Participants.Where(which).ToList())
        {
            Room.Leave(participant, reason);
        }
    }

    /// <summary>
    /// <see cref="Receive()"/> will take what has been sent so far. The mailbox is emptied in between, so that a track is known before its first packet.
    /// </summary>
    public void BeginReceive() => _end = branch.BeginRead();

    /// <summary>Takes what the home sent.</summary>
    public void Receive()
    {
        Span<byte> message = stackalloc byte[RoomBranch.HeaderBytes + Transport.SendQueue.SlotBytes];
        while (branch.TryRead(message, _end, out var length))
        {
            if (_sources.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(message), out var source))
            {
                Receive(source.Track, source.Track.Encodings[message[4]], message[5], message[RoomBranch.HeaderBytes..length]);
            }
        }
    }

    public void Advance(MonotonicTime now)
    {
        Span<ushort> lost = stackalloc ushort[64];
        var tell = now >= _nextTell;
        _nextTell = tell ? now + TellInterval : _nextTell;
        foreach (var source in _sources.Values)
        {
            source.Track.Advance(now);
            foreach (var encoding in source.Track.Encodings)
            {
                encoding.CollectNacks(now, lost); // The home asks for what did not reach it.
            }

            if (tell)
            {
                source.TellWatched();
            }
        }
    }

    private void Receive(PublishedTrack track, PublishedEncoding encoding, byte type, ReadOnlySpan<byte> body)
    {
        if (type == RoomBranch.SenderReportMessage)
        {
            track.SenderReportReceived(
                BinaryPrimitives.ReadUInt32LittleEndian(body),
                new NtpTime(BinaryPrimitives.ReadUInt64LittleEndian(body[4..])),
                new RtpTimestamp(BinaryPrimitives.ReadUInt32LittleEndian(body[12..])),
                encoding,
                worker.Now);
        }
        else if (RtpReader.TryRead(body, out var packet))
        {
            track.Receive(packet, encoding, type == RoomBranch.RecoveredPacketMessage, worker.Now);
        }
    }

    /// <summary>Where a track comes from, as far as its viewers here have to do with it. What it posts to the home is made once: viewers on bad paths ask often.</summary>
    private sealed class Source : ITrackOrigin
    {
        private readonly MediaWorker _home;
        private readonly Action[] _requests;
        private readonly Action _tell;
        private int _watched = -1;
        private int _told = -1;

        public Source(Participant publisher, MediaWorker home, BranchedTrack branched)
        {
            _home = home;
            Participant = publisher;
            _requests = new Action[branched.Track.Encodings.Length];
            for (var i = 0; i < _requests.Length; i++)
            {
                var index = i;
                _requests[i] = () => branched.Track.Encodings[index].RequestKeyframe(home.Now);
            }

            _tell = () =>
            {
                branched.WatchedEncodings = Volatile.Read(ref _told);
                branched.Track.DemandChanged();
            };
        }

        public PublishedTrack Track { get; set; } = null!;

        public MediaWorker Worker => Participant.Room.Worker;

        public Participant Participant { get; }

        public void SendKeyframeRequest(PublishedTrack track, PublishedEncoding encoding) => _home.Post(_requests[encoding.Index]);

        /// <summary>Dynacast is decided at home.</summary>
        public void TellWatched()
        {
            if (Track.Kind == TrackKind.Video && Track.WatchedEncodings != _watched)
            {
                _watched = Track.WatchedEncodings;
                Volatile.Write(ref _told, _watched);
                _home.Post(_tell);
            }
        }
    }
}
