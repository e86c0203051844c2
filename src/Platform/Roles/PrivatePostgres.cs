using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Events.Platform.Roles;

/// <summary>
/// The PostgreSQL cluster that belongs to one data directory. It is never run as root: from a root shell it runs as the
/// system user <c>events</c>. It listens on a unix socket only, with a random password kept in the keys directory.
/// </summary>
internal sealed class PrivatePostgres
{
    private const string SystemUser = "events";
    private const string DatabaseName = "events";

    // unix(7): sun_path holds 108 bytes; the socket's name in the directory is "/.s.PGSQL.5432".
    private const int MaxSocketDirectory = 107 - 14;

    private readonly NodeOptions _options;
    private readonly Action<string> _say;
    private readonly string _binaries;
    private readonly string? _user;
    private readonly string _home;
    private readonly string _socketDirectory;
    private readonly string _password;

    private PrivatePostgres(NodeOptions options, Action<string> say, string binaries, string? user, string home, string socketDirectory, string password)
    {
        _options = options;
        _say = say;
        _binaries = binaries;
        _user = user;
        _home = home;
        _socketDirectory = socketDirectory;
        _password = password;
    }

    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = _socketDirectory,
        Username = SystemUser,
        Password = _password,
        Database = DatabaseName,
        MaxPoolSize = 40,
    }.ConnectionString;

    private string Cluster => Path.Combine(_home, "data");

    /// <summary>Finds or makes the cluster. Throws <see cref="StartRefusedException"/> with what to do when it cannot.</summary>
    public static async Task<PrivatePostgres> PrepareAsync(NodeOptions options, Action<string> say, CancellationToken cancel)
    {
        var binaries = FindBinaries();
        var user = Environment.IsPrivilegedProcess ? SystemUser : null;
        if (user is not null)
        {
            await EnsureSystemUserAsync(say, cancel);
        }

        var home = await PrepareHomeAsync(options, user, say, cancel);
        var socketDirectory = Path.Combine(home, "run");
        if (Encoding.UTF8.GetByteCount(socketDirectory) > MaxSocketDirectory)
        {
            socketDirectory = Path.Combine(Path.GetTempPath(), "events-" + ShortHash(options.DataDirectory));
        }

        await MakeDirectoryAsync(socketDirectory, user, cancel);
        var postgres = new PrivatePostgres(options, say, binaries, user, home, socketDirectory, LoadOrCreatePassword(options));
        await postgres.EnsureInitialisedAsync(cancel);
        return postgres;
    }

    /// <summary>How the supervisor starts the server.</summary>
    public ProcessPlan Plan()
    {
        // The shell outlives the server: it waits for the end of stdin (the supervisor stops, or is gone), then asks for a
        // fast shutdown. A background command of sh gets /dev/null as stdin, hence the detour over descriptor 3.
        const string wrapper = """
            exec 3<&0
            "$@" 3<&- </dev/null &
            server=$!
            ( while read -r _; do :; done <&3; kill -INT $server 2>/dev/null ) &
            watch=$!
            trap 'kill -INT $server' TERM INT
            while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
            kill $watch 2>/dev/null
            exit $code
            """;
        string[] server =
        [
            Path.Combine(_binaries, "postgres"), "-D", Cluster,
            "-c", "listen_addresses=",
            "-c", $"unix_socket_directories={_socketDirectory}",
            "-c", "unix_socket_permissions=0700",
            "-c", "fsync=on", "-c", "synchronous_commit=on",
            "-c", "shared_buffers=64MB", "-c", "max_connections=100", "-c", "max_wal_size=512MB",
            "-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "log_line_prefix=",
        ];
        string[] command = [.. DropTo(_user), "sh", "-c", wrapper, "sh", .. server];
        return new ProcessPlan("postgres", command[0], command[1..])
        {
            Environment = new Dictionary<string, string> { ["LC_ALL"] = "C.UTF-8", ["TZ"] = "UTC" },
            WorkingDirectory = "/",
            BeforeStart = StopOrphanAsync,
            Shows = line => !line.StartsWith("LOG:", StringComparison.Ordinal) || line.Contains("terminated", StringComparison.Ordinal),
        };
    }

    /// <summary>Waits until the server answers, and makes our database when it is missing.</summary>
    public async Task WaitUntilReadyAsync(TimeSpan patience, CancellationToken cancel)
    {
        var administration = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "postgres", Pooling = false, Timeout = 2 }.ConnectionString;
        var deadline = TimeProvider.System.GetUtcNow() + patience;
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(administration);
                await connection.OpenAsync(cancel);
                await using var exists = new NpgsqlCommand("select count(*) from pg_database where datname = $1", connection) { Parameters = { new() { Value = DatabaseName } } };
                if ((long)(await exists.ExecuteScalarAsync(cancel))! == 0)
                {
                    await using var create = new NpgsqlCommand($"create database {DatabaseName}", connection);
                    await create.ExecuteNonQueryAsync(cancel);
                }

                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
            {
                if (TimeProvider.System.GetUtcNow() > deadline)
                {
                    throw new StartRefusedException($"PostgreSQL does not answer in {_socketDirectory}: {e.Message}. Its lines above say why.");
                }

                await Task.Delay(50, cancel);
            }
        }
    }

    private async Task EnsureInitialisedAsync(CancellationToken cancel)
    {
        if (Directory.Exists(Cluster))
        {
            await RequireSameVersionAsync(cancel);
            return;
        }

        _say($"creating the private PostgreSQL cluster in {Cluster}{(_user is null ? "" : $" (as user {_user})")}");
        // Made beside and renamed: a kill in the middle of initdb leaves nothing that looks like a cluster.
        var unfinished = Cluster + ".new";
        await RunOrRefuseAsync(["rm", "-rf", "--", unfinished], null, cancel);
        // The password goes through a file of the server's own user: that user may not open root's pipe as /dev/stdin.
        const string initialise = """
            umask 077
            cat >"$2.password" || exit 1
            "$1" -D "$2" -U "$3" --pwfile="$2.password" --auth=scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-instructions
            code=$?
            rm -f "$2.password"
            exit $code
            """;
        await RunOrRefuseAsync(
            [.. DropTo(_user), "sh", "-c", initialise, "sh", Path.Combine(_binaries, "initdb"), unfinished, SystemUser],
            _password + "\n",
            cancel);
        await RunOrRefuseAsync(["mv", "--", unfinished, Cluster], null, cancel);
    }

    private async Task RequireSameVersionAsync(CancellationToken cancel)
    {
        var (_, version) = await ShortProcess.RunAsync([.. DropTo(_user), "cat", Path.Combine(Cluster, "PG_VERSION")], null, cancel);
        var (_, binary) = await ShortProcess.RunAsync([Path.Combine(_binaries, "postgres"), "--version"], null, cancel);
        if (!binary.Contains($" {version.Trim()}.", StringComparison.Ordinal))
        {
            throw new StartRefusedException($"The cluster in {Cluster} was made by PostgreSQL {version.Trim()}, but {binary.Trim()} is installed. Install that version or dump and restore (docs/operations.md).");
        }
    }

    /// <summary>
    /// A server that is still running on our cluster was left over by a kill: it is asked to stop, then made to. The pid
    /// file names it; that the pid is really that server is read from its command line, since pids are reused.
    /// </summary>
    private async Task StopOrphanAsync(CancellationToken cancel)
    {
        string[] signals = ["INT", "QUIT", "KILL"];
        foreach (var signal in signals)
        {
            if (await RunningServerAsync(cancel) is not { } pid)
            {
                return;
            }

            _say($"a PostgreSQL server (pid {pid}) is left over on {Cluster}; sending SIG{signal}");
            await ShortProcess.RunAsync([.. DropTo(_user), "kill", "-" + signal, pid.ToString(CultureInfo.InvariantCulture)], null, cancel);
            var deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(5);
            while (await RunningServerAsync(cancel) is not null && TimeProvider.System.GetUtcNow() < deadline)
            {
                await Task.Delay(50, cancel);
            }
        }
    }

    private async Task<int?> RunningServerAsync(CancellationToken cancel)
    {
        var (code, text) = await ShortProcess.RunAsync([.. DropTo(_user), "cat", Path.Combine(Cluster, "postmaster.pid")], null, cancel);
        if (code != 0 || !int.TryParse(text.Split('\n')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            return null;
        }

        try
        {
            var commandLine = await File.ReadAllTextAsync($"/proc/{pid}/cmdline", cancel);
            return commandLine.Contains(Cluster, StringComparison.Ordinal) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task<string> PrepareHomeAsync(NodeOptions options, string? user, Action<string> say, CancellationToken cancel)
    {
        var home = Path.Combine(options.DataDirectory, "postgres");
        var elsewhere = Path.Combine("/var/lib", "events-" + ShortHash(options.DataDirectory));
        if (user is not null && Directory.Exists(elsewhere) && !Directory.Exists(Path.Combine(home, "data")))
        {
            home = elsewhere;
        }

        await MakeDirectoryAsync(home, user, cancel);
        if (user is not null && (await ShortProcess.RunAsync([.. DropTo(user), "test", "-w", home], null, cancel)).ExitCode != 0)
        {
            // A parent directory (a 0700 home, say) lets only its owner through.
            say($"user {user} cannot reach {home}; the PostgreSQL cluster goes to {elsewhere}");
            Directory.Delete(home);
            home = elsewhere;
            await MakeDirectoryAsync(home, user, cancel);
        }

        return home;
    }

    private static async Task MakeDirectoryAsync(string path, string? user, CancellationToken cancel)
    {
        string[] owner = user is null ? [] : ["-o", user, "-g", user];
        await RunOrRefuseAsync(["install", "-d", "-m", "0700", .. owner, "--", path], null, cancel);
    }

    private static async Task EnsureSystemUserAsync(Action<string> say, CancellationToken cancel)
    {
        if ((await ShortProcess.RunAsync(["id", "-u", SystemUser], null, cancel)).ExitCode == 0)
        {
            return;
        }

        say($"creating the system user {SystemUser}, since PostgreSQL does not run as root");
        await RunOrRefuseAsync(["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SystemUser], null, cancel);
    }

    private static string LoadOrCreatePassword(NodeOptions options)
    {
        var path = Path.Combine(options.KeysDirectory, "postgres.password");
        if (!File.Exists(path))
        {
            PrivateFile.Write(path, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));
        }

        return File.ReadAllText(path).Trim();
    }

    private static string FindBinaries()
    {
        const string debian = "/usr/lib/postgresql";
        var newest = Directory.Exists(debian)
            ? Directory.EnumerateDirectories(debian)
                .Where(d => File.Exists(Path.Combine(d, "bin", "postgres")) && int.TryParse(Path.GetFileName(d), out _))
                .OrderByDescending(d => int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture))
                .Select(d => Path.Combine(d, "bin"))
                .FirstOrDefault()
            : null;
        newest ??= (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "postgres")));
        return newest ?? throw new StartRefusedException("PostgreSQL is not installed. Run ./run.sh, which installs it, or give EVENTS_DATABASE.");
    }

    private static async Task RunOrRefuseAsync(string[] command, string? input, CancellationToken cancel)
    {
        var (code, output) = await ShortProcess.RunAsync(command, input, cancel);
        if (code != 0)
        {
            throw new StartRefusedException($"'{command[0]}' failed ({code}): {output.Trim()}");
        }
    }

    private static string[] DropTo(string? user) => user is null ? [] : ["setpriv", $"--reuid={user}", $"--regid={user}", "--init-groups", "--"];

    private static string ShortHash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}
