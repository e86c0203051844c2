using System.Globalization;
using System.Text.RegularExpressions;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Faults;

/// <summary>
/// Publishers and viewers come and go without end: memory, handles, threads and transports of the media role stay what they are (2 minutes; 20 with
/// <c>--long</c>).
/// </summary>
[Collection(SharedInstallation.Name)]
public sealed partial class ChurnTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(Environment.GetEnvironmentVariable("EVENTS_LONG_TESTS") == "1" ? 20 : 2);

    /// <summary>Until every pool, cache and generation has the size that it needs.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Stay = TimeSpan.FromMilliseconds(30);

    private const int AtOnce = 6;
    private const double MostMegabytesMore = 24;
    private const int MostHandlesMore = 12;
    private const int MostThreadsMore = 8;
    private const string FullCollections = "dotnet_gc_collections_total{gc_heap_generation=\"gen2\"}";

    /// <summary>
    /// A join allocates 50 to 150 KB, and the role's young generation has at most 0.5 MB, so that no collection is long (docs/performance.md): one for three to seven joins. The runtime ignores
    /// settings whose names it does not know, and would make one for twenty to forty.
    /// </summary>
    private const int MostJoinsPerCollection = 10;

    [Fact]
    public async Task Coming_and_going_costs_no_memory_handles_or_threads()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Churn");
        var speaking = await api.GrantAsync(session.Id, publish: true);
        var watching = await api.GrantAsync(session.Id, publish: false);
        await using var speaker = await Speaker.StartAsync(Stacks.Default, speaking.MediaUrl, speaking.Room, speaking.Grant);
        var pid = Installation.Process.PidOf("media");
        var seen = 0;
        using var over = new CancellationTokenSource(Length);
        var guests = Enumerable.Range(0, AtOnce).Select(async guest =>
        {
            while (!over.IsCancellationRequested)
            {
                await using var viewer = await Viewer.StartAsync(Stacks.Default, watching.MediaUrl, watching.Room, watching.Grant);
                await Until.True("a guest sees the speaker", Patience, () => viewer.Frames > 0);
                Interlocked.Increment(ref seen);
                await Task.Delay(Stay); // Else a quiet machine makes more of them than one address may.
            }
        }).ToList();

        await Task.Delay(WarmUp);
        var before = Usage.Of(pid);
        var atStart = Volatile.Read(ref seen);
        var full = await GaugeAsync(FullCollections);
        var standing = await GaugeAsync("events_gc_full_blocking_total");
        await Task.WhenAll(guests);
        await Until.True("all transports of guests are gone", Patience, async () => await GaugeAsync("events_rtc_transports") <= 1);
        var after = Usage.Of(pid);
        var collections = await GaugeAsync("events_gc_pause_seconds_count");
        Output.WriteLine($"{seen} joins and {collections} collections in {Length.TotalSeconds:0} s; before, after {atStart} joins: {before}; after: {after}");

        Assert.True(seen > atStart + 100, $"{seen} joins");
        Assert.True(after.Megabytes < before.Megabytes + MostMegabytesMore, $"{before} → {after}");
        Assert.True(after.Handles <= before.Handles + MostHandlesMore, $"{before} → {after}");
        Assert.True(after.Threads <= before.Threads + MostThreadsMore, $"{before} → {after}");
        Assert.True(collections > seen / MostJoinsPerCollection, $"{seen} joins, {collections} collections");
        Assert.Equal(1, speaker.Connections);
        Assert.Equal(0, await GaugeAsync("events_rtc_faults_total"));
        // Full collections are made beside the calls (BackgroundCollections).
        Assert.True(await GaugeAsync(FullCollections) > full, "none was due");
        Assert.Equal(standing, await GaugeAsync("events_gc_full_blocking_total"));
    }

    private async Task<double> GaugeAsync(string name)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri(Installation.MediaUrl, "/metrics"));
        var line = text.Split('\n').Single(l => l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + "{", StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Of one process, from proc(5).</summary>
    private sealed partial record Usage(double Megabytes, int Handles, int Threads)
    {
        public static Usage Of(int pid)
        {
            var kilobytes = Resident().Match(File.ReadAllText($"/proc/{pid}/status")).Groups[1].Value;
            return new(
                int.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024.0,
                Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length,
                Directory.GetDirectories($"/proc/{pid}/task").Length);
        }

        [GeneratedRegex(@"VmRSS:\s+(\d+) kB")]
        private static partial Regex Resident();
    }
}
