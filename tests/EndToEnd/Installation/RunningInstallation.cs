using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Media;

namespace Events.Tests.EndToEnd.Installation;

/// <summary>
/// One installation on free ports with a data directory of its own, started from the built binary, shared by the tests of a collection. The
/// browser starts with its first user.
/// </summary>
public sealed class RunningInstallation : IAsyncLifetime
{
    private readonly List<string> _log = [];
    private EventsProcess? _process;
    private Chromium? _chromium;

    public PortPlan Ports { get; } = PortPlan.Find();

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("events-e2e-").FullName;

    public Uri PlatformUrl => new($"http://127.0.0.1:{Ports.Http}");

    public Uri MediaUrl => new($"http://127.0.0.1:{Ports.Media}");

    public EventsProcess Process => _process ?? throw new InvalidOperationException("Not started.");

    /// <summary>Lines said so far, over all starts.</summary>
    public int LogLength
    {
        get
        {
            lock (_log)
            {
                return _log.Count;
            }
        }
    }

    public async Task InitializeAsync()
    {
        if (!File.Exists(Path.Combine(Repository.Root, "src", "Platform", "wwwroot", "index.html")))
        {
            throw new InvalidOperationException("The web client is not built: run ./test.sh, or npm ci && npm run build in src/Platform/Web.");
        }

        await StartAsync();
    }

    public async Task StartAsync() =>
        _process = await EventsProcess.StartAsync(["dotnet", Repository.Binary, "--role", "all"], Environment(), _log, EventsProcess.StartPatience);

    public async Task<Chromium> ChromiumAsync() => _chromium ??= await Chromium.LaunchAsync(await Footage.CaptureFileAsync());

    /// <summary>A client of the platform's API, with cookies and tokens of its own.</summary>
    public PlatformApi NewApi() => new(PlatformUrl);

    public IReadOnlyList<string> LogSince(int line)
    {
        lock (_log)
        {
            return [.. _log.Skip(line)];
        }
    }

    public Dictionary<string, string> Environment() => EnvironmentFor(Ports, DataDirectory);

    public static Dictionary<string, string> EnvironmentFor(PortPlan ports, string dataDirectory) => new()
    {
        ["EVENTS_HTTP_PORT"] = $"{ports.Http}",
        ["EVENTS_MEDIA_HTTP_PORT"] = $"{ports.Media}",
        ["EVENTS_MIXER_HTTP_PORT"] = $"{ports.Mixer}",
        ["EVENTS_RTC_PORT"] = $"{ports.Rtc}",
        ["EVENTS_RTC_WORKERS"] = $"{PortPlan.Workers}",
        ["EVENTS_DATA_DIR"] = dataDirectory,
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["EVENTS_RTC_SPREAD_FROM"] = "1", // So that of each room some receive on another thread than the room's.
    };

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

        Directory.CreateDirectory(Repository.Results);
        await File.WriteAllLinesAsync(Path.Combine(Repository.Results, $"installation-{Ports.Http}.log"), LogSince(0));
        Directory.Delete(DataDirectory, recursive: true);
    }
}

/// <summary>Tests that leave the installation running.</summary>
[CollectionDefinition(Name)]
public sealed class SharedInstallation : ICollectionFixture<RunningInstallation>
{
    public const string Name = "one installation";
}

/// <summary>Tests that kill parts of it.</summary>
[CollectionDefinition(Name)]
public sealed class HarmedInstallation : ICollectionFixture<RunningInstallation>
{
    public const string Name = "an installation that is harmed";
}
