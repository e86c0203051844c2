using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Events.Platform.Composition;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Roles;

/// <summary>
/// <c>--role all</c>: the private PostgreSQL cluster and one process per role, restarted when they die, stopped together.
/// It holds no state but the pipes to its children; killing it stops them (<see cref="ParentWatch"/>).
/// </summary>
internal sealed class Supervisor : IDisposable
{
    private static readonly TimeSpan RolePatience = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);

    /// <summary>After a kill of the previous supervisor its roles need a moment to notice and free their ports.</summary>
    private static readonly TimeSpan PortPatience = TimeSpan.FromSeconds(4);

    /// <summary>A role that dies this often before the first "ready" will not get better by itself.</summary>
    private const int TriesBeforeReady = 3;

    private readonly NodeOptions _options;
    private readonly IReadOnlyList<string> _arguments;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly List<SupervisedProcess> _roles = [];
    private SupervisedProcess? _database;

    public Supervisor(NodeOptions options, IReadOnlyList<string> arguments)
    {
        _options = options;
        _arguments = arguments;
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _stop.Cancel();
            }));
        }
    }

    /// <summary>Runs until a signal; the process's exit code.</summary>
    public async Task<int> RunAsync()
    {
        FileStream? held = null;
        try
        {
            Directory.CreateDirectory(_options.RunDirectory);
            held = await HoldDataDirectoryAsync();
            await RequireFreePortsAsync();
            await StartAsync();
            await AnnounceWhenReadyAsync();
            await Task.Delay(Timeout.Infinite, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (StartRefusedException e)
        {
            Console.Error.WriteLine(e.Message);
            return StartRefusedException.ExitCode;
        }
        finally
        {
            await StopAsync();
            held?.Dispose();
        }
    }

    public void Dispose()
    {
        _signals.ForEach(s => s.Dispose());
        _stop.Dispose();
    }

    private async Task StartAsync()
    {
        PrivatePostgres? postgres = null;
        var environment = new Dictionary<string, string>
        {
            ["EVENTS_SUPERVISED"] = "1",
            ["EVENTS_DATA_DIR"] = _options.DataDirectory,
            ["ASPNETCORE_ENVIRONMENT"] = _options.EnvironmentName,
        };
        if (_options.Https)
        {
            LocalCertificate.LoadOrCreate(_options).Dispose();
        }

        // Keys exist before the roles look for them, and media and mixer come up while PostgreSQL does.
        NodeKeys.LoadOrCreate(_options.DataDirectory);
        StartRole(Role.Media, environment);
        StartRole(Role.Mixer, environment);
        if (_options.Database is null)
        {
            postgres = await PrivatePostgres.PrepareAsync(_options, line => Write("supervisor", line), _stop.Token);
            _database = new SupervisedProcess(postgres.Plan(), Write);
            _database.Start();
            await postgres.WaitUntilReadyAsync(TimeSpan.FromSeconds(30), _stop.Token);
            environment["EVENTS_DATABASE"] = postgres.ConnectionString;
        }

        StartRole(Role.Platform, environment);
        if (_options.Demo)
        {
            StartRole(Role.Demo, environment);
        }
    }

    /// <summary>
    /// The runtime of the media role: its packet loops compile once and well, instead of three times while calls run (a fifth less CPU per packet over
    /// the first minutes, 0.1 s more to start), and its young generations are small, for signalling is all that allocates and small collections are short (docs/performance.md).
    /// </summary>
    private static readonly (string Name, string Value)[] MediaRuntime =
        [
            ("DOTNET_TieredCompilation", "0"),
            // As the runtime spells and reads them, in hexadecimal: 0.25 to 0.5 MB, and 0.25 MB.
            ("DOTNET_GCgen0size", "40000"),
            ("DOTNET_GCGen0MaxBudget", "80000"),
            ("DOTNET_GCGen1MaxBudget", "40000"),
        ];

    private void StartRole(Role role, Dictionary<string, string> environment)
    {
        var name = role.ToString().ToLowerInvariant();
        string[] arguments = [.. SelfArguments(), "--role", name, .. _arguments.Where(a => a is "--demo" or "--https")];
        var own = new Dictionary<string, string>(environment);
        if (role != Role.Platform)
        {
            // Only the platform knows the database.
            own["EVENTS_DATABASE"] = "";
        }

        foreach (var (setting, value) in role == Role.Media ? MediaRuntime : [])
        {
            own[setting] = value;
        }

        var process = new SupervisedProcess(new ProcessPlan(name, Environment.ProcessPath!, arguments) { Environment = own }, Write);
        process.Start();
        _roles.Add(process);
    }

    /// <summary>Under <c>dotnet X.dll</c> the process path is dotnet and the dll its first argument; an apphost needs none.</summary>
    private static string[] SelfArguments() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? ["exec", typeof(Supervisor).Assembly.Location] : [];

    private async Task AnnounceWhenReadyAsync()
    {
        using var http = LocalCertificate.CreateClient(_options);
        http.Timeout = TimeSpan.FromSeconds(3);
        var deadline = TimeProvider.System.GetUtcNow() + StartPatience;
        Uri[] waiting = [_options.MediaUrl, _options.MixerUrl, _options.PlatformUrl];
        foreach (var node in waiting)
        {
            while (!await AnswersAsync(http, new Uri(node, "/readyz")))
            {
                if (_roles.FirstOrDefault(r => r.LastExitCode == StartRefusedException.ExitCode) is { } refused)
                {
                    throw new StartRefusedException($"The {refused.Name} role refuses to start; its line above says why.");
                }

                if (_roles.FirstOrDefault(r => r.Restarts >= TriesBeforeReady) is { } dying)
                {
                    throw new StartRefusedException($"The {dying.Name} role dies while it starts; its lines above say why.");
                }

                if (TimeProvider.System.GetUtcNow() > deadline)
                {
                    throw new StartRefusedException($"{node} is not ready after {StartPatience.TotalSeconds:0} s; the lines above say why.");
                }

                await Task.Delay(50, _stop.Token);
            }
        }

        await Announcement.PrintAsync(_options, http, _stop.Token);
    }

    private async Task<bool> AnswersAsync(HttpClient http, Uri url)
    {
        try
        {
            using var response = await http.GetAsync(url, _stop.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task StopAsync()
    {
        if (_roles.Count > 0)
        {
            Write("supervisor", "stopping");
        }

        await Task.WhenAll(_roles.Select(r => r.StopAsync(RolePatience)));
        if (_database is not null)
        {
            await _database.StopAsync(DatabasePatience);
        }
    }

    /// <summary>One supervisor per data directory: an advisory lock that the kernel drops with us.</summary>
    private async Task<FileStream> HoldDataDirectoryAsync()
    {
        var path = Path.Combine(_options.RunDirectory, "supervisor.lock");
        var deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (TimeProvider.System.GetUtcNow() < deadline)
            {
                await Task.Delay(100, _stop.Token);
            }
            catch (IOException)
            {
                throw new StartRefusedException($"Another supervisor uses {_options.DataDirectory}. Stop it, or choose another EVENTS_DATA_DIR.");
            }
        }
    }

    private async Task RequireFreePortsAsync()
    {
        (string Name, int Port)[] ports =
        [
            ("EVENTS_HTTP_PORT", _options.HttpPort), ("EVENTS_MEDIA_HTTP_PORT", _options.MediaHttpPort), ("EVENTS_MIXER_HTTP_PORT", _options.MixerHttpPort),
        ];
        var deadline = TimeProvider.System.GetUtcNow() + PortPatience;
        foreach (var (name, port) in ports)
        {
            while (!IsFree(port))
            {
                if (TimeProvider.System.GetUtcNow() > deadline)
                {
                    throw new StartRefusedException($"Port {port} on {_options.Bind} is in use. Stop the program that holds it, or set {name} to a free port.");
                }

                await Task.Delay(200, _stop.Token);
            }
        }
    }

    private bool IsFree(int port)
    {
        // SO_REUSEADDR as Kestrel has it: connections in TIME_WAIT do not count, a listener does (socket(7)).
        using var socket = new Socket(_options.Bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(_options.Bind, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
        catch (SocketException e)
        {
            throw new StartRefusedException($"Cannot listen on {_options.Bind}:{port}: {e.Message}. Check EVENTS_BIND.");
        }
    }

    private static void Write(string name, string line) => Console.Out.WriteLine($"{name,-10} | {line}");
}
