using System.Diagnostics;

namespace Events.Tests.EndToEnd.Supervision;

/// <summary>Starting, stopping and dying of the whole product.</summary>
public sealed class SupervisorTests
{
    [Fact]
    public async Task It_starts_again_in_seconds_and_sigterm_stops_it_cleanly()
    {
        await using var installation = new Installation();
        await installation.StartAsync();
        await installation.WaitUntilReadyAsync(installation.HttpPort, TimeSpan.FromSeconds(1));
        await installation.WaitUntilReadyAsync(installation.MediaPort, TimeSpan.FromSeconds(1));
        await installation.WaitUntilReadyAsync(installation.MixerPort, TimeSpan.FromSeconds(1));
        var start = Stopwatch.GetTimestamp();
        Assert.Equal(0, await installation.TerminateAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 10);
        Assert.Empty(installation.Pids());
        Assert.False(File.Exists(Path.Combine(installation.DataDirectory, "postgres/data/postmaster.pid")));

        var again = await installation.StartAsync();
        Assert.InRange(again.TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task Killing_the_supervisor_stops_everything_and_it_starts_again()
    {
        await using var installation = new Installation();
        await installation.StartAsync();
        Assert.NotEmpty(installation.Pids("--role media"));
        await installation.KillAsync();
        await installation.WaitUntilNothingRunsAsync(TimeSpan.FromSeconds(15));

        // Killed and started at once: the old roles are still letting go of ports and cluster.
        await installation.StartAsync();
        await installation.KillAsync();
        await installation.StartAsync();
    }

    [Fact]
    public async Task A_killed_role_is_back_within_seconds_and_the_others_go_on()
    {
        await using var installation = new Installation();
        await installation.StartAsync();
        foreach (var (role, port) in new[] { ("media", installation.MediaPort), ("mixer", installation.MixerPort), ("platform", installation.HttpPort) })
        {
            var others = installation.Pids("--role").Except(installation.Pids($"--role {role}")).ToList();
            installation.KillRole(role);
            await installation.WaitUntilReadyAsync(port, TimeSpan.FromSeconds(15));
            Assert.Equal(others.Order(), installation.Pids("--role").Except(installation.Pids($"--role {role}")).Order());
        }

        installation.KillDatabase();
        await installation.WaitUntilReadyAsync(installation.HttpPort, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_second_supervisor_and_a_taken_port_are_refused_with_one_line()
    {
        await using var installation = new Installation();
        await installation.StartAsync();
        var second = await installation.RunToEndAsync();
        Assert.Equal(2, second.ExitCode);
        Assert.Contains("Another supervisor", Assert.Single(Lines(second.Errors)), StringComparison.Ordinal);

        await using var neighbour = new Installation();
        var taken = await neighbour.RunToEndAsync(("EVENTS_HTTP_PORT", $"{installation.HttpPort}"));
        Assert.Equal(2, taken.ExitCode);
        Assert.Contains($"Port {installation.HttpPort}", Assert.Single(Lines(taken.Errors)), StringComparison.Ordinal);

        var open = await neighbour.RunToEndAsync(("EVENTS_OPEN_WHIP", "1"), ("ASPNETCORE_ENVIRONMENT", "Production"));
        Assert.Equal(2, open.ExitCode);
        Assert.Contains("EVENTS_OPEN_WHIP", Assert.Single(Lines(open.Errors)), StringComparison.Ordinal);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
