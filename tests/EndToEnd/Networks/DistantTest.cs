using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Networks;

/// <summary>A test over the distant installation: people that talk, and a network that is whole again afterwards.</summary>
public abstract class DistantTest(DistantInstallation installation, ITestOutputHelper output) : IAsyncLifetime
{
    private const int ShownLines = 80;
    private readonly List<RoomPage> _people = [];
    private readonly int _from = installation.Log().Count;

    protected DistantInstallation Installation { get; } = installation;

    protected ITestOutputHelper Output { get; } = output;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var person in _people)
        {
            await person.DisposeAsync();
        }

        await Installation.Internet.AllowAllAsync();
        var log = Installation.Log().Skip(_from).ToList();
        foreach (var line in log.TakeLast(ShownLines))
        {
            Output.WriteLine(line);
        }

        Assert.DoesNotContain(log, l => l.Contains(" fail: ", StringComparison.Ordinal) || l.Contains(" crit: ", StringComparison.Ordinal));
    }

    protected async Task<RoomPage> PersonAsync(Uri platform)
    {
        var chromium = await Installation.ChromiumAsync();
        var person = await chromium.NewPersonAsync(platform);
        _people.Add(person);
        return person;
    }

    /// <summary>Two people in a room of their own, who see each other move.</summary>
    protected async Task<(RoomPage Ada, RoomPage Ben)> TalkAsync(Uri platform)
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Two people over a network");
        var ada = await PersonAsync(platform);
        var ben = await PersonAsync(platform);
        foreach (var (person, name) in new[] { (ada, "Ada"), (ben, "Ben") })
        {
            await person.OpenAsGuestAsync(session, name);
            await person.JoinAsync();
        }

        foreach (var person in new[] { ada, ben })
        {
            await person.SeeOthersAsync(1);
            await person.SeesMotionAsync(TimeSpan.FromSeconds(30));
        }

        return (ada, ben);
    }
}
