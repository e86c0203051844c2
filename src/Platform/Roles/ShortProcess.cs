using System.Diagnostics;

namespace Events.Platform.Roles;

/// <summary>Runs a small command to its end and gathers what it says (both streams).</summary>
internal static class ShortProcess
{
    public static async Task<(int ExitCode, string Output)> RunAsync(IReadOnlyList<string> command, string? input, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new StartRefusedException($"'{command[0]}' cannot be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancel);
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(cancel);
        return (process.ExitCode, await output + await errors);
    }
}
