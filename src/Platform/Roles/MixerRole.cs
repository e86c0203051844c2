using Events.Platform.Composition;

namespace Events.Platform.Roles;

/// <summary>Records rooms and composes recordings. Knows no database.</summary>
public static class MixerRole
{
    /// <summary>This node's name in the journal and at the platform.</summary>
    public const string NodeName = "mixer";

    public static WebApplication Build(NodeOptions options)
    {
        var builder = RoleHost.CreateBuilder(options, Role.Mixer);
        var app = builder.Build();
        app.MapHealth();
        return app;
    }
}
