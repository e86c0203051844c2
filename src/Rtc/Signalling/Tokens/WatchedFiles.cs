using System.Security.Cryptography;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>Key files that are looked at again while we run, so that a rotation needs no restart. Safe to use from any thread.</summary>
/// <param name="read">What the files hold; null: they never change.</param>
/// <param name="parse">What that means.</param>
/// <param name="first">What they held at the start.</param>
/// <param name="clock">Tells when to look.</param>
internal sealed class WatchedFiles<TContent, TParsed>(Func<TContent>? read, Func<TContent, TParsed> parse, TContent first, TimeProvider clock)
    where TContent : IEquatable<TContent>
    where TParsed : class
{
    /// <summary>A key that was taken away is trusted for this much longer.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private volatile TParsed _current = parse(first);
    private TContent _content = first;
    private long _lookedAt = clock.GetTimestamp();

    /// <summary>As of the last second.</summary>
    public TParsed Current()
    {
        if (clock.GetElapsedTime(Interlocked.Read(ref _lookedAt)) >= LookEvery)
            Look();
        return _current;
    }

    /// <summary>Whether the files have changed; files that cannot be used leave everything as it was.</summary>
    public bool Look()
    {
        if (read is null)
            return false;
        lock (_gate)
        {
            Interlocked.Exchange(ref _lookedAt, clock.GetTimestamp());
            try
            {
                // What they hold, not when they were written: two writes may fall into one tick of the file system's clock.
                TContent content = read();
                if (content.Equals(_content))
                    return false;
                _current = parse(content);
                _content = content;
                return true;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
            {
                return false; // between the files of a rotation, or an operator's slip: the next look may find better
            }
        }
    }
}
