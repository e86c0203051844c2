using System.Diagnostics;

namespace Events.Platform.Roles;

/// <summary>
/// Stops this process when its supervisor is gone. The supervisor holds the write end of our stdin and never writes:
/// the kernel closes it whatever way the supervisor dies, so end of file is the one signal that cannot get lost.
/// </summary>
internal sealed class ParentWatch(IHostApplicationLifetime lifetime) : IHostedService
{
    /// <summary>Longer than the host's own shutdown time: reached only when stopping hangs.</summary>
    private static readonly TimeSpan LastResort = TimeSpan.FromSeconds(8);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        new Thread(Watch) { IsBackground = true, Name = "parent watch" }.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Watch()
    {
        using var stdin = Console.OpenStandardInput();
        var buffer = new byte[64];
        while (stdin.Read(buffer) > 0)
        {
        }

        lifetime.StopApplication();
        if (!lifetime.ApplicationStopped.WaitHandle.WaitOne(LastResort))
        {
            Process.GetCurrentProcess().Kill();
        }
    }
}
