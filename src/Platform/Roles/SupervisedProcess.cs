using System.Diagnostics;

namespace Events.Platform.Roles;

/// <summary>What to start, and how it is called in the log.</summary>
/// <param name="Name">Prefix of its output lines.</param>
/// <param name="FileName">Program.</param>
/// <param name="Arguments">Its arguments, never one string.</param>
internal sealed record ProcessPlan(string Name, string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>Variables set on top of the inherited ones.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string? WorkingDirectory { get; init; }

    /// <summary>Runs before every start, the first and the later ones.</summary>
    public Func<CancellationToken, Task> BeforeStart { get; init; } = _ => Task.CompletedTask;

    /// <summary>Which of its lines are worth showing.</summary>
    public Func<string, bool> Shows { get; init; } = _ => true;
}

/// <summary>
/// One child process that is started again whenever it dies. It runs in a session of its own, so that Ctrl+C in the
/// terminal reaches only the supervisor, and holds the read end of a pipe as stdin, whose end asks it to stop.
/// </summary>
internal sealed class SupervisedProcess(ProcessPlan plan, Action<string, string> writeLine)
{
    /// <summary>A process that lived this long is healthy: its next restart happens at once.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private Process? _current;
    private Task _running = Task.CompletedTask;

    public string Name => plan.Name;

    /// <summary>Exit code of the last incarnation that ended by itself; null while none did.</summary>
    public int? LastExitCode { get; private set; }

    public int Restarts { get; private set; }

    public void Start() => _running = RunAsync();

    /// <summary>Asks the process to stop by closing its stdin, and kills it and what it started after <paramref name="patience"/>.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        CloseStdin();
        try
        {
            await _running.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            writeLine("supervisor", $"{Name} did not stop within {patience.TotalSeconds:0} s and is killed");
            lock (_gate)
            {
                _current?.Kill(entireProcessTree: true);
            }

            await _running.WaitAsync(patience);
        }
    }

    private async Task RunAsync()
    {
        var quickDeaths = 0;
        while (!_stopping.IsCancellationRequested)
        {
            var startedAt = Stopwatch.GetTimestamp();
            try
            {
                await plan.BeforeStart(_stopping.Token);
                await RunOnceAsync();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or IOException)
            {
                writeLine("supervisor", $"{Name} cannot be started: {e.Message}");
            }

            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            quickDeaths = Stopwatch.GetElapsedTime(startedAt) > Settled ? 0 : quickDeaths + 1;
            var delay = quickDeaths <= 1 ? TimeSpan.Zero : Min(FirstDelay * Math.Pow(2, Math.Min(quickDeaths - 2, 8)), LongestDelay);
            writeLine("supervisor", $"{Name} ended with exit code {LastExitCode}; starting it again{(delay > TimeSpan.Zero ? $" in {delay.TotalSeconds:0.#} s" : "")}");
            Restarts++;
            await Task.Delay(delay, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOnceAsync()
    {
        // setsid(1) execs in place when it is no group leader, which a fresh child never is: the pid stays the program's.
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = plan.WorkingDirectory ?? "",
        };
        start.ArgumentList.Add(plan.FileName);
        foreach (var argument in plan.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in plan.Environment)
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Forward(e.Data);
        process.ErrorDataReceived += (_, e) => Forward(e.Data);
        lock (_gate)
        {
            process.Start();
            _current = process;
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (_stopping.IsCancellationRequested)
        {
            CloseStdin();
        }

        // WaitForExitAsync also waits for the end of output, which a grandchild may hold open: so it is given a second after the exit.
        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => exited.TrySetResult();
        if (process.HasExited)
        {
            exited.TrySetResult();
        }

        await exited.Task;
        await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(1)));
        lock (_gate)
        {
            _current = null;
        }

        LastExitCode = process.ExitCode;
    }

    private void Forward(string? line)
    {
        if (!string.IsNullOrEmpty(line) && plan.Shows(line))
        {
            writeLine(Name, line);
        }
    }

    private void CloseStdin()
    {
        lock (_gate)
        {
            _current?.StandardInput.Close();
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
