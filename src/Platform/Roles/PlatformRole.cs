using Events.MediaRegistry.Blobs;
using Events.MediaRegistry.Playback;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Analytics;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Branding;
using Events.Platform.Features.Dashboard;
using Events.Platform.Features.Demo;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Events;
using Events.Platform.Features.External;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Media;
using Events.Platform.Features.Nodes;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Payments;
using Events.Platform.Features.Privacy;
using Events.Platform.Features.Recordings;
using Events.Platform.Features.Rooms;
using Events.Platform.Features.Schedule;
using Events.Platform.Features.Sso;
using Events.Platform.Features.Staff;
using Events.Platform.Features.Tickets;
using Events.Platform.Features.Whip;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Roles;

/// <summary>Pages, API, and the only database connection.</summary>
public static class PlatformRole
{
    private static SigningKeyRing Ring(string name, IServiceProvider services) => services.GetRequiredKeyedService<SigningKeyRing>(name);

    public static WebApplication Build(NodeOptions options)
    {
        var connectionString = options.Database ?? throw new StartRefusedException("The platform role needs EVENTS_DATABASE; --role all brings its own PostgreSQL.");
        var keys = NodeKeys.LoadOrCreate(options.DataDirectory);
        var builder = RoleHost.CreateBuilder(options, Role.Platform);
        var services = builder.Services;
        services.AddSingleton(keys);
        services.AddKeyRings(options);
        services.AddSingleton(provider => new Database(connectionString, provider.GetService<ILoggerFactory>()));
        services.AddSingleton<Migrator>();
        services.AddHostedService<DatabaseStart>();
        services.AddSingleton<IReadinessCheck, DatabaseReadiness>();
        services.AddHostedService<TimerRunner>();
        services.AddSingleton<IBlobStore>(_ => new DiskBlobStore(options.BlobsDirectory));
        services.AddSingleton(provider => new SignedUrls(() => keys.PlaybackKey.Trusted, keys.PlaybackKey.Look, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new EventTokens(Ring(NodeKeys.Events, provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new GrantSigner(Ring(NodeKeys.Grants, provider), provider.GetRequiredService<TimeProvider>()));
        services.AddProblems();
        services.AddApiDescriptions();
        services.AddCrossOrigin();
        services.AddAccounts(options.KeysDirectory);
        services.AddMail(options);
        services.AddSingleton(provider => new AnalyticsTokens(Ring(NodeKeys.Analytics, provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ExternalLimits>();
        services.AddSingleton<PublicListing>();
        services.AddHostedService<StaffSeed>();
        services.AddSingleton<DemoSeed>();
        services.AddHostedService(provider => provider.GetRequiredService<DemoSeed>());
        services.AddEventEntry();
        services.AddRooms();
        services.AddRecordings();
        services.AddTickets(options);
        services.AddBranding();
        services.AddPayments(options);
        services.AddMedia();
        services.AddNodes();
        services.AddSso();
        services.AddPrivacy();

        var app = builder.Build();
        app.UseSecurityHeaders(options);
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseWebClient();
        app.UseRouting();
        app.UseCors();
        app.UsePages();
        app.UseCsrfGuard();
        app.UseEventTokens();
        app.UseExternalDoor();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseIdempotencyKeys();
        app.MapHealth();
        app.MapPublicKeys();
        app.MapApiDescriptions();
        app.MapAccounts();
        app.MapOrganisations();
        app.MapAudit();
        app.MapStaff();
        app.MapExternalApi();
        app.MapAnalytics();
        app.MapEventTeam();
        app.MapMyParts();
        app.MapEvents();
        app.MapEventEntry();
        app.MapSso();
        app.MapSchedule();
        app.MapTickets();
        app.MapBranding();
        app.MapPayments(options);
        app.MapPrivacy();
        app.MapDashboard();
        app.MapDemo();
        app.MapWhip();
        app.MapMedia();
        app.MapNodes();
        var eventDomain = app.MapGroup("").RequireEventToken();
        eventDomain.MapRooms();
        eventDomain.MapRecordings();
        return app;
    }
}
