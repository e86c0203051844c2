using System.Net.Sockets;
using Events.Mixer.Frames;
using Events.Rtc.Relay;
using Microsoft.Extensions.Logging;

namespace Events.Mixer.Recording;

/// <summary>
/// Takes a room's packets from the relay to disk, on one thread, from acceptance to stop. When the media node is gone it keeps coming back;
/// who was there before is then gone too, and joins anew.
/// </summary>
internal sealed class RecordingCapture
{
    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxReconnectDelay = TimeSpan.FromSeconds(5);
    /// <summary>For whoever runs the room.</summary>
    public const string NotWritten = "The server's disk does not take what it is given: what is said and shown now is lost. The recording goes on by itself as soon as it does.";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    /// <summary>What was sent before the stop is still on its way: network, pacer and jitter buffer.</summary>
    private const long StopGraceNs = 400_000_000;

    /// <summary>How long a room with tracks may send nothing before it counts as empty.</summary>
    private const long FirstPacketWaitNs = 1_000_000_000;

    /// <summary>A recording has started within a second, or it is said why not.</summary>
    private const long StartPatienceNs = 750_000_000;

    /// <summary>One that runs is told to stand still after this: a media node that restarts is back before.</summary>
    private const long LossPatienceNs = 5_000_000_000;

    private const long FlushNs = 250_000_000;

    /// <summary>A room is reached when what comes from it has gone to the disk for this long, and was synced: one that is full may take a line or two.</summary>
    private const long FlushedForNs = 1_000_000_000;

    private readonly ManifestEntry _created;
    private readonly RecordingFiles _files;
    private readonly RecordingServices _services;
    private readonly RecordingClock _clock;
    private readonly Action<long> _onStarted;
    private readonly Action _onRefused;
    private readonly Action<MixerError?> _onObstacle;
    private readonly ManualResetEventSlim _wake = new();
    private readonly Dictionary<uint, TrackRecorder> _tracks = [];
    private readonly Dictionary<string, ParticipantClock> _clocks = [];
    private long _stopAt = long.MaxValue;
    private long _attachedAt;
    private long _lastFlush;
    private ulong _droppedBefore;
    private TimeSpan _reconnectDelay = ReconnectDelay;
    private string? _toldObstacle;
    private long _awaySince;
    private int _syncsBefore;
    private bool _saidReached;
    private bool _attached;
    private bool _wasReady;
    private bool _started;
    private volatile bool _aborted;

    /// <param name="files">The recording's directory.</param>
    /// <param name="started">It has started before, and is resumed.</param>
    /// <param name="services">Relay key, counters, log, the disk's reserve.</param>
    /// <param name="clock">The recording's.</param>
    /// <param name="onStarted">Called once, on the capture's thread, with the start.</param>
    /// <param name="onRefused">Called on the capture's thread when the manifest has one more track that cannot be recorded.</param>
    /// <param name="onObstacle">Called on the capture's thread with why it does not start, or does not go on; with null when the room is reached, and can be recorded.</param>
    public RecordingCapture(
        RecordingFiles files, bool started, RecordingServices services, RecordingClock clock, Action<long> onStarted, Action onRefused, Action<MixerError?> onObstacle)
    {
        _files = files;
        _created = files.Manifest.Entries[0];
        _started = started;
        _services = services;
        _clock = clock;
        _onStarted = onStarted;
        _onRefused = onRefused;
        _onObstacle = onObstacle;
        _awaySince = started ? Now : _created.At;
    }

    /// <summary>What keeps it from the room now, or did at its end.</summary>
    public MixerError? Obstacle { get; private set; }

    private long Now => _clock.Now;

    /// <summary>Runs until the stop has passed; then everything is closed and on disk.</summary>
    public async Task RunAsync()
    {
        using var syncing = new CancellationTokenSource();
        var sync = _files.SyncEverySecondAsync(e => MixerLog.NotWritten(_services.Log, e, _created.RecordingId!), syncing.Token);
        _services.Metrics.RecordingStarted();
        try
        {
            await Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _services.Metrics.RecordingEnded();
            await syncing.CancelAsync();
            await sync;
            _files.Abandon();
        }
    }

    /// <summary>Records up to a moment of the recording's clock.</summary>
    public void StopAt(long at)
    {
        Interlocked.CompareExchange(ref _stopAt, at, long.MaxValue);
        _wake.Set();
    }

    /// <summary>Ends at once, for a deletion.</summary>
    public void Abort()
    {
        _aborted = true;
        StopAt(0);
    }

    private bool IsOver(long grace) => _aborted || Now - Interlocked.Read(ref _stopAt) >= grace;

    private void Run()
    {
        while (!IsOver(0))
        {
            using var relay = TakesDisk() ? TryConnect() : null;
            if (relay is not null)
            {
                _attachedAt = Now;
                _attached = false;
                _droppedBefore = 0;
                Receive(relay);
                _awaySince = _attached ? Now : _awaySince;
                EndTracks(Math.Min(Now, Interlocked.Read(ref _stopAt)));
                if (_attached && !IsOver(0))
                {
                    _files.Manifest.Append(new() { Type = ManifestEntryType.Detached, At = Now });
                    if (Obstacle is null)
                    {
                        MixerLog.RelayLost(_services.Log, _created.RecordingId!, _created.Room!);
                    }
                }
            }

            StartWithoutPackets();
            _wake.Wait(_reconnectDelay);
        }

        // Stopped as soon as it began, or before anything came.
        if (Obstacle is null)
        {
            Start(_created.At);
        }

        _files.Sync();
    }

    private RelayReceiver? TryConnect()
    {
        try
        {
            return RelayReceiver.Connect(_created.Relay!, _created.Room!, _services.Options.NodeKey());
        }
        catch (SocketException e)
        {
            Obstruct(MixerError.RelayUnreachable, $"The media node's relay {_created.Relay} cannot be reached: {e.SocketErrorCode}.");
            return null;
        }
    }

    /// <summary>The room is there: what is told of it from here on counts.</summary>
    private void Attach()
    {
        _attached = true;
        _reconnectDelay = ReconnectDelay;
        Obstacle = null;
        _toldObstacle = null;
        _files.Manifest.Append(new() { Type = ManifestEntryType.Attached, At = _attachedAt });
        _syncsBefore = _files.Syncs;
        _saidReached = false;
    }

    /// <summary>False while the disk is low, or did not take what it was given: what is recorded stays, and goes on by itself, in new files.</summary>
    private bool TakesDisk()
    {
        if (_files.SyncFailure is not null)
        {
            Obstruct(MixerError.NotWritten, NotWritten, patienceNs: 0);
            return false;
        }

        if (!_services.Reserve.IsTouched())
        {
            return true;
        }

        Obstruct(
            MixerError.DiskLow, "The server's disk is nearly full: what is said and shown now is not recorded, what was recorded before is kept. It goes on by itself as soon as there is room.", patienceNs: 0);
        return false;
    }

    /// <summary>Logged when it is new; said when the recording should have started, or gone on.</summary>
    private void Obstruct(string code, string detail, long? patienceNs = null)
    {
        if (Obstacle?.Code != code)
        {
            MixerLog.Obstructed(_services.Log, _created.RecordingId!, code, detail);
        }

        Obstacle = new(code, detail);
        if (_toldObstacle != code && Now - _awaySince >= (patienceNs ?? (_started ? LossPatienceNs : StartPatienceNs)))
        {
            _toldObstacle = code;
            _onObstacle(Obstacle);
        }
    }

    private void Receive(RelayReceiver relay)
    {
        while (!IsOver(StopGraceNs))
        {
            var status = relay.Receive(Tick, out var message);
            if (status == RelayReceiveStatus.Closed
                || (status == RelayReceiveStatus.Message && !Handle(message)))
            {
                return;
            }

            var now = Now;
            if (status == RelayReceiveStatus.Timeout || now - _lastFlush >= FlushNs)
            {
                Advance(relay, now);
                if (!TakesDisk())
                {
                    return;
                }
            }
            else if (message[0] == (byte)RelayMessageType.Rtp)
            {
                RequestKeyframe(relay, message, now);
            }
        }
    }

    /// <summary>False when the connection is of no more use.</summary>
    private bool Handle(ReadOnlySpan<byte> message)
    {
        if (!_attached && message[0] != (byte)RelayMessageType.Error)
        {
            Attach();
        }

        switch ((RelayMessageType)message[0])
        {
            case RelayMessageType.Rtp:
                if (RelayReceiver.TryReadRtp(message, out var handle, out var arrival, out var packet)
                    && _tracks.TryGetValue(handle, out var track))
                {
                    var at = _clock.OfRelay(arrival);
                    Start(at);
                    track.OnRtp(packet, at);
                }

                return true;
            case RelayMessageType.SenderReport:
                if (RelayReceiver.TryReadSenderReport(message, out handle, out arrival, out var ntp, out var timestamp)
                    && _tracks.TryGetValue(handle, out track))
                {
                    track.OnSenderReport(ntp, timestamp, _clock.OfRelay(arrival));
                }

                return true;
            case RelayMessageType.Error:
                var error = RelayCodec.Decode<RelayError>(message);
                _reconnectDelay = TimeSpan.FromTicks(Math.Min(_reconnectDelay.Ticks * 2, MaxReconnectDelay.Ticks));
                Obstruct(MixerError.RelayRefused, $"The media node refuses the mixer: {error?.Code}: {error?.Message}");
                return false;
            case RelayMessageType.Ready:
                _wasReady = true;
                if (_tracks.Count == 0)
                {
                    Start(_created.At);
                }

                return true;
            case RelayMessageType.Dropped when message.Length == 13:
                var total = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(message[5..]);
                _services.Metrics.RelayDropped((long)(total - _droppedBefore));
                _droppedBefore = total;
                return true;
            default:
                Roster(message);
                return true;
        }
    }

    private void Roster(ReadOnlySpan<byte> message)
    {
        switch ((RelayMessageType)message[0])
        {
            case RelayMessageType.ParticipantJoined when RelayCodec.Decode<RelayParticipant>(message) is { } joined:
                _files.Manifest.Append(new()
                {
                    Type = ManifestEntryType.Joined,
                    At = Clamp(joined.At),
                    ParticipantId = joined.ParticipantId,
                    Identity = joined.Identity,
                    Name = joined.Name,
                    Role = joined.Role,
                });
                break;
            case RelayMessageType.ParticipantLeft when RelayCodec.Decode<RelayParticipantLeft>(message) is { } left:
                foreach (var (handle, track) in _tracks.Where(t => t.Value.ParticipantId == left.ParticipantId).ToList())
                {
                    track.End(Clamp(left.At));
                    _tracks.Remove(handle);
                }

                _clocks.Remove(left.ParticipantId);
                _files.Manifest.Append(new() { Type = ManifestEntryType.Left, At = Clamp(left.At), ParticipantId = left.ParticipantId });
                break;
            case RelayMessageType.TrackPublished when RelayCodec.Decode<RelayTrack>(message) is { } published:
                Publish(published);
                break;
            case RelayMessageType.TrackUnpublished when RelayCodec.Decode<RelayTrackUnpublished>(message) is { } unpublished:
                if (_tracks.Remove(unpublished.Handle, out var ended))
                {
                    ended.End(Clamp(unpublished.At));
                    _files.Manifest.Append(new() { Type = ManifestEntryType.Unpublished, At = Clamp(unpublished.At), TrackId = ended.TrackId });
                }

                break;
            case RelayMessageType.TrackMuted when RelayCodec.Decode<RelayTrackMuted>(message) is { } muted:
                if (_tracks.TryGetValue(muted.Handle, out var changed))
                {
                    changed.SetMuted(muted.Muted, Clamp(muted.At));
                    _files.Manifest.Append(new() { Type = ManifestEntryType.Muted, At = Clamp(muted.At), TrackId = changed.TrackId, Muted = muted.Muted });
                }

                break;
        }
    }

    private void Publish(RelayTrack track)
    {
        if (!CodecNames.TryParse(track.Codec, out var codec) || track.ClockRate <= 0)
        {
            MixerLog.CodecUnknown(_services.Log, _created.RecordingId!, track.TrackId, track.Codec);
            return;
        }

        if (_tracks.Remove(track.Handle, out var replaced))
        {
            replaced.End(Clamp(track.At));
        }

        if (track.Encryption != Rtc.Rooms.TrackEncryption.None)
        {
            Refuse(track, RefusedTrack.TrackEncrypted);
            return;
        }

        if (!_clocks.TryGetValue(track.ParticipantId, out var clock))
        {
            _clocks[track.ParticipantId] = clock = new();
        }

        _files.Manifest.Append(new()
        {
            Type = ManifestEntryType.Published,
            At = Clamp(track.At),
            TrackId = track.TrackId,
            ParticipantId = track.ParticipantId,
            Kind = KindOf(track),
            Source = SourceOf(track),
            Codec = CodecNames.NameOf(codec),
            Muted = track.Muted,
        });
        _tracks[track.Handle] = new(track, codec, clock, _files, _services.Metrics, _services.Log);
    }

    /// <summary>The others are recorded; the organiser is told of this one.</summary>
    private void Refuse(RelayTrack track, string code)
    {
        MixerLog.TrackRefused(_services.Log, _created.RecordingId!, track.TrackId, code);
        _files.Manifest.Append(
            new()
            {
                Type = ManifestEntryType.Refused,
                At = Clamp(track.At),
                TrackId = track.TrackId,
                ParticipantId = track.ParticipantId,
                Kind = KindOf(track),
                Source = SourceOf(track),
                Code = code,
            });
        _onRefused();
    }

    private static string KindOf(RelayTrack track) => track.Kind == Rtc.Rooms.TrackKind.Video ? "video" : "audio";

    private static string SourceOf(RelayTrack track) => track.Source switch
    {
        Rtc.Rooms.TrackSource.Camera => "camera",
        Rtc.Rooms.TrackSource.Microphone => "microphone",
        Rtc.Rooms.TrackSource.Screen => "screen",
        _ => "screen_audio",
    };

    private void Advance(RelayReceiver relay, long now)
    {
        foreach (var (handle, track) in _tracks)
        {
            track.Drain(now);
            if (track.TakeKeyframeRequest(now))
            {
                relay.RequestKeyframe(handle);
            }
        }

        _files.Flush();
        _lastFlush = now;
        if (_attached && !_saidReached && now - _attachedAt >= FlushedForNs && _files.Syncs > _syncsBefore)
        {
            _saidReached = true;
            _onObstacle(null);
        }

        if (!_attached && now - _attachedAt > StartPatienceNs)
        {
            Obstruct(MixerError.RelayUnreachable, $"The media node's relay {_created.Relay} does not answer.");
        }

        StartWithoutPackets();
    }

    private void RequestKeyframe(RelayReceiver relay, ReadOnlySpan<byte> message, long now)
    {
        if (RelayReceiver.TryReadRtp(message, out var handle, out _, out _)
            && _tracks.TryGetValue(handle, out var track) && track.TakeKeyframeRequest(now))
        {
            relay.RequestKeyframe(handle);
        }
    }

    private void EndTracks(long at)
    {
        foreach (var track in _tracks.Values)
        {
            track.End(at);
        }

        _tracks.Clear();
        _clocks.Clear();
    }

    private void StartWithoutPackets()
    {
        if (_wasReady && Now - _created.At > FirstPacketWaitNs)
        {
            Start(_created.At);
        }
    }

    private void Start(long at)
    {
        if (!_started && !_aborted)
        {
            _started = true;
            at = Math.Max(at, _created.At);
            _files.Manifest.Append(new() { Type = ManifestEntryType.Started, At = at });
            _onStarted(at);
        }
    }

    /// <summary>A moment of the relay's roster, not before this connection and not in the future.</summary>
    private long Clamp(long at) => Math.Clamp(_clock.OfRelay(at), _attachedAt, Math.Max(_attachedAt, Now));
}
