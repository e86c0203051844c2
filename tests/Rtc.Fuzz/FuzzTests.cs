using Events.Tests.Rtc.Fuzz.Engine;
using Xunit.Abstractions;

// One target at a time: allocation and time are measured.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Events.Tests.Rtc.Fuzz;

public class FuzzTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. TargetList.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Hostile_bytes_neither_crash_nor_stall_nor_leak(string name)
    {
        using var target = TargetList.Create(name);
        var budget = FuzzBudgets.FromEnvironment();
        output.WriteLine($"seed {budget.Seed}");
        var report = new FuzzRun(target, budget).Execute();
        output.WriteLine(
            $"{report.Inputs} inputs in {report.Elapsed.TotalSeconds:F1} s, slowest {report.Slowest.TotalMilliseconds:F2} ms, most allocated {report.MostAllocated} B, left behind {report.Retained} B managed, {report.NativeRetained} B native");
    }

    [Fact]
    public void Every_target_has_a_committed_corpus() =>
        Assert.All(TargetList.Names, name => Assert.NotEmpty(Corpus.Seeds(name)));

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        byte[][] pool = [[1, 2, 3, 4, 5, 6, 7, 8], "sixteen bytes of"u8.ToArray()];
        string Inputs()
        {
            var mutator = new Mutator(7, pool, 64);
            return string.Join(' ', Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(mutator.Next(pool))));
        }

        Assert.Equal(Inputs(), Inputs());
    }
}
