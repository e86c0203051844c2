namespace Events.Platform.Roles;

/// <summary>The synthetic speakers of <c>--demo</c>: a process of its own, so that their encoders weigh on no other role.</summary>
public static class DemoRole
{
    public static IHost Build(NodeOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = options.EnvironmentName });
        RoleHost.AddEssentials(builder, options);
        return builder.Build();
    }
}
