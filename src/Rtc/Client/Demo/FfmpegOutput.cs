using System.Diagnostics;

namespace Events.Rtc.Client.Demo;

/// <summary>
/// FFmpeg as a source of bytes. It writes to our pipe, so it ends at its next write when this process is gone, killed ones included.
/// </summary>
internal sealed class FfmpegOutput : IAsyncDisposable
{
    private const int KeptErrorLines = 20;

    private readonly Process _process;
    private readonly Task _errors;
    private readonly Queue<string> _errorLines = new();

    private FfmpegOutput(Process process)
    {
        _process = process;
        _errors = DrainErrorsAsync();
    }

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <param name="path">The executable.</param>
    /// <param name="arguments">One argument each, never a joined line.</param>
    /// <param name="workingDirectory">Relative file names in filters need no escaping there.</param>
    public static FfmpegOutput Start(string path, IEnumerable<string> arguments, string workingDirectory)
    {
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory,
        };
        foreach (var argument in (string[])["-nostdin", "-hide_banner", "-loglevel", "error", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return new(Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start."));
    }

    /// <summary>Waits for the end; throws with the last error lines when FFmpeg failed.</summary>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        await Output.CopyToAsync(Stream.Null, cancellation).ConfigureAwait(false);
        await _process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        await _errors.ConfigureAwait(false);
        if (_process.ExitCode != 0)
        {
            throw new InvalidOperationException($"FFmpeg ended with {_process.ExitCode}: {string.Join(" | ", _errorLines)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _errors.ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task DrainErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (_errorLines.Count == KeptErrorLines)
            {
                _errorLines.Dequeue();
            }

            _errorLines.Enqueue(line);
        }
    }
}
