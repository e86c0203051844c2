using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Events.Platform.Roles;

namespace Events.Tests.EndToEnd.Supervision;

/// <summary>The whole product on free ports in a data directory of its own, started as run.sh starts it.</summary>
public sealed partial class Installation : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StringBuilder _output = new();
    private readonly Dictionary<string, string> _environment;
    private Process? _supervisor;

    public Installation()
    {
        DataDirectory = Directory.CreateTempSubdirectory("events-e2e-").FullName;
        File.SetUnixFileMode(DataDirectory, File.GetUnixFileMode(DataDirectory) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        (HttpPort, MediaPort, MixerPort, RtcPort) = (FreePort(), FreePort(), FreePort(), FreePort());
        _environment = new Dictionary<string, string>
        {
            ["EVENTS_HTTP_PORT"] = HttpPort.ToString(CultureInfo.InvariantCulture),
            ["EVENTS_MEDIA_HTTP_PORT"] = MediaPort.ToString(CultureInfo.InvariantCulture),
            ["EVENTS_MIXER_HTTP_PORT"] = MixerPort.ToString(CultureInfo.InvariantCulture),
            ["EVENTS_RTC_PORT"] = RtcPort.ToString(CultureInfo.InvariantCulture),
            ["EVENTS_RTC_WORKERS"] = "1",
            ["EVENTS_DATA_DIR"] = DataDirectory,
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
        };
    }

    public string DataDirectory { get; }

    public int HttpPort { get; }

    public int MediaPort { get; }

    public int MixerPort { get; }

    public int RtcPort { get; }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts it and waits for the line "ready".</summary>
    /// <returns>How long that took.</returns>
    public async Task<TimeSpan> StartAsync(params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        Launch(arguments);
        var ready = $"ready http{(arguments.Contains("--https") ? "s" : "")}://127.0.0.1:{HttpPort}";
        await EventuallyAsync(() => Task.FromResult(Output.Split('\n').Contains(ready) || _supervisor!.HasExited), "ready");
        Assert.False(_supervisor!.HasExited, Output);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Starts a second supervisor, or one that cannot start, and waits for its end.</summary>
    public async Task<(int ExitCode, string Errors)> RunToEndAsync(params (string Name, string Value)[] changes)
    {
        using var process = new Process { StartInfo = Info([]) };
        foreach (var (name, value) in changes)
        {
            process.StartInfo.Environment[name] = value;
        }

        process.Start();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        await output;
        return (process.ExitCode, await errors);
    }

    public Task<int> TerminateAsync() => SignalAsync(SigTerm);

    public Task<int> KillAsync() => SignalAsync(SigKill);

    /// <summary>Kills a role's process.</summary>
    public void KillRole(string role) => Assert.Equal(0, Kill(Assert.Single(Pids($"--role {role}")), SigKill));

    /// <summary>Kills the PostgreSQL server.</summary>
    public void KillDatabase() => Assert.Equal(0, Kill(int.Parse(File.ReadLines(Path.Combine(DataDirectory, "postgres/data/postmaster.pid")).First(), CultureInfo.InvariantCulture), SigKill));

    /// <summary>Processes of this installation: those that carry its data directory in environment or command line.</summary>
    public IReadOnlyList<int> Pids(string having = "") =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => n!.All(char.IsAsciiDigit)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture))
            .Where(pid => pid != Environment.ProcessId && Belongs(pid, having))];

    public Task WaitUntilNothingRunsAsync(TimeSpan patience) => EventuallyAsync(() => Task.FromResult(Pids().Count == 0), "the end of every process", patience);

    public Task WaitUntilReadyAsync(int port, TimeSpan patience) => EventuallyAsync(
        async () =>
        {
            try
            {
                using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
                using var response = await http.GetAsync($"http://127.0.0.1:{port}/readyz");
                return response.IsSuccessStatusCode;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                return false;
            }
        },
        $"readiness on {port}",
        patience);

    public async ValueTask DisposeAsync()
    {
        if (_supervisor is { HasExited: false })
        {
            await TerminateAsync();
        }

        await WaitUntilNothingRunsAsync(TimeSpan.FromSeconds(20));
        _supervisor?.Dispose();
        Directory.Delete(DataDirectory, recursive: true);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Launch(string[] arguments)
    {
        lock (_output)
        {
            _output.Clear();
        }

        _supervisor?.Dispose();
        _supervisor = new Process { StartInfo = Info(arguments) };
        _supervisor.OutputDataReceived += (_, e) => Note(e.Data);
        _supervisor.ErrorDataReceived += (_, e) => Note(e.Data);
        _supervisor.Start();
        _supervisor.BeginOutputReadLine();
        _supervisor.BeginErrorReadLine();
    }

    private ProcessStartInfo Info(string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add(typeof(NodeOptions).Assembly.Location);
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in _environment)
        {
            info.Environment[name] = value;
        }

        return info;
    }

    private void Note(string? line)
    {
        lock (_output)
        {
            _output.Append(line).Append('\n');
        }
    }

    private async Task<int> SignalAsync(int signal)
    {
        Assert.Equal(0, Kill(_supervisor!.Id, signal));
        await _supervisor.WaitForExitAsync().WaitAsync(Patience);
        return _supervisor.ExitCode;
    }

    private bool Belongs(int pid, string having)
    {
        try
        {
            var command = File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
            return command.Contains(having, StringComparison.Ordinal)
                && (command.Contains(DataDirectory, StringComparison.Ordinal) || File.ReadAllText($"/proc/{pid}/environ").Contains($"EVENTS_DATA_DIR={DataDirectory}\0", StringComparison.Ordinal))
                && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private async Task EventuallyAsync(Func<Task<bool>> holds, string what, TimeSpan? patience = null)
    {
        var deadline = DateTime.UtcNow + (patience ?? Patience);
        while (!await holds())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Waited in vain for {what}. Running: {string.Join(' ', Pids())}. Output:\n{Output}");
            await Task.Delay(50);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
