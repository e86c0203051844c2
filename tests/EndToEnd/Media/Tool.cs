using System.Diagnostics;

namespace Events.Tests.EndToEnd.Media;

/// <summary>A short run of another program (FFmpeg, ffprobe, Python) and what it printed.</summary>
public static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Standard output as text; throws with the program's error lines when it fails.</summary>
    public static async Task<string> TextAsync(string program, params string[] arguments)
    {
        using var reader = new StreamReader(new MemoryStream(await BytesAsync(program, arguments)));
        return await reader.ReadToEndAsync();
    }

    /// <summary>Standard output.</summary>
    public static async Task<byte[]> BytesAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var timeout = new CancellationTokenSource(Patience);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        try
        {
            using var output = new MemoryStream();
            var copy = process.StandardOutput.BaseStream.CopyToAsync(output, timeout.Token);
            var errors = process.StandardError.ReadToEndAsync(timeout.Token);
            await copy;
            var said = await errors;
            await process.WaitForExitAsync(timeout.Token);
            return process.ExitCode == 0 ? output.ToArray()
                : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{said}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
