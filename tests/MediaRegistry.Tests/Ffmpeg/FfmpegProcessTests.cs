using System.Diagnostics;
using Events.MediaRegistry.Ffmpeg;

namespace Events.Tests.MediaRegistry.Tests.Ffmpeg;

public sealed class FfmpegProcessTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    private readonly string _directory = Directory.CreateTempSubdirectory("ffmpeg-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Progress_is_reported_up_to_the_end()
    {
        var reports = new List<FfmpegProgress>();
        var output = Path.Combine(_directory, "it's, a: name [1].mp4");
        var arguments = FfmpegArguments.Create().Add("-f", "lavfi", "-i", "testsrc2=s=320x180:d=2").OutputFile(output).Build();
        await using (var process = FfmpegProcess.Start("ffmpeg", arguments, progress: reports.Add))
        {
            Assert.Null(await process.Completion.WaitAsync(Deadline));
        }

        Assert.True(reports[^1].Ended);
        Assert.Equal(50, reports[^1].Frame);
        var probe = await Probe.FileAsync("ffprobe", output);
        Assert.Equal(2, probe.Duration.TotalSeconds, 0.1);
        Assert.Equal((320, 180, 25.0), (probe.Video!.Width, probe.Video.Height, probe.Video.FrameRate));
    }

    [Fact]
    public async Task A_failure_names_its_code_and_the_last_lines()
    {
        var arguments = FfmpegArguments.Create().InputFile(Path.Combine(_directory, "missing.mkv")).Add("-f", "null", "-").Build();
        var failure = await Assert.ThrowsAsync<FfmpegException>(() => FfmpegProcess.RunAsync("ffmpeg", arguments, "reading"));
        Assert.Equal("ffmpeg_failed", failure.Failure.Code);
        Assert.Contains("No such file", failure.Message, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<FfmpegException>(() => FfmpegProcess.RunAsync(Path.Combine(_directory, "nothing"), [], "reading"));
        Assert.Equal("ffmpeg_not_found", missing.Failure.Code);
    }

    [Fact]
    public async Task A_killed_child_names_its_signal()
    {
        await using var process = StartEndless(FfmpegPipes.Output);
        await process.Output.ReadExactlyAsync(new byte[100_000]).AsTask().WaitAsync(Deadline);
        process.Kill();
        var failure = await process.Completion.WaitAsync(Deadline);
        Assert.Equal(("ffmpeg_killed", 9), (failure!.Code, failure.Signal));
    }

    [Fact]
    public async Task A_child_gives_way_to_calls_on_the_same_machine_with_all_its_threads()
    {
        var arguments = FfmpegArguments.Create().Add("-f", "lavfi", "-i", "testsrc2=s=1280x720").Add("-c:v", "libx264", "-threads", "4", "-f", "matroska", "pipe:1").Build();
        await using var process = FfmpegProcess.Start("ffmpeg", arguments, FfmpegPipes.Output);
        await process.Output.ReadExactlyAsync(new byte[100_000]).AsTask().WaitAsync(Deadline);
        var threads = Directory.GetDirectories($"/proc/{process.Id}/task");
        Assert.True(threads.Length > 4);

        // proc(5): the nice value is the 19th field; the second one may hold spaces, and ends with a parenthesis.
        Assert.All(threads, t => Assert.Equal("10", File.ReadAllText(Path.Combine(t, "stat")).Split(')')[^1].Split(' ')[17]));
    }

    [Fact]
    public async Task Stop_asks_first_and_then_kills()
    {
        await using var willing = FfmpegProcess.Start(
            "ffmpeg", FfmpegArguments.Create().Add("-re", "-f", "lavfi", "-i", "testsrc2=s=64x64").OutputFile(Path.Combine(_directory, "a.mkv")).Build());
        var watch = Stopwatch.StartNew();
        await willing.StopAsync(Deadline);
        Assert.True(watch.Elapsed < Deadline);

        await using var stubborn = FfmpegProcess.Start("sh", ["-c", "trap '' TERM; echo; while :; do sleep 0.05; done"], FfmpegPipes.Output);
        await stubborn.Output.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Deadline);
        Assert.Equal(9, (await stubborn.StopAsync(TimeSpan.FromMilliseconds(200)))!.Signal);
    }

    [Theory]
    [InlineData(FfmpegPipes.None)]
    [InlineData(FfmpegPipes.Output)]
    [InlineData(FfmpegPipes.Input)]
    public async Task A_child_that_stands_still_is_ended(FfmpegPipes pipes)
    {
        await using var process = FfmpegProcess.Start("sleep", ["1000"], pipes, patience: Short);
        if (pipes == FfmpegPipes.Input)
        {
            await process.Input.WriteAsync(new byte[1]);
        }

        var failure = await process.Completion.WaitAsync(Deadline);
        Assert.Equal(("ffmpeg_stalled", 9), (failure!.Code, failure.Signal));
    }

    [Fact]
    public async Task A_child_whose_output_nobody_takes_does_not_stand_still()
    {
        await using var process = StartEndless(FfmpegPipes.Output, Short);
        await Task.Delay(Short * 5);
        await process.Output.ReadExactlyAsync(new byte[10_000_000]).AsTask().WaitAsync(Deadline);
        Assert.False(process.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_child_without_input_does_not_stand_still_until_that_has_ended()
    {
        await using var process = FfmpegProcess.Start("cat", [], FfmpegPipes.Input, patience: Short);
        await Task.Delay(Short * 5);
        await process.Input.WriteAsync(new byte[1_000_000]);
        await process.CloseInputAsync();
        Assert.Null(await process.Completion.WaitAsync(Deadline));

        await using var deaf = FfmpegProcess.Start("sleep", ["1000"], FfmpegPipes.Input, patience: Short);
        await Task.Delay(Short * 5);
        Assert.False(deaf.Completion.IsCompleted);
        await deaf.CloseInputAsync();
        Assert.Equal("ffmpeg_stalled", (await deaf.Completion.WaitAsync(Deadline))!.Code);
    }

    [Theory]
    [InlineData("out")]
    [InlineData("in")]
    public async Task A_child_ends_when_its_parent_is_killed(string use)
    {
        // The shell stands for us: it holds the other end of the child's only pipe, and is killed with SIGKILL.
        var progress = string.Join(' ', FfmpegArguments.Create().Build());
        var child = use == "out"
            ? $"(sh -c 'echo $$ > pid; exec ffmpeg {progress} -re -f lavfi -i testsrc2=s=64x64 -f rawvideo pipe:1' < /dev/null 2>/dev/null) | cat > /dev/null"
            : $"sleep 1000 | sh -c 'echo $$ > pid; exec ffmpeg {progress} -f rawvideo -s 64x64 -pix_fmt yuv420p -i pipe:0 -f null -' 2>/dev/null";
        using var shell = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", child]) { WorkingDirectory = _directory })!;
        var watch = Stopwatch.StartNew();
        var pidFile = Path.Combine(_directory, "pid");
        await Until(() => File.Exists(pidFile) && File.ReadAllText(pidFile).EndsWith('\n'), watch);
        var pid = int.Parse(File.ReadAllText(pidFile), System.Globalization.CultureInfo.InvariantCulture);
        await Until(() => IsFfmpeg(pid), watch);
        foreach (var other in Descendants(shell.Id).Where(p => p != pid).Append(shell.Id))
        {
            using var process = Process.GetProcessById(other);
            process.Kill();
        }

        await Until(() => !IsFfmpeg(pid), watch);
    }

    private static FfmpegProcess StartEndless(FfmpegPipes pipes, TimeSpan? patience = null) =>
        FfmpegProcess.Start("ffmpeg", FfmpegArguments.Create().Add("-f", "lavfi", "-i", "testsrc2=s=64x64").RawVideoToStandardOutput(30).Build(), pipes, patience: patience);

    private static bool IsFfmpeg(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").StartsWith("ffmpeg", StringComparison.Ordinal)
                && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static List<int> Descendants(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && TryParent(directory, out var parent))
            {
                parents[pid] = parent;
            }
        }

        bool IsBelow(int pid) => parents.TryGetValue(pid, out var parent) && (parent == root || IsBelow(parent));
        return parents.Keys.Where(IsBelow).ToList();
    }

    private static bool TryParent(string directory, out int parent)
    {
        parent = 0;
        try
        {
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return int.TryParse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], out parent);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task Until(Func<bool> condition, Stopwatch watch)
    {
        while (!condition())
        {
            Assert.True(watch.Elapsed < Deadline, "waited in vain");
            await Task.Delay(20);
        }
    }
}
