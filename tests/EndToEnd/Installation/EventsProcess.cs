using System.Diagnostics;
using System.Globalization;

namespace Events.Tests.EndToEnd.Installation;

/// <summary>The product as a user starts it: one supervisor process, its environment, and everything that it says.</summary>
public sealed class EventsProcess : IAsyncDisposable
{
    public static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    /// <summary>What the supervisor may take to stop: six seconds for the roles, three for the database, and a moment.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(12);

    private readonly Process _process;
    private readonly List<string> _log;
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EventsProcess(Process process, List<string> log)
    {
        _process = process;
        _log = log;
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Time from the start to the line <c>ready</c>.</summary>
    public TimeSpan StartTime { get; private set; }

    /// <summary>Starts a program of this product and waits for its line <c>ready http://…</c>.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="environment">On top of the inherited one.</param>
    /// <param name="log">Collects its output, also over several starts.</param>
    /// <param name="patience">For the line.</param>
    public static async Task<EventsProcess> StartAsync(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, List<string> log, TimeSpan patience)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var begin = Stopwatch.GetTimestamp();
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var events = new EventsProcess(process, log);
        process.OutputDataReceived += (_, e) => events.Heard(e.Data);
        process.ErrorDataReceived += (_, e) => events.Heard(e.Data);
        process.Exited += (_, _) => events._ready.TrySetException(new InvalidOperationException($"It ended before it was ready.\n{events.Tail(60)}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await events._ready.Task.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            var tail = events.Tail(60);
            await events.DisposeAsync();
            throw new TimeoutException($"No line \"ready\" within {patience.TotalSeconds:0} s.\n{tail}");
        }

        events.StartTime = Stopwatch.GetElapsedTime(begin);
        return events;
    }

    /// <summary>The last lines of its output.</summary>
    public string Tail(int lines)
    {
        lock (_log)
        {
            return string.Join('\n', _log.TakeLast(lines));
        }
    }

    /// <summary>The process id of a role, found among the supervisor's children.</summary>
    public int PidOf(string role) => TryPidOf(role) ?? throw new InvalidOperationException($"No {role} role runs.");

    public int? TryPidOf(string role) =>
        ProcessTable.Read().FirstOrDefault(p => p.Parent == Pid && p.HasArguments("--role", role))?.Pid;

    public void Signal(Signal signal) => ProcessTable.Send(Pid, signal);

    public Task WaitForExitAsync(TimeSpan patience) => _process.WaitForExitAsync().WaitAsync(patience);

    /// <summary>Asks it to stop as a terminal or a service manager does, and insists after <see cref="StopPatience"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal(Installation.Signal.Terminate);
            try
            {
                await WaitForExitAsync(StopPatience);
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
                Heard("(it did not stop in time and was killed)");
            }
        }

        _process.Dispose();
    }

    private void Heard(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            _log.Add(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {line}"));
        }

        if (line.StartsWith("ready http", StringComparison.Ordinal))
        {
            _ready.TrySetResult(line);
        }
    }
}
