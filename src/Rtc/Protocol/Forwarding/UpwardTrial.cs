using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// Tries the next step up with the media itself. Of a path that nothing ran into an estimate knows only what was asked of it so far, and probes may fail for
/// reasons that are none of the path's: no stream to pad, a receiver that gets no processor and reads late. Nobody is kept below what is wanted for long because of
/// that. Whoever was congested is tried rarely, and more rarely each time that it fails.
/// </summary>
public struct UpwardTrial
{
    /// <summary>Of a path that has never been full: an estimator's first probes have answered by then, and a step's first second is seen.</summary>
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);

    /// <summary>After congestion: five probes have had their chance. Doubles with each trial that ends in congestion.</summary>
    private static readonly TimeSpan MinWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(60);

    /// <summary>Congestion so soon after a step is the step's doing.</summary>
    private static readonly TimeSpan LastingStep = TimeSpan.FromSeconds(10);

    private TimeSpan _wait;
    private MonotonicTime _since;
    private MonotonicTime _steppedAt;
    private bool _stepped;

    /// <summary>What may be handed out as if it were known to fit; zero: no more than the estimate.</summary>
    public Bitrate Level { get; private set; }

    /// <summary>Every time that layers are decided, before.</summary>
    /// <param name="goal">Needed in all for the next step, with its margin; zero: nothing is withheld.</param>
    /// <param name="estimate">What is known to fit.</param>
    /// <param name="isCongested">The path is full.</param>
    /// <param name="now">The present.</param>
    public void Update(Bitrate goal, Bitrate estimate, bool isCongested, MonotonicTime now)
    {
        if (isCongested)
        {
            var failed = _stepped && now - _steppedAt < LastingStep;
            _wait = failed ? Within(_wait * 2) : Within(_wait);
            Level = Bitrate.Zero;
            _stepped = false;
            _since = now;
            return;
        }

        if (_stepped && now - _steppedAt >= LastingStep)
        {
            _stepped = false;
            _wait = TimeSpan.Zero; // It lasted: this path is not the one that was full.
        }

        if (goal <= estimate || goal <= Level)
        {
            _since = now; // Nothing is withheld, or the step that was allowed has yet to be taken.
        }
        else if (now - _since >= (_wait == TimeSpan.Zero ? FirstWait : _wait))
        {
            Level = goal;
            _since = _steppedAt = now;
            _stepped = true;
        }
    }

    private static TimeSpan Within(TimeSpan wait) => wait < MinWait ? MinWait : wait > MaxWait ? MaxWait : wait;
}
