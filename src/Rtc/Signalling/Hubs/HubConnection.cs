namespace Events.Rtc.Signalling.Hubs;

/// <summary>What the hub knows of one connection.</summary>
internal sealed class HubConnection(TokenBucket budget, ITimer joinDeadline)
{
    /// <summary>Calls refused in a row before the connection is dropped: a client with a bug backs off sooner.</summary>
    public const int MaxRefusedCalls = 500;

    private readonly Lock _gate = new();
    private HubSession? _session;
    private ConnectionEvents? _events;
    private bool _isGone;

    /// <summary>The calls it may make; touched by one call at a time.</summary>
    public TokenBucket Budget { get; } = budget;

    /// <summary>Calls refused since the last one that was let through.</summary>
    public int RefusedCalls { get; set; }

    /// <summary>The session it speaks for; null before join, and after the participant is out.</summary>
    public HubSession? Session
    {
        get
        {
            lock (_gate)
                return _session is { IsOver: false } session && !session.Participant.IsGone ? session : null;
        }
    }

    /// <summary>Binds a session; false when the connection is gone meanwhile.</summary>
    public bool TryBind(HubSession session, ConnectionEvents events)
    {
        lock (_gate)
        {
            if (_isGone)
                return false;
            _session = session;
            _events = events;
        }

        joinDeadline.Dispose();
        return true;
    }

    /// <summary>The connection ended; gives what was bound to it.</summary>
    public (HubSession Session, ConnectionEvents Events)? Gone()
    {
        joinDeadline.Dispose();
        lock (_gate)
        {
            _isGone = true;
            return _session is not null && _events is not null ? (_session, _events) : null;
        }
    }
}
