using System.Globalization;

namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>How long tests fuzz: briefly and always the same, or long and always anew.</summary>
internal static class FuzzBudgets
{
    private const int DefaultSeed = 20_260_101;

    /// <summary>
    /// 20,000 inputs or 2 s a target; with <c>EVENTS_LONG_TESTS=1</c> 60 s and a fresh seed, which <c>EVENTS_FUZZ_SEED</c> sets.
    /// </summary>
    public static FuzzBudget FromEnvironment()
    {
        var isLong = Environment.GetEnvironmentVariable("EVENTS_LONG_TESTS") == "1";
        var given = int.TryParse(Environment.GetEnvironmentVariable("EVENTS_FUZZ_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed);
        return isLong
            ? new(int.MaxValue, TimeSpan.FromSeconds(60), given ? seed : Random.Shared.Next())
            : new(20_000, TimeSpan.FromSeconds(2), given ? seed : DefaultSeed);
    }
}
