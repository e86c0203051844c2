using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Events.MediaRegistry.Ffmpeg;

/// <summary>What a run reads and writes by pipe.</summary>
[Flags]
public enum FfmpegPipes
{
    None = 0,
    Input = 1,
    Output = 2,
}

/// <summary>
/// One FFmpeg (or ffprobe) child. Its stderr is always drained; it is asked to stop before it is killed. A child that reads its input or
/// writes its output by pipe ends by itself when this process dies, even by SIGKILL: reading gives end of file, writing EPIPE. A child
/// without either outlives us to its own end (FFmpeg ignores a broken progress pipe), so long runs always have one.
/// </summary>
public sealed partial class FfmpegProcess : IAsyncDisposable
{
    private const int KeptLines = 20;
    private const int MaxLineLength = 500;
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly FfmpegPipes _pipes;
    private readonly Queue<string> _lines = new();
    private readonly Action<FfmpegProgress>? _progress;

    private FfmpegProcess(Process process, FfmpegPipes pipes, Action<FfmpegProgress>? progress)
    {
        _process = process;
        _pipes = pipes;
        _progress = progress;
        Id = process.Id;
        Input = pipes.HasFlag(FfmpegPipes.Input) ? process.StandardInput.BaseStream : Stream.Null;
        Output = pipes.HasFlag(FfmpegPipes.Output) ? process.StandardOutput.BaseStream : Stream.Null;
        Completion = CompleteAsync();
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Standard input; dispose it to signal the end of the input.</summary>
    public Stream Input { get; }

    /// <summary>Standard output.</summary>
    public Stream Output { get; }

    /// <summary>Ends with the process: null when it succeeded. Never faults.</summary>
    public Task<FfmpegFailure?> Completion { get; }

    /// <summary>Starts a child.</summary>
    /// <param name="path">The binary: a path or a name in PATH.</param>
    /// <param name="arguments">From <see cref="FfmpegArguments.Build"/>.</param>
    /// <param name="pipes">What is connected.</param>
    /// <param name="progress">Called on a pool thread with each report of <c>-progress pipe:2</c>.</param>
    /// <param name="workingDirectory">Where relative names in filters are looked up.</param>
    /// <exception cref="FfmpegException">The binary cannot be started.</exception>
    public static FfmpegProcess Start(
        string path,
        IReadOnlyList<string> arguments,
        FfmpegPipes pipes = FfmpegPipes.None,
        Action<FfmpegProgress>? progress = null,
        string? workingDirectory = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory ?? string.Empty,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            var process = Process.Start(start) ?? throw new Win32Exception("no process was started");
            GiveWay(process);
            return new(process, pipes, progress);
        }
        catch (Win32Exception e)
        {
            throw new FfmpegException($"cannot start {path}", new("ffmpeg_not_found", -1, null, [e.Message]));
        }
    }

    /// <summary>Runs a child without pipes to its end.</summary>
    /// <exception cref="FfmpegException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped because of <paramref name="cancellation"/>.</exception>
    public static async Task RunAsync(
        string path,
        IReadOnlyList<string> arguments,
        string what,
        string? workingDirectory = null,
        CancellationToken cancellation = default)
    {
        await using var process = Start(path, arguments, workingDirectory: workingDirectory);
        await using var stopping = cancellation.Register(process.Kill);
        var failure = await process.Completion;
        cancellation.ThrowIfCancellationRequested();
        if (failure is not null)
        {
            throw new FfmpegException(what, failure);
        }
    }

    /// <summary>Runs a child and gives back all of its output, at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="FfmpegException">It failed.</exception>
    /// <exception cref="InvalidDataException">The output is longer than the limit.</exception>
    public static async Task<byte[]> ReadAsync(
        string path,
        IReadOnlyList<string> arguments,
        string what,
        int limit,
        string? workingDirectory = null,
        CancellationToken cancellation = default)
    {
        await using var process = Start(path, arguments, FfmpegPipes.Output, workingDirectory: workingDirectory);
        await using var stopping = cancellation.Register(process.Kill);
        using var output = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await process.Output.ReadAsync(buffer, CancellationToken.None)) > 0)
        {
            if (output.Length + read > limit)
            {
                throw new InvalidDataException($"{what}: more than {limit} bytes of output");
            }

            output.Write(buffer, 0, read);
        }

        var failure = await process.Completion;
        cancellation.ThrowIfCancellationRequested();
        return failure is null ? output.ToArray() : throw new FfmpegException(what, failure);
    }

    /// <summary>Ends the child's input. A child that has gone first is no error here: <see cref="Completion"/> tells of it.</summary>
    public async Task CloseInputAsync()
    {
        try
        {
            await _process.StandardInput.DisposeAsync();
        }
        catch (IOException)
        {
            // The child closed its end first.
        }
    }

    /// <summary>
    /// Asks the child to finish (its input ends, SIGTERM), and kills it when it has not within the grace. Not SIGINT: who was started in the background of a
    /// script has it ignored, and so has its child until FFmpeg listens.
    /// </summary>
    public async Task<FfmpegFailure?> StopAsync(TimeSpan grace)
    {
        if (!Completion.IsCompleted)
        {
            CloseInput();
            _ = SendSignal(Id, SigTerm);
            try
            {
                return await Completion.WaitAsync(grace);
            }
            catch (TimeoutException)
            {
                Kill();
            }
        }

        return await Completion;
    }

    /// <summary>Ends the child at once.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already, which is what is wanted.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!Completion.IsCompleted)
        {
            Kill();
        }

        await Completion;
        CloseInput();
        _process.Dispose();
    }

    /// <summary>
    /// Calls on the same machine come first: at nice 10 a child has a tenth of what a thread of theirs has while both want the processor, and all of it otherwise. Its own
    /// threads, which it has none of yet, follow.
    /// </summary>
    private static void GiveWay(Process process)
    {
        try
        {
            process.PriorityClass = ProcessPriorityClass.BelowNormal;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            // It has ended already.
        }
    }

    private void CloseInput()
    {
        try
        {
            _process.StandardInput.Dispose();
        }
        catch (IOException)
        {
            // The child closed its end first.
        }
    }

    private async Task<FfmpegFailure?> CompleteAsync()
    {
        var errors = DrainErrorsAsync();
        if (!_pipes.HasFlag(FfmpegPipes.Output))
        {
            await _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null).ConfigureAwait(false);
        }

        await errors.ConfigureAwait(false);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        lock (_lines)
        {
            return FfmpegFailure.FromExit(_process.ExitCode, [.. _lines]);
        }
    }

    private async Task DrainErrorsAsync()
    {
        var parser = new FfmpegProgressParser();
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (parser.TryRead(line, out var report))
            {
                if (report is not null)
                {
                    _progress?.Invoke(report);
                }

                continue;
            }

            lock (_lines)
            {
                _lines.Enqueue(line.Length > MaxLineLength ? line[..MaxLineLength] : line);
                if (_lines.Count > KeptLines)
                {
                    _lines.Dequeue();
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
