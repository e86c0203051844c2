using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
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
/// One FFmpeg (or ffprobe) child. Its stderr is always drained; it is asked to stop before it is killed, and killed when it stands still
/// (<see cref="Patience"/>). A child that reads its input or
/// writes its output by pipe ends by itself when this process dies, even by SIGKILL: reading gives end of file, writing EPIPE. A child
/// without either outlives us to its own end (FFmpeg ignores a broken progress pipe), so long runs always have one.
/// </summary>
public sealed partial class FfmpegProcess : IAsyncDisposable
{
    private const int KeptLines = 20;
    private const int MaxLineLength = 500;
    private const int SigTerm = 15;
    private const int Fionread = 0x541B;

    /// <summary>How often a child is looked at within its patience: it has to stand still at each look.</summary>
    private const int Looks = 4;

    /// <summary>For how long a child may take no processor time while its input is there and its output is taken.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly FfmpegPipes _pipes;
    private readonly Queue<string> _lines = new();
    private readonly Action<FfmpegProgress>? _progress;
    private bool _stoodStill;

    private FfmpegProcess(Process process, FfmpegPipes pipes, Action<FfmpegProgress>? progress, TimeSpan patience)
    {
        _process = process;
        _pipes = pipes;
        _progress = progress;
        Id = process.Id;
        Input = pipes.HasFlag(FfmpegPipes.Input) ? process.StandardInput.BaseStream : Stream.Null;
        Output = pipes.HasFlag(FfmpegPipes.Output) ? process.StandardOutput.BaseStream : Stream.Null;
        Completion = CompleteAsync();
        _ = WatchAsync(patience / Looks);
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
    /// <param name="patience">For how long it may stand still before it is killed; null: a minute.</param>
    /// <exception cref="FfmpegException">The binary cannot be started.</exception>
    public static FfmpegProcess Start(
        string path,
        IReadOnlyList<string> arguments,
        FfmpegPipes pipes = FfmpegPipes.None,
        Action<FfmpegProgress>? progress = null,
        string? workingDirectory = null,
        TimeSpan? patience = null)
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
            return new(process, pipes, progress, patience ?? Patience);
        }
        catch (Win32Exception e)
        {
            throw new FfmpegException($"cannot start {path}", new(FfmpegFailure.NotFound, -1, null, [e.Message]));
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
            var failure = FfmpegFailure.FromExit(_process.ExitCode, [.. _lines]);
            return _stoodStill ? failure?.ForStandingStill() : failure;
        }
    }

    private async Task WatchAsync(TimeSpan interval)
    {
        var (used, still) = (TimeSpan.MinValue, 0);
        while (still < Looks)
        {
            await ((Task)Completion).WaitAsync(interval).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Completion.IsCompleted || ProcessorTime() is not { } now)
            {
                return;
            }

            still = now == used && IsWaitedFor() ? still + 1 : 0;
            used = now;
        }

        _stoodStill = true;
        Kill();
    }

    /// <summary>Null once it has ended.</summary>
    private TimeSpan? ProcessorTime()
    {
        try
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <summary>All that it has written is taken, and there is something to read, or no more to come: it has no reason to wait.</summary>
    private bool IsWaitedFor() => Waiting(Output) is null or 0 && Waiting(Input) is not 0;

    /// <summary>Bytes in a pipe; null: there is none, or our end is closed.</summary>
    private static int? Waiting(Stream end)
    {
        try
        {
            return end is PipeStream pipe && IoControl(pipe.SafePipeHandle, Fionread, out var bytes) == 0 ? bytes : null;
        }
        catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException)
        {
            return null;
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

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeHandle descriptor, nuint request, out int value);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
