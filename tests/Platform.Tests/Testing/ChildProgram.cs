using System.Diagnostics;

namespace Events.Tests.Platform.Testing;

/// <summary>A program that prints "ready" when it serves and ends when its standard input does.</summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Queue<string> _errors = [];

    private ChildProgram(Process process) => _process = process;

    public static async Task<ChildProgram> StartAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var child = new ChildProgram(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start."));
        var ready = new TaskCompletionSource();
        child._process.OutputDataReceived += (_, line) =>
        {
            if (line.Data == "ready")
            {
                ready.TrySetResult();
            }
            else if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException($"{program} ended before it was ready:\n{child.Errors}"));
            }
        };
        child._process.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        await ready.Task.WaitAsync(Patience);
        return child;
    }

    /// <summary>The last lines of its error output.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return string.Join('\n', _errors);
            }
        }
    }

    /// <summary>A file of <c>tests/Platform.Tests/IdentityProviders</c>, in the source tree.</summary>
    public static string Source(string name) => SourceOf(Path.Combine("IdentityProviders", name));

    /// <summary>A file below <c>tests/Platform.Tests</c>, in the source tree.</summary>
    public static string SourceOf(string name)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new FileNotFoundException($"{name} is in no folder above {AppContext.BaseDirectory}.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_errors)
        {
            if (line is not null)
            {
                _errors.Enqueue(line);
            }

            if (_errors.Count > 50)
            {
                _errors.Dequeue();
            }
        }
    }
}
