using System.Threading.Channels;
using Events.Rtc.Rooms;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Hubs;

/// <summary>
/// Carries a room's events to one hub connection: a worker only enqueues, one task per connection sends. A client that is so
/// slow that the queue fills is dropped; it resumes and takes a snapshot, which is shorter than what it missed.
/// </summary>
internal sealed class ConnectionEvents : IParticipantEvents
{
    private readonly string _connectionId;
    private readonly Action _abort;
    private readonly Action _sessionEnded;
    private readonly int _capacity;
    private readonly ILogger _logger;
    private readonly SignallingMetrics _metrics;
    private readonly Channel<(string Method, object Payload)> _queue;
    private readonly CancellationTokenSource _stop = new();
    private int _stopped;
    private volatile bool _takesNoMore;
    private Action? _onClosed;
    private bool _isClosed;
    private readonly Lock _gate = new();

    public ConnectionEvents(
        string connectionId, IClientProxy client, Action abort, Action sessionEnded, int capacity, ILogger logger, SignallingMetrics metrics)
    {
        _connectionId = connectionId;
        _abort = abort;
        _sessionEnded = sessionEnded;
        _capacity = capacity;
        _logger = logger;
        _metrics = metrics;
        _queue = Channel.CreateBounded<(string, object)>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        Sending = SendAsync(client);
    }

    /// <summary>Ends when the connection does.</summary>
    public Task Sending { get; }

    /// <summary>Called once when the participant is out, at once if it already is.</summary>
    public void WhenClosed(Action onClosed)
    {
        lock (_gate)
        {
            _onClosed = onClosed;
            if (!_isClosed)
                return;
        }

        onClosed();
    }

    /// <summary>Nothing is sent from now on.</summary>
    public void Stop()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
            return;
        Complete();
        _stop.Cancel();
    }

    /// <summary>Says why, then ends the connection: another one has taken over.</summary>
    public async Task SupersedeAsync(RtcError reason, TimeProvider clock)
    {
        Post("closed", new { reason.Code, reason.Message });
        Complete();
        // The socket is often dead already; nobody waits for it.
        await Task.WhenAny(Sending, Task.Delay(TimeSpan.FromSeconds(1), clock));
        Stop();
        _abort();
    }

    public void ParticipantJoined(ParticipantInfo participant) => Post("participantJoined", participant);

    public void ParticipantLeft(string participantId) => Post("participantLeft", new { participantId });

    public void ParticipantReconnecting(string participantId, bool reconnecting) =>
        Post(reconnecting ? "participantReconnecting" : "participantReconnected", new { participantId });

    public void TrackPublished(string participantId, TrackInfo track) => Post("trackPublished", new { participantId, track });

    public void TrackUnpublished(string participantId, string trackId) => Post("trackUnpublished", new { participantId, trackId });

    public void TrackMuted(string participantId, string trackId, bool muted, bool silenced) => Post("trackMuted", new { participantId, trackId, muted, silenced });

    public void ActiveSpeakers(IReadOnlyList<SpeakerLevel> speakers) => Post("activeSpeakers", new { speakers });

    public void PublishLayers(string trackId, string mid, IReadOnlyList<EncodingDemand> encodings) => Post("publishLayers", new { trackId, mid, encodings });

    public void VideoHeld(IReadOnlyList<string> trackIds) => Post("videoHeld", new { trackIds });

    public void RightsChanged(string participantId, RightsInfo rights) =>
        Post("rightsChanged", new { participantId, rights.CanPublish, rights.CanSubscribe, rights.Sources, rights.Moderates });

    public void HandRaised(string participantId, long? hand) => Post("handRaised", new { participantId, hand });

    public void StageInvited(string? participantId) => Post("stageInvited", new { participantId });

    public void InvitationAnswered(string participantId, bool accepted) => Post("invitationAnswered", new { participantId, accepted });

    public void UnmuteAsked(string trackId) => Post("unmuteAsked", new { trackId });

    public void RoomLocked(bool locked) => Post("roomLocked", new { locked });

    public void SubscribeOffer(SubscribeOffer offer) => Post("subscribeOffer", offer);

    public void Closed(RtcError reason)
    {
        Post("closed", new { reason.Code, reason.Message });
        Complete();
        Action? onClosed;
        lock (_gate)
        {
            _isClosed = true;
            onClosed = _onClosed;
        }

        onClosed?.Invoke();
        _sessionEnded();
    }

    private void Complete()
    {
        _takesNoMore = true;
        _queue.Writer.TryComplete();
    }

    private void Post(string method, object payload)
    {
        // Looked at again after a refusal: a worker may still tell what happens while another connection takes over.
        if (_takesNoMore || _queue.Writer.TryWrite((method, payload)) || _takesNoMore)
            return;
        Stop();
        _metrics.Overflowed();
        RtcSignallingLog.QueueOverflow(_logger, _connectionId, _capacity);
        _abort();
    }

    private async Task SendAsync(IClientProxy client)
    {
        try
        {
            await foreach ((string method, object payload) in _queue.Reader.ReadAllAsync(_stop.Token))
                await client.SendCoreAsync(method, [payload], _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (Exception exception)
        {
            // The socket broke, or a message does not serialise: the client resumes with a snapshot.
            RtcSignallingLog.SendingEnded(_logger, _connectionId, exception);
            _abort();
        }
    }
}
