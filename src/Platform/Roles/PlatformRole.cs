using Events.MediaRegistry.Blobs;
using Events.MediaRegistry.Playback;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Analytics;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Branding;
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
    public static WebApplication Build(NodeOptions options)
    {
        var connectionString = options.Database ?? throw new StartRefusedException("The platform role needs EVENTS_DATABASE; --role all brings its own PostgreSQL.");
        var keys = NodeKeys.LoadOrCreate(options.DataDirectory);
        var builder = RoleHost.CreateBuilder(options, Role.Platform);
        var services = builder.Services;
        services.AddSingleton(keys);
        services.AddSingleton(provider => new Database(connectionString, provider.GetService<ILoggerFactory>()));
        services.AddSingleton<Migrator>();
        services.AddHostedService<DatabaseStart>();
        services.AddSingleton<IReadinessCheck, DatabaseReadiness>();
        services.AddHostedService<TimerRunner>();
        services.AddSingleton<IBlobStore>(_ => new DiskBlobStore(options.BlobsDirectory));
        services.AddSingleton(provider => new SignedUrls(keys.PlaybackKey, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new EventTokens(keys.EventsPrivatePem, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new GrantSigner(JwtSigningKey.FromPem(keys.GrantPrivatePem), provider.GetRequiredService<TimeProvider>()));
        services.AddProblems();
        services.AddOpenApi();
        services.AddAccounts(options.KeysDirectory);
        services.AddMail(options);
        services.AddSingleton(provider => new AnalyticsTokens(keys.AnalyticsPrivatePem, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ExternalLimits>();
        services.AddHostedService<StaffSeed>();
        services.AddSingleton<DemoSeed>();
        services.AddHostedService(provider => provider.GetRequiredService<DemoSeed>());
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
        app.UsePages();
        app.UseCsrfGuard();
        app.UseEventTokens();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapAccounts();
        app.MapOrganisations();
        app.MapAudit();
        app.MapStaff();
        app.MapExternalApi();
        app.MapAnalytics();
        app.MapEventTeam();
        app.MapEvents();
        app.MapEventEntry();
        app.MapSso();
        app.MapSchedule();
        app.MapTickets();
        app.MapBranding();
        app.MapPayments(options);
        app.MapPrivacy();
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
