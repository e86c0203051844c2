using Events.MediaRegistry.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Events.Mixer;

/// <summary>Registration for the composition root.</summary>
public static class MixerRegistration
{
    /// <summary>
    /// Adds <see cref="IMixer"/>, resumed and ended with the host. Needs an <see cref="IMixerEvents"/>; blobs go to
    /// <c>{DataDirectory}/blobs</c> unless an <see cref="IBlobStore"/> was registered before.
    /// </summary>
    public static IServiceCollection AddMixer(this IServiceCollection services, MixerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton<MixerMetrics>();
        services.TryAddSingleton<IBlobStore>(_ => new DiskBlobStore(Path.Combine(options.DataDirectory, "blobs")));
        services.AddSingleton<MixerService>();
        services.AddSingleton<IMixer>(s => s.GetRequiredService<MixerService>());
        services.AddHostedService(s => s.GetRequiredService<MixerService>());
        return services;
    }
}
