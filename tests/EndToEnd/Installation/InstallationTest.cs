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

    /// <summary>Whether the test harms the installation, so that its roles may well complain.</summary>
    protected virtual bool MayComplain => false;

    public virtual Task DisposeAsync()
    {
        var log = Installation.LogSince(_from);
        Output.WriteLine("");
        foreach (var line in log.TakeLast(ShownLines))
        {
            Output.WriteLine(line);
        }

        // A fault that the caller did not notice is a fault all the same.
        Assert.DoesNotContain(log, l => !MayComplain && (l.Contains(" fail: ", StringComparison.Ordinal) || l.Contains(" crit: ", StringComparison.Ordinal)));
        return Task.CompletedTask;
    }
}
