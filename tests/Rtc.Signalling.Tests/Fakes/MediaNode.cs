using System.Net.Http.Json;
using System.Text.Json;
using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Rtc.Signalling.Fakes;

/// <summary>The doors on a free port of loopback, before a fake SFU, or the real one without media.</summary>
public sealed class MediaNode : IAsyncDisposable
{
    public const string NodeKey = "node-key-0123456789";

    private readonly string _directory = Directory.CreateTempSubdirectory("events-node-").FullName;
    private readonly JwtSigningKey _key = JwtSigningKey.Generate();
    private readonly Func<SignallingOptions, SignallingOptions>? _configure;
    private readonly bool _realRooms;
    private WebApplication _app;

    private MediaNode(Func<SignallingOptions, SignallingOptions>? configure, bool realRooms)
    {
        _configure = configure;
        _realRooms = realRooms;
        _app = Build();
    }

    private WebApplication Build()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(Time);
        if (_realRooms)
        {
            builder.Services.AddSingleton(new RtcOptions { Port = 0, Workers = 1 });
            builder.Services.AddSingleton<RtcMetrics>();
            builder.Services.AddSingleton<IRtcServer, RtcServer>();
        }
        else
        {
            builder.Services.AddSingleton<IRtcServer>(Server);
        }

        SignallingOptions options = new()
        {
            GrantPublicKeys = [_key.ExportPublicPem()],
            NodeKey = SecretRing.Of(NodeKey),
            DataDirectory = _directory,
            NodeName = "media-1",
            PlatformHttpPort = 8080,
            ExtraOrigins = ["https://events.example.org"],
            IceServers = [new IceServer(["turn:turn.example.org:3478?transport=udp"], "ada", "se\"cret")],
        };
        builder.Services.AddRtcSignalling(_configure?.Invoke(options) ?? options);
        WebApplication app = builder.Build();
        app.MapRtcSignalling();
        return app;
    }

    public ManualTime Time { get; } = new();

    public FakeRtcServer Server { get; } = new();

    public HttpClient Http { get; private set; } = null!;

    public Uri Address => new(_app.Urls.First());

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<MediaNode> StartAsync(Func<SignallingOptions, SignallingOptions>? configure = null, bool realRooms = false)
    {
        MediaNode node = new(configure, realRooms);
        await node._app.StartAsync();
        node.Http = new HttpClient { BaseAddress = node.Address, Timeout = TimeSpan.FromSeconds(20) };
        return node;
    }

    /// <summary>Ends the node and starts another on its data directory.</summary>
    public async Task RestartAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = Build();
        await _app.StartAsync();
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(20) };
    }

    /// <summary>A request of the platform.</summary>
    public async Task<(int Status, string? Code)> ModerateAsync(object request, string room = "stage")
    {
        using HttpRequestMessage message = new(HttpMethod.Post, $"/node/rooms/{room}/moderate") { Content = JsonContent.Create(request) };
        message.Headers.Add("Authorization", $"Bearer {NodeKey}");
        using HttpResponseMessage response = await Http.SendAsync(message);
        string text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? null : JsonDocument.Parse(text).RootElement.GetProperty("code").GetString());
    }

    public string Grant(string room = "stage", string identity = "p.1", bool publish = true, bool subscribe = true, bool hidden = false, bool moderates = false, TimeSpan? lifetime = null) =>
        new GrantSigner(_key, Time).Issue(new RoomRights(room, identity, "Ada", "speaker", publish, subscribe, hidden) { Moderates = moderates }, lifetime ?? TimeSpan.FromMinutes(5)).Token;

    public Task<HubClient> ConnectAsync(string? origin = null) => HubClient.ConnectAsync(Address, origin);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
