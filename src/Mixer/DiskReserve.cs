namespace Events.Mixer;

/// <summary>
/// Room that recordings leave on their disk: the private PostgreSQL has its files on the same one, and ends when it cannot write. A composite leaves twice as much, as it can
/// be made later; what is said now cannot be said again.
/// </summary>
/// <param name="bytes">How much is left alone; 0: nothing.</param>
/// <param name="available">Asks how many bytes are free.</param>
internal sealed class DiskReserve(long bytes, Func<long> available)
{
    private volatile bool _isTouched;

    /// <summary>The reserve of the disk on which a directory is.</summary>
    public DiskReserve(long bytes, string directory)
        : this(bytes, () => Available(directory))
    {
    }

    /// <summary>Whether nothing may be recorded. Once so, it is until there is an eighth more, lest recordings end and go on with each file that somebody deletes.</summary>
    public bool IsTouched()
    {
        var wanted = _isTouched ? bytes + (bytes / 8) : bytes;
        return _isTouched = wanted > 0 && available() < wanted;
    }

    /// <summary>To be asked before a composite takes more.</summary>
    /// <param name="more">How many bytes.</param>
    /// <exception cref="DiskLowException">It has to wait.</exception>
    public void LeaveForComposite(long more = 0)
    {
        if (bytes > 0 && available() - more < 2 * bytes)
        {
            throw new DiskLowException();
        }
    }

    private static long Available(string directory)
    {
        try
        {
            return new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Who cannot tell is no reason to record nothing: a disk that is full says so itself.
            return long.MaxValue;
        }
    }
}

/// <summary>A composite would take what is left for the database and for recordings.</summary>
internal sealed class DiskLowException() : Exception("The disk has too little room for a composite.");
