using Events.Platform.Composition;
using Events.Platform.Data;

namespace Events.Platform.Roles;

/// <summary>Pages, API, and the only database connection.</summary>
public static class PlatformRole
{
    public static WebApplication Build(NodeOptions options)
    {
        var database = options.Database ?? throw new StartRefusedException("The platform role needs EVENTS_DATABASE; --role all brings its own PostgreSQL.");
        var builder = RoleHost.CreateBuilder(options, Role.Platform);
        builder.Services.AddSingleton(provider => new Database(database, provider.GetService<ILoggerFactory>()));
        builder.Services.AddSingleton<Migrator>();
        builder.Services.AddHostedService<DatabaseStart>();
        builder.Services.AddSingleton<IReadinessCheck, DatabaseReadiness>();
        var app = builder.Build();
        app.MapHealth();
        return app;
    }
}
