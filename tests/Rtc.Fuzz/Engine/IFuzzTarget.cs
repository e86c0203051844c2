namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>One parser, or one machine behind a wire, that takes any bytes.</summary>
public interface IFuzzTarget : IDisposable
{
    /// <summary>Also the name of its corpus folder.</summary>
    string Name { get; }

    /// <summary>Well-formed inputs that mutation starts from.</summary>
    IEnumerable<byte[]> Seeds { get; }

    /// <summary>Words that mutation inserts.</summary>
    IReadOnlyList<byte[]> Words => [];

    /// <summary>Longest input: a datagram unless it says otherwise.</summary>
    int MaxLength => 1_500;

    /// <summary>Managed bytes that one input may make it allocate; 0 for the packet path.</summary>
    long AllocationLimit { get; }

    /// <summary>Whether the same input does the same again: false where keys are random.</summary>
    bool IsRepeatable => true;

    /// <summary>Feeds one input. Throws when an invariant does not hold; whatever else is thrown is a crash.</summary>
    void Run(ReadOnlySpan<byte> input);

    /// <summary>Frees what it holds and throws when native objects are left.</summary>
    void IDisposable.Dispose()
    {
    }
}

/// <summary>What a target promises did not hold.</summary>
public sealed class BrokenInvariantException(string message) : Exception(message);

/// <summary>Invariants for targets.</summary>
internal static class Demand
{
    /// <param name="holds">The invariant.</param>
    /// <param name="what">The sentence that is not true.</param>
    public static void That(bool holds, string what)
    {
        if (!holds)
        {
            throw new BrokenInvariantException(what);
        }
    }
}
