using System.Net.Sockets;
using Events.Rtc.Rooms;

namespace Events.Rtc.Relay;

/// <summary>
/// One receiver of a room's tracks (the mixer). The worker writes into the ring; a thread of its own carries the ring to the
/// socket, so a slow receiver costs the worker nothing: packets are dropped and counted.
/// </summary>
internal sealed class RelayConnection
{
    private readonly Socket _socket;
    private readonly RelayRing _ring = new();
    private readonly Thread _writer;
    private readonly Dictionary<PublishedTrack, RelayedTrack> _tracks = [];
    private readonly Dictionary<uint, PublishedTrack> _byHandle = [];
    private uint _lastHandle;
    private long _dropped;
    private long _droppedTold;

    public RelayConnection(Socket socket, string room)
    {
        _socket = socket;
        Room = room;
        _writer = new Thread(Write) { Name = "rtc-relay", IsBackground = true };
    }

    public string Room { get; }

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Why it ended, once it did.</summary>
    public string? EndReason { get; private set; }

    public void Start() => _writer.Start();

    /// <summary>Where the worker counts what this connection drops.</summary>
    public WorkerCounters Counters { get; set; } = new();

    // What follows is called on the room's worker.

    public void ParticipantJoined(Participant participant) => Send(
        RelayMessageType.ParticipantJoined,
        new RelayParticipant(Now(participant), participant.Id, participant.Rights.Identity, participant.Rights.Name, participant.Rights.Role));

    public void ParticipantLeft(Participant participant) =>
        Send(RelayMessageType.ParticipantLeft, new RelayParticipantLeft(Now(participant), participant.Id));

    public void TrackPublished(PublishedTrack track)
    {
        if (_tracks.ContainsKey(track) || !track.Publisher.IsVisible)
        {
            return;
        }

        var relayed = new RelayedTrack(this, ++_lastHandle, track);
        _tracks[track] = relayed;
        _byHandle[relayed.Handle] = track;
        var codec = track.Codec;
        Send(RelayMessageType.TrackPublished, new RelayTrack(
            Now(track.Publisher), relayed.Handle, track.Id, track.Publisher.Id, track.Kind, track.Source, track.CodecName, codec.ClockRate,
            track.Kind == TrackKind.Audio ? codec.Channels : 0, codec.Fmtp, track.Info.Muted)
        {
            Encryption = track.Encryption,
            OrientationExtension = relayed.OrientationExtension,
        });
        if (track.Encryption == TrackEncryption.None)
        {
            track.Add(relayed);
            relayed.RequestKeyframe(track.Publisher.Room.Worker.Now);
        }
    }

    public void TrackUnpublished(PublishedTrack track)
    {
        if (_tracks.Remove(track, out var relayed))
        {
            _byHandle.Remove(relayed.Handle);
            track.Receivers.Remove(this);
            track.DemandChanged();
            Send(RelayMessageType.TrackUnpublished, new RelayTrackUnpublished(Now(track.Publisher), relayed.Handle));
        }
    }

    public void TrackMuted(PublishedTrack track)
    {
        if (_tracks.TryGetValue(track, out var relayed))
        {
            Send(RelayMessageType.TrackMuted, new RelayTrackMuted(Now(track.Publisher), relayed.Handle, track.Info.Muted));
        }
    }

    /// <summary>The room has forgotten it: nothing is sent any more.</summary>
    public void Detached() => _ring.ReleaseWriter();

    public void Ready() => SendRaw([(byte)RelayMessageType.Ready, .. "{}"u8]);

    public void RequestKeyframe(uint handle, Protocol.Primitives.MonotonicTime now)
    {
        if (_byHandle.TryGetValue(handle, out var track))
        {
            _tracks[track].RequestKeyframe(now);
        }
    }

    /// <summary>The receiver shows or records the track in this size; 0 by 0: the best there is.</summary>
    public void RequestSize(uint handle, int width, int height, Protocol.Primitives.MonotonicTime now)
    {
        if (_byHandle.TryGetValue(handle, out var track))
        {
            _tracks[track].Prefer(width, height, now);
        }
    }

    /// <summary>A packet; dropped and counted when the receiver is behind.</summary>
    public void SendPacket(ReadOnlySpan<byte> header, ReadOnlySpan<byte> packet)
    {
        if (header.Length + packet.Length > RelayCodec.MaxMessageLength || !_ring.TryWrite(header, packet))
        {
            Interlocked.Increment(ref _dropped);
            Counters.RelayDropped++;
        }
        else if (_droppedTold != _dropped)
        {
            _droppedTold = _dropped;
            _ = _ring.TryWrite(RelayCodec.EncodeDropped((ulong)_droppedTold), default);
        }
    }

    /// <summary>Ends the connection; from any thread.</summary>
    public void Close(string reason)
    {
        EndReason ??= reason;
        _ring.Close();
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side was faster, or our own writer, which disposes of the socket when its send has failed.
        }
    }

    private void Send<T>(RelayMessageType type, T body) => SendRaw(RelayCodec.Encode(type, body));

    private void SendRaw(ReadOnlySpan<byte> message)
    {
        // A roster with a hole is worse than none: the receiver connects again and gets it whole.
        if (message.Length > RelayCodec.MaxMessageLength)
        {
            Close("message_too_large");
        }
        else if (!_ring.TryWrite(message, default))
        {
            Close("receiver_too_slow");
        }
    }

    private void Write()
    {
        var buffer = new byte[RelayCodec.MaxMessageLength];
        try
        {
            while (_ring.TryRead(buffer, out var length))
            {
                _socket.Send(buffer.AsSpan(0, length));
            }
        }
        catch (SocketException exception)
        {
            Close(exception.SocketErrorCode.ToString());
        }

        _ring.ReleaseReader();
        _socket.Dispose();
    }

    private static long Now(Participant participant) => participant.Room.Worker.Now.Nanoseconds;
}
