using Events.Platform.Roles;

var (options, errors) = NodeOptionsReader.Read(args, Environment.GetEnvironmentVariable);
if (options is null)
{
    foreach (var error in errors)
    {
        Console.Error.WriteLine(error);
    }

    return StartRefusedException.ExitCode;
}

if (options.RotateKeys is not null)
{
    return KeyRotation.Run(options);
}

switch (options.Role)
{
    case Role.All:
        using (var supervisor = new Supervisor(options, args))
        {
            return await supervisor.RunAsync();
        }

    case Role.Platform:
        return await RoleHost.RunAsync(options, PlatformRole.Build);

    case Role.Media:
        BackgroundCollections.Prepare();
        return await RoleHost.RunAsync(options, MediaRole.Build);

    case Role.Mixer:
        return await RoleHost.RunAsync(options, MixerRole.Build);

    default:
        return await RoleHost.RunAsync(options, DemoRole.Build);
}
