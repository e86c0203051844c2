using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Dapper;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.EventEntry;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Testing;

/// <summary>The real platform on a free port, with a private PostgreSQL of its own and a mixer that the test plays.</summary>
public class PlatformFixture : IAsyncLifetime
{
    public const string Password = "correct horse battery staple";
    public const string StaffEmail = "staff@operator.example";

    private SupervisedProcess _postgres = null!;
    private PrivatePostgres _cluster = null!;

    public NodeOptions Options { get; private set; } = null!;

    public WebApplication App { get; private set; } = null!;

    internal MixerDouble Mixer { get; private set; } = null!;

    public Uri Url => Options.PlatformUrl;

    public IServiceProvider Services => App.Services;

    public Database Database => Services.GetRequiredService<Database>();

    public NodeKeys Keys => Services.GetRequiredService<NodeKeys>();

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public virtual async Task InitializeAsync()
    {
        var directory = Directory.CreateTempSubdirectory("events-tests-").FullName;
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        Mixer = await MixerDouble.StartAsync(FreePort());
        Options = new NodeOptions
        {
            Role = Role.Platform,
            HttpPort = FreePort(),
            MediaHttpPort = FreePort(),
            MixerHttpPort = Mixer.Port,
            DataDirectory = directory,
            EnvironmentName = "Development",
            AttemptsPerAddress = 100_000, // all tests come from one address
            Staff = [StaffEmail],
        };
        NodeKeys.LoadOrCreate(directory);
        _cluster = await PrivatePostgres.PrepareAsync(Options, _ => { }, CancellationToken.None);
        _postgres = new SupervisedProcess(_cluster.Plan(), (_, _) => { });
        _postgres.Start();
        await _cluster.WaitUntilReadyAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
        Options = Configure(Options with { Database = _cluster.ConnectionString });
        await StartAsync();
    }

    public virtual async Task DisposeAsync()
    {
        await StopAsync();
        await Mixer.DisposeAsync();
        await _postgres.StopAsync(TimeSpan.FromSeconds(10));
        Directory.Delete(Options.DataDirectory, recursive: true);
    }

    /// <summary>Kills the server of this fixture's own cluster, as a crash of the machine would; it is started again as in production.</summary>
    public async Task KillPostgresAsync()
    {
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        var backend = await connection.ExecuteScalarAsync<int>("select pg_backend_pid()");
        var status = await File.ReadAllLinesAsync($"/proc/{backend}/status");
        var server = int.Parse(status.Single(l => l.StartsWith("PPid:", StringComparison.Ordinal))["PPid:".Length..].Trim(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Contains("postgres", await File.ReadAllTextAsync($"/proc/{server}/cmdline"));
        using var process = System.Diagnostics.Process.GetProcessById(server);
        process.Kill();
    }

    /// <summary>What a fixture wants otherwise.</summary>
    protected virtual NodeOptions Configure(NodeOptions options) => options;

    public async Task StartAsync()
    {
        App = PlatformRole.Build(Options);
        await App.StartAsync();
    }

    public async Task StopAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
    }

    /// <summary>A client with a cookie jar of its own that sends the CSRF header.</summary>
    public HttpClient Client(bool csrf = true)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer(), Expect100ContinueTimeout = TimeSpan.FromMinutes(1) }) { BaseAddress = Url };
        if (csrf)
        {
            client.DefaultRequestHeaders.Add("X-Events-Csrf", "1");
        }

        return client;
    }

    public async Task<(Guid Id, string Email)> AddUserAsync(string name = "Someone")
    {
        var id = Guid.CreateVersion7();
        var email = $"{id:N}@people.example";
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        var hash = Services.GetRequiredService<IPasswordHasher<PasswordOwner>>().HashPassword(new PasswordOwner(), Password);
        await connection.ExecuteAsync("insert into platform.users (id, email, name, password_hash) values (@id, @email, @name, @hash)", new { id, email, name, hash });
        return (id, email);
    }

    public async Task<Guid> AddOrganisationAsync(params (Guid User, string Role)[] members)
    {
        var organiserId = Guid.CreateVersion7();
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("insert into platform.organisers (id, name) values (@organiserId, 'Some organisation')", new { organiserId });
        foreach (var (user, role) in members)
        {
            await connection.ExecuteAsync("insert into platform.organization_members (user_id, organiser_id, role) values (@user, @organiserId, @role)", new { user, organiserId, role });
        }

        return organiserId;
    }

    /// <summary>A signed-in client of a new user, a member of a new organisation.</summary>
    public async Task<(HttpClient Client, Guid UserId, Guid OrganiserId)> OrganiserAsync(string role = "organization_admin")
    {
        var (userId, email) = await AddUserAsync("Olga Organiser");
        var organiserId = await AddOrganisationAsync((userId, role));
        return (await SignedInAsync(email), userId, organiserId);
    }

    public async Task<HttpClient> SignedInAsync(string email)
    {
        var client = Client();
        using var response = await client.PostAsJsonAsync("/api/v1/auth/sign-in", new { email, password = Password });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return client;
    }

    /// <summary>An event with one session and one stage, and the token of its organiser.</summary>
    public async Task<Scene> SceneAsync()
    {
        var (client, _, organiserId) = await OrganiserAsync();
        var made = await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", new { name = "Some event", timeZone = "Europe/Zurich", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-02T08:00:00Z" }, HttpStatusCode.Created);
        var eventId = made.GetProperty("id").GetGuid();
        var session = await client.PostJsonAsync($"/api/v1/events/{eventId}/sessions", new { name = "Talk", kind = "session" }, HttpStatusCode.Created);
        var stage = await client.PostJsonAsync($"/api/v1/events/{eventId}/sessions", new { name = "Main stage", kind = "stage" }, HttpStatusCode.Created);
        var entry = await client.PostJsonAsync($"/api/v1/events/{eventId}/entry", new { }, HttpStatusCode.OK);
        return new Scene(this, eventId, organiserId, session.GetProperty("id").GetGuid(), stage.GetProperty("id").GetGuid(), client, Bearer(entry.GetProperty("token").GetString()!));
    }

    public HttpClient Bearer(string token)
    {
        var client = new HttpClient { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public HttpClient Node() => Bearer(Keys.NodeKey.Current);

    public string EventToken(EventPass pass, TimeProvider? clock = null) => new EventTokens(Keys.EventsPrivatePem, clock ?? TimeProvider.System).Issue(pass).Token;
}

/// <param name="Account">The organiser by cookie.</param>
/// <param name="Organiser">The organiser by event token.</param>
public sealed record Scene(PlatformFixture Fixture, Guid EventId, Guid OrganiserId, Guid SessionId, Guid StageId, HttpClient Account, HttpClient Organiser)
{
    public async Task<HttpClient> GuestAsync(string name = "Gil Guest")
    {
        var entry = await Fixture.Client().PostJsonAsync($"/api/v1/events/{EventId}/entry", new { name }, HttpStatusCode.OK);
        return Fixture.Bearer(entry.GetProperty("token").GetString()!);
    }
}

internal static class Http
{
    public static async Task<JsonElement> PostJsonAsync(this HttpClient client, string path, object? body, HttpStatusCode expected)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        return await ReadAsync(response, expected);
    }

    public static JsonContent Json(object body) => JsonContent.Create(body);

    public static async Task<JsonElement> PatchJsonAsync(this HttpClient client, string path, object body)
    {
        using var response = await client.PatchAsJsonAsync(path, body);
        return await ReadAsync(response, HttpStatusCode.OK);
    }

    public static async Task<JsonElement> GetJsonAsync(this HttpClient client, string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await client.GetAsync(path);
        return await ReadAsync(response, expected);
    }

    /// <summary>Asks first whether the body is wanted: who refuses it closes the connection, which a client in the middle of sending may see before the answer.</summary>
    public static Task<HttpResponseMessage> SendLargeAsync(this HttpClient client, HttpMethod method, string path, byte[] body, string type = "application/octet-stream")
    {
        var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new(type);
        request.Headers.ExpectContinue = true;
        return client.SendAsync(request);
    }

    /// <summary>Expects a problem with this status and code.</summary>
    public static async Task<JsonElement> ShouldRefuseAsync(this Task<HttpResponseMessage> sending, HttpStatusCode status, string code)
    {
        using var response = await sending;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    /// <summary>Asks again until the answer is as wanted, or the deadline has passed.</summary>
    public static async Task<JsonElement> EventuallyAsync(this HttpClient client, string path, Func<JsonElement, bool> wanted)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        while (true)
        {
            var answer = await client.GetJsonAsync(path);
            if (wanted(answer))
            {
                return answer;
            }

            Assert.True(DateTime.UtcNow < deadline, $"{path} stays {answer}");
            await Task.Delay(50);
        }
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}

[CollectionDefinition(nameof(PlatformCollection))]
public sealed class PlatformCollection : ICollectionFixture<PlatformFixture>;
