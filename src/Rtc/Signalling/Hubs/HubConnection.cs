namespace Events.Rtc.Signalling.Hubs;

/// <summary>What the hub knows of one connection.</summary>
internal sealed class HubConnection
{
    /// <summary>Calls refused in a row before the connection is dropped: a client with a bug backs off sooner.</summary>
    public const int MaxRefusedCalls = 500;

    /// <summary>A connection that is in no room for so long is dropped: it holds a socket, and a message that it may never end.</summary>
    private static readonly TimeSpan JoinDeadline = TimeSpan.FromSeconds(30);

    private readonly ITimer _deadline;
    private readonly Lock _gate = new();
    private HubSession? _session;
    private ConnectionEvents? _events;
    private bool _isGone;

    /// <param name="budget">The calls it may make.</param>
    /// <param name="abort">Drops it.</param>
    /// <param name="clock">Of the deadline.</param>
    public HubConnection(TokenBucket budget, Action abort, TimeProvider clock)
    {
        Budget = budget;
        _deadline = clock.CreateTimer(
            _ =>
            {
                if (Session is null)
                    abort();
            },
            null,
            JoinDeadline,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>The calls it may make; touched by one call at a time.</summary>
    public TokenBucket Budget { get; }

    /// <summary>Calls refused since the last one that was let through.</summary>
    public int RefusedCalls { get; set; }

    /// <summary>The session it speaks for; null before join, after the participant is out, and once another connection speaks for it.</summary>
    public HubSession? Session => Bound?.Session;

    /// <summary>The session, and the events by which it is told from a connection that has resumed it since.</summary>
    public (HubSession Session, ConnectionEvents Events)? Bound
    {
        get
        {
            lock (_gate)
            {
                return _session is { IsOver: false } session && _events is { } events && session.Connection == events && !session.Participant.IsGone
                    ? (session, events)
                    : null;
            }
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

        return true;
    }

    /// <summary>Its participant is out; another comes in before the deadline.</summary>
    public void SessionEnded()
    {
        lock (_gate)
        {
            if (!_isGone)
                _deadline.Change(JoinDeadline, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The connection ended; gives what was bound to it.</summary>
    public (HubSession Session, ConnectionEvents Events)? Gone()
    {
        lock (_gate)
        {
            _isGone = true;
            _deadline.Dispose();
            return _session is not null && _events is not null ? (_session, _events) : null;
        }
    }
}
