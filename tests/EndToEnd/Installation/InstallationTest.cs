using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Installation;

/// <summary>A test against a running installation; what the installation said meanwhile stands in the test's output.</summary>
public abstract class InstallationTest(RunningInstallation installation, ITestOutputHelper output) : IAsyncLifetime
{
    private const int ShownLines = 120;
    private readonly int _from = installation.LogLength;

    protected RunningInstallation Installation { get; } = installation;

    protected ITestOutputHelper Output { get; } = output;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync()
    {
        Output.WriteLine("");
        foreach (var line in Installation.LogSince(_from).TakeLast(ShownLines))
        {
            Output.WriteLine(line);
        }

        return Task.CompletedTask;
    }
}
