using System.Diagnostics;

namespace Events.Tests.Platform.Testing;

/// <summary>Runs a script of <c>Clients/</c>: a vendor's own client for Node against our stand-in for its service.</summary>
internal static class VendorClients
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The script's standard output; fails with what it wrote when it ends badly.</summary>
    public static async Task<string> RunAsync(string script, params string[] arguments)
    {
        var directory = Path.Combine(Root(), "tests", "Platform.Tests", "Clients");
        Assert.True(Directory.Exists(Path.Combine(directory, "node_modules")), $"Run npm ci in {directory} (test.sh does).");
        var start = new ProcessStartInfo("node") { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(script);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Assert.True(process.ExitCode == 0, $"{script} failed: {await errors}{await output}");
        return await output;
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Events.sln")))
        {
            at = at.Parent ?? throw new DirectoryNotFoundException("The tests do not run inside of the repository.");
        }

        return at.FullName;
    }
}
