using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Events.Tests.EndToEnd.Networks;

/// <summary>Debian's coturn on the relay of <see cref="Internet"/>, which lets in whoever shows a name signed with the shared secret.</summary>
public sealed class Coturn : IAsyncDisposable
{
    public const string Secret = "the tests' own TURN secret";
    private const int Port = 3478;

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource _listens = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Coturn(Process process) => _process = process;

    public static string Urls => $"turn:{Internet.RelayAddress}:{Port}?transport=udp,turn:{Internet.RelayAddress}:{Port}?transport=tcp";

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static async Task<Coturn> StartAsync(string space, string directory)
    {
        string[] options =
        [
            "-n", "--no-cli", "--no-tls", "--no-dtls", "--verbose", "--log-file=stdout", "--simple-log", "--fingerprint", "--realm=events",
            "--use-auth-secret", $"--static-auth-secret={Secret}", $"--listening-ip={Internet.RelayAddress}", $"--relay-ip={Internet.RelayAddress}",
            $"--listening-port={Port}", "--min-port=49152", "--max-port=49400", $"--userdb={Path.Combine(directory, "turn.db")}", $"--pidfile={Path.Combine(directory, "turn.pid")}",
        ];
        // It ends with the test, however that ends.
        var command = Internet.In(space, ["setpriv", "--pdeathsig", "KILL", "turnserver", .. options]);
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        var process = new Process { StartInfo = start };
        var coturn = new Coturn(process);
        process.OutputDataReceived += (_, line) => coturn.Heard(line.Data);
        process.ErrorDataReceived += (_, line) => coturn.Heard(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await coturn._listens.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            var log = coturn.Log;
            await coturn.DisposeAsync();
            throw new InvalidOperationException($"coturn does not listen.\n{log}");
        }

        return coturn;
    }

    /// <summary>What a server of the platform's secret hands out, made here from the draft's words.</summary>
    public static (string Username, string Credential) Credentials(DateTimeOffset end, string secret = Secret)
    {
        var username = string.Create(CultureInfo.InvariantCulture, $"{end.ToUnixTimeSeconds()}:someone");
#pragma warning disable CA5350 // draft-uberti-behave-turn-rest-00 §2.2
        return (username, Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(username))));
#pragma warning restore CA5350
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
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
            _log.AppendLine(line);
        }

        // "IPv4. UDP listener opened on: 198.51.100.3:3478", after those of TCP.
        if (line.Contains("UDP listener opened", StringComparison.Ordinal))
        {
            _listens.TrySetResult();
        }
    }
}
