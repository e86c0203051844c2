namespace Events.Rtc.Protocol.Streams;

/// <summary>
/// Which packets of a stream with RED its plain receivers have been given: each once, whether it arrived itself or as the redundancy of a later one
/// (RFC 2198 §4). With two payloads for one number a receiver's nonce would serve twice (RFC 3711 §9.1).
/// </summary>
public struct RedRecovery
{
    private ArrivalWindow _given;
    private long _first;
    private bool _started;

    /// <summary>
    /// The redundancy is of what was sent before the beginning: before the first packet, or while nothing might be forwarded. Nobody is to be
    /// given that.
    /// </summary>
    /// <param name="extendedSequence">Of the packet.</param>
    /// <param name="olderBlocks">What it repeats: the packets right before it.</param>
    public readonly bool ReachesBack(long extendedSequence, int olderBlocks) =>
        olderBlocks > 0 && (!_started || extendedSequence - olderBlocks < _first);

    /// <summary>A packet arrived. False when it was recovered before.</summary>
    public bool TryArrive(long extendedSequence)
    {
        if (!_started)
        {
            _started = true;
            _first = extendedSequence;
        }

        return _given.TryAdd(extendedSequence);
    }

    /// <summary>A later packet repeats this one. True when it is missing, and from then on not any more.</summary>
    public bool TryRecover(long extendedSequence) => _started && extendedSequence >= _first && _given.TryAdd(extendedSequence);
}
