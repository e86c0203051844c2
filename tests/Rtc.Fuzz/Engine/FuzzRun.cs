using System.Diagnostics;

namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>How much to try.</summary>
/// <param name="Iterations">Mutated inputs at most.</param>
/// <param name="Time">And no longer than this.</param>
/// <param name="Seed">Of the mutator.</param>
internal sealed record FuzzBudget(int Iterations, TimeSpan Time, int Seed);

/// <summary>What a run did.</summary>
internal sealed record FuzzReport(int Inputs, TimeSpan Elapsed, TimeSpan Slowest, long MostAllocated, long Retained, long NativeRetained);

/// <summary>Replays a target's corpus, then feeds it mutations. An input that breaks it is cut down, kept, and named in the failure.</summary>
internal sealed class FuzzRun(IFuzzTarget target, FuzzBudget budget)
{
    /// <summary>
    /// CPU time: work on 1,500 bytes takes microseconds, so a tenth of a second is an attack. One slow run may be a collection or code that is
    /// compiled, so an input is slow only when it is slow three times.
    /// </summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMilliseconds(100);

    private const int Repeats = 3;

    /// <summary>Managed bytes that may stay behind a whole run: caches and pools, nothing that grows with the inputs.</summary>
    private const long RetainedLimit = 8 * 1024 * 1024;

    /// <summary>
    /// Native bytes that may stay behind: the working set less what the collector has committed. Code that is compiled meanwhile and the
    /// allocator's slack are in it; twenty thousand lost sessions or cipher contexts would be far above.
    /// </summary>
    private const long NativeRetainedLimit = 48 * 1024 * 1024;

    /// <summary>Inputs that were mutated before and are mutated further.</summary>
    private const int MaxEvolved = 64;

    /// <summary>Attempts to make a crashing input smaller.</summary>
    private const int MaxCuts = 2_000;

    private TimeSpan _slowest;
    private long _mostAllocated;

    public FuzzReport Execute()
    {
        var watch = Stopwatch.StartNew();
        var crashes = Corpus.Crashes(target.Name);
        List<byte[]> pool = [.. Corpus.Seeds(target.Name), .. target.Seeds];
        var inputs = 0;

        // The first call of anything allocates what stays: tables, type initialisers, pools.
        _ = Failure(pool[0]);
        (_slowest, _mostAllocated) = (TimeSpan.Zero, 0);
        foreach (var input in crashes.Concat(pool))
        {
            Try(input);
            inputs++;
        }

        pool.AddRange(crashes);
        var firstEvolved = pool.Count;
        var mutator = new Mutator(budget.Seed, target.Words, target.MaxLength);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var nativeBefore = NativeBytes();
        for (var i = 0; i < budget.Iterations && watch.Elapsed < budget.Time; i++)
        {
            var input = mutator.Next(pool);
            Try(input);
            inputs++;
            if (mutator.OneIn(100))
            {
                Evolve(pool, firstEvolved, input, mutator);
            }
        }

        var retained = GC.GetTotalMemory(forceFullCollection: true) - before;
        var native = NativeBytes() - nativeBefore;
        return retained <= RetainedLimit && native <= NativeRetainedLimit
            ? new(inputs, watch.Elapsed, _slowest, _mostAllocated, retained, native)
            : throw new BrokenInvariantException(
                $"{target.Name}, seed {budget.Seed}: {retained} managed and {native} native bytes stayed behind after {inputs} inputs.");
    }

    private static long NativeBytes() => Environment.WorkingSet - GC.GetGCMemoryInfo().TotalCommittedBytes;

    private static void Evolve(List<byte[]> pool, int first, byte[] input, Mutator mutator)
    {
        if (pool.Count < first + MaxEvolved)
        {
            pool.Add(input);
        }
        else
        {
            pool[first + mutator.Pick(MaxEvolved)] = input;
        }
    }

    private void Try(byte[] input)
    {
        var failure = Failure(input);
        if (failure is null)
        {
            return;
        }

        if (target.IsRepeatable)
        {
            (input, failure) = Cut(input, failure);
        }

        var file = Corpus.KeepCrash(target.Name, input);
        throw new BrokenInvariantException(
            $"{target.Name}, seed {budget.Seed}: {failure.Message}\nKept as {file}: {Convert.ToHexString(input.AsSpan(0, Math.Min(input.Length, 400)))}\n{failure}");
    }

    /// <summary>What is wrong with this input, or null.</summary>
    private Exception? Failure(byte[] input)
    {
        var fastest = TimeSpan.MaxValue;
        var least = long.MaxValue;
        for (var i = 0; i < Repeats && (fastest > TimeLimit || least > target.AllocationLimit); i++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var start = ThreadClock.Now;
            try
            {
                target.Run(input);
            }
            catch (Exception exception)
            {
                // Everything: whatever comes out of a parser is the finding.
                return exception;
            }

            var elapsed = ThreadClock.Now - start;
            fastest = elapsed < fastest ? elapsed : fastest;
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }

        _slowest = fastest > _slowest ? fastest : _slowest;
        _mostAllocated = Math.Max(_mostAllocated, least);
        return fastest > TimeLimit ? new BrokenInvariantException($"An input took {fastest.TotalMilliseconds:F0} ms.")
            : least > target.AllocationLimit ? new BrokenInvariantException($"An input allocated {least} bytes; {target.AllocationLimit} are allowed.")
            : null;
    }

    /// <summary>Drops pieces as long as the same kind of failure stays.</summary>
    private (byte[] Input, Exception Failure) Cut(byte[] input, Exception failure)
    {
        var cuts = 0;
        for (var piece = Math.Max(1, input.Length / 2); piece > 0; piece /= 2)
        {
            for (var at = 0; at + piece <= input.Length && cuts < MaxCuts; cuts++)
            {
                byte[] smaller = [.. input[..at], .. input[(at + piece)..]];
                if (Failure(smaller) is { } still && still.GetType() == failure.GetType())
                {
                    (input, failure) = (smaller, still);
                }
                else
                {
                    at += piece;
                }
            }
        }

        return (input, failure);
    }
}
