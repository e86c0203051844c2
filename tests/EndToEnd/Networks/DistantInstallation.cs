using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;

namespace Events.Tests.EndToEnd.Networks;

/// <summary>An installation behind 1:1 NAT with one UDP and one TCP port for media, a relay, and a browser on the other side.</summary>
public sealed class DistantInstallation : IAsyncLifetime
{
    private readonly List<string> _log = [];
    private readonly string _directory = Directory.CreateTempSubdirectory("events-net-").FullName;
    private readonly PortPlan _ports = PortPlan.Find();
    private EventsProcess? _process;
    private Coturn? _coturn;
    private Chromium? _chromium;

    public Internet Internet { get; private set; } = null!;

    public PortPlan Ports => _ports;

    /// <summary>The platform as people reach it.</summary>
    public Uri PublicUrl => new($"http://{Internet.PublicAddress}:{_ports.Http}");

    public Uri PublicUrl6 => new($"http://[{Internet.NodeAddress6}]:{_ports.Http}");

    /// <summary>The platform as the test reaches it.</summary>
    public Uri ManagementUrl => new($"http://{Internet.Management}:{_ports.Http}");

    public async Task InitializeAsync()
    {
        Internet = await Internet.BuildAsync([_ports.Http, _ports.Media, _ports.Rtc], _ports.Rtc);
        _coturn = await Coturn.StartAsync(Internet.Relay, _directory);
        var environment = RunningInstallation.EnvironmentFor(_ports, _directory);
        environment["EVENTS_BIND"] = "::";
        environment["EVENTS_RTC_WORKERS"] = "1";
        environment["EVENTS_RTC_ADVERTISE"] = $"{Internet.PublicAddress},{Internet.NodeAddress6}";
        environment["EVENTS_TURN_URLS"] = Coturn.Urls;
        environment["EVENTS_TURN_SECRET"] = Coturn.Secret;
        _process = await EventsProcess.StartAsync(
            Internet.In(Internet.Node, "dotnet", Repository.Binary, "--role", "all"), environment, _log, EventsProcess.StartPatience);
    }

    public async Task<Chromium> ChromiumAsync() => _chromium ??= await Chromium.LaunchAsync(
        await Footage.CaptureFileAsync(),
        Internet.WriteLauncher(_directory, Chromium.Executable),
        [$"--unsafely-treat-insecure-origin-as-secure={PublicUrl.GetLeftPart(UriPartial.Authority)},{PublicUrl6.GetLeftPart(UriPartial.Authority)}"]);

    public PlatformApi NewApi() => new(ManagementUrl);

    public IReadOnlyList<string> Log()
    {
        lock (_log)
        {
            return [.. _log];
        }
    }

    public async Task DisposeAsync()
    {
        if (_chromium is not null)
        {
            await _chromium.DisposeAsync();
        }

        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        if (_coturn is not null)
        {
            await _coturn.DisposeAsync();
        }

        if (Internet is not null)
        {
            await Internet.DisposeAsync();
        }

        Directory.CreateDirectory(Repository.Results);
        await File.WriteAllLinesAsync(Path.Combine(Repository.Results, $"installation-{_ports.Http}.log"), Log());
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>Tests over networks that are not good.</summary>
[CollectionDefinition(Name)]
public sealed class DistantCollection : ICollectionFixture<DistantInstallation>
{
    public const string Name = "a distant installation";
}
