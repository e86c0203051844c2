using System.Diagnostics;
using Events.Tests.EndToEnd.Installation;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Faults;

/// <summary>A newcomer's one command: <c>./run.sh</c>, and that nothing outlives it.</summary>
[Collection("run.sh")]
public sealed class RunScriptTests(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>The first start may build, which takes minutes on a machine that has other work too.</summary>
    private static readonly TimeSpan FirstStart = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SecondStart = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(10);

    private readonly PortPlan _ports = PortPlan.Find();
    private readonly string _data = Directory.CreateTempSubdirectory("events-run-").FullName;
    private readonly List<string> _log = [];

    [Fact]
    public async Task It_starts_stops_on_SIGTERM_starts_again_in_seconds_and_takes_everything_along_when_killed()
    {
        await using (var first = await StartAsync(FirstStart))
        {
            output.WriteLine($"first start: {first.StartTime.TotalSeconds:0.0} s (with whatever had to be built)");
            var tree = Family(first);
            var stopping = Stopwatch.StartNew();
            first.Signal(Signal.Terminate);
            await first.WaitForExitAsync(EventsProcess.StopPatience);
            await AssertGoneAsync(tree);
            output.WriteLine($"SIGTERM: all {tree.Count} processes gone after {stopping.Elapsed.TotalSeconds:0.0} s");
        }

        await using var second = await StartAsync(SecondStart);
        output.WriteLine($"second start: {second.StartTime.TotalSeconds:0.0} s");
        var children = Family(second);
        var killed = Stopwatch.StartNew();
        second.Signal(Signal.Kill);
        await AssertGoneAsync(children);
        output.WriteLine($"SIGKILL: all {children.Count} processes gone after {killed.Elapsed.TotalSeconds:0.0} s");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        lock (_log)
        {
            foreach (var line in _log.TakeLast(80))
            {
                output.WriteLine(line);
            }
        }

        Directory.Delete(_data, recursive: true);
        return Task.CompletedTask;
    }

    private Task<EventsProcess> StartAsync(TimeSpan patience) =>
        EventsProcess.StartAsync([Path.Combine(Repository.Root, "run.sh")], RunningInstallation.EnvironmentFor(_ports, _data), _log, patience);

    /// <summary>The supervisor, its roles, PostgreSQL and its workers.</summary>
    private static IReadOnlyList<ProcessRow> Family(EventsProcess events)
    {
        var tree = ProcessTable.TreeOf(events.Pid);
        Assert.All((string[])["platform", "media", "mixer"], role => Assert.Contains(tree, p => p.HasArguments("--role", role)));
        Assert.Contains(tree, p => p.Mentions("postgres"));
        return tree;
    }

    private static Task AssertGoneAsync(IReadOnlyList<ProcessRow> tree) =>
        Until.True("every process is gone", Gone, () => tree.All(p => !ProcessTable.Lives(p.Pid)));
}
