using Events.Platform.Composition;
using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Roles;

/// <summary>The SFU and its doors: hub, WHIP, WHEP, node API, journal. Knows no database.</summary>
public static class MediaRole
{
    /// <summary>This node's name in the journal and at the platform.</summary>
    public const string NodeName = "media";

    public static WebApplication Build(NodeOptions options)
    {
        var keys = NodeKeys.LoadOrCreate(options.DataDirectory);
        var builder = RoleHost.CreateBuilder(options, Role.Media);
        builder.Services.AddProblems();
        builder.Services.AddRtcSignalling(new SignallingOptions
        {
            GrantPublicKeys = [keys.GrantPublicPem],
            KeysDirectory = options.KeysDirectory,
            NodeKey = keys.NodeKey,
            DataDirectory = options.DataDirectory,
            NodeName = NodeName,
            PlatformUrl = options.PlatformUrl,
            PlatformHandler = () => LocalCertificate.CreateHandler(options),
            OpenWhip = options.OpenWhip,
            PlatformHttpPort = options.HttpPort,
            ExtraOrigins = options.Origins,
            Turn = options.Turn,
        });
        builder.Services.AddSingleton<RtcMetrics>();
        builder.Services.AddSingleton<IRtcServer>(services => new RtcServer(
            new RtcOptions
            {
                BindAddress = options.Bind,
                Port = options.RtcPort,
                Workers = options.RtcWorkers,
                SpreadFromParticipants = options.RtcSpreadFrom,
                Advertise = options.RtcAdvertise,
                RelaySocketPath = options.RelaySocket,
                AcceptsNodeKey = keys.NodeKey.Accepts,
            },
            services.GetRequiredService<IRoomObserver>(),
            services.GetRequiredService<RtcMetrics>(),
            services.GetRequiredService<ILogger<RtcLog>>(),
            services.GetRequiredService<IRoomRules>()));
        builder.Services.AddSingleton<MediaRehearsal>();
        builder.Services.AddSingleton<IReadinessCheck>(services => services.GetRequiredService<MediaRehearsal>());
        builder.Services.AddHostedService(services => services.GetRequiredService<MediaRehearsal>());
        builder.Services.AddHostedService<BackgroundCollections>();
        var app = builder.Build();
        // The media ports are bound before the doors open: a port in use is a refusal to start, not an error of the first call.
        _ = app.Services.GetRequiredService<IRtcServer>();
        app.Services.GetRequiredService<IRoomObserver>().Record("node.started", new { });
        app.UseProxies(options);
        app.UseExceptionHandler();
        app.MapHealth();
        app.MapRtcSignalling();
        return app;
    }
}
