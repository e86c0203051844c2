using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Journal;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Events.Rtc.Signalling;

/// <summary>Puts the doors of a media node into a host: hub, WHIP, WHEP, node API, event journal.</summary>
public static class RtcSignalling
{
    /// <summary>Registers the doors. The host registers the <see cref="IRtcServer"/> that they open into.</summary>
    /// <exception cref="ArgumentException">An option is out of bounds.</exception>
    public static IServiceCollection AddRtcSignalling(this IServiceCollection services, SignallingOptions options)
    {
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(provider => new GrantVerifier(
            [.. options.GrantPublicKeys.SelectMany(JwtVerificationKey.AllFromPem)], provider.GetRequiredService<TimeProvider>()));
        return services.AddEventJournal(new JournalOptions
        {
            Directory = Path.Combine(options.DataDirectory, "journal", options.NodeName),
            NodeName = options.NodeName,
            NodeKey = options.NodeKey,
            PlatformUrl = options.PlatformUrl,
        });
    }

    /// <summary>
    /// Registers the node's journal, its delivery to the platform, and the <see cref="IRoomObserver"/> that fills it. The
    /// mixer uses this alone; <see cref="AddRtcSignalling"/> includes it.
    /// </summary>
    public static IServiceCollection AddEventJournal(this IServiceCollection services, JournalOptions options)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SignallingMetrics>();
        services.AddSingleton(options);
        services.AddSingleton<EventJournal>();
        services.AddSingleton<IRoomObserver, JournalRoomObserver>();
        services.AddHostedService<JournalDelivery>();
        return services;
    }

    /// <summary>Maps <c>/hubs/rtc</c>, <c>/whip</c>, <c>/whep</c> and <c>/node</c>.</summary>
    public static IEndpointRouteBuilder MapRtcSignalling(this IEndpointRouteBuilder endpoints) => endpoints;
}
