using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Http;
using Events.Rtc.Signalling.Hubs;
using Events.Rtc.Signalling.Journal;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

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
        services.AddSingleton(provider =>
        {
            TimeProvider clock = provider.GetRequiredService<TimeProvider>();
            return new GrantVerifier(
                options.KeysDirectory is { } directory
                    ? SigningKeyRing.LoadPublic(directory, NodeKeys.Grants, clock)
                    : SigningKeyRing.OfPublicKeys([.. options.GrantPublicKeys.SelectMany(JwtVerificationKey.AllFromPem)], clock),
                clock);
        });
        services.AddSingleton<IRoomRules>(provider => new RoomRulesFiles(
            Path.Combine(options.DataDirectory, "rooms", options.NodeName), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RoomRulesFiles>>()));
        services.AddSingleton<IceServers>();
        services.AddSingleton<ResumeRegistry>();
        services.AddSingleton<HubCallFilter>();
        services.AddSingleton<OriginPolicy>();
        services.AddSingleton(_ => new AddressBudget(options.HttpRequestBurst, options.HttpRequestsPerSecond));
        services.AddSingleton<SessionResources>();
        services.AddSingleton<SessionDoor>();
        services.AddSingleton<NodeApi>();
        services.AddSignalR().AddHubOptions<RtcHub>(hub =>
        {
            hub.MaximumReceiveMessageSize = HubRequests.MaxMessageBytes;
            hub.MaximumParallelInvocationsPerClient = 1;
            hub.KeepAliveInterval = TimeSpan.FromSeconds(5);
            hub.ClientTimeoutInterval = options.SocketSilence;
            hub.EnableDetailedErrors = false;
            hub.AddFilter<HubCallFilter>();
        });
        // The request log writes whole query strings, and there browsers put access_token.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning));
        return services.AddEventJournal(new JournalOptions
        {
            Directory = Path.Combine(options.DataDirectory, "journal", options.NodeName),
            NodeName = options.NodeName,
            NodeKey = options.NodeKey,
            PlatformUrl = options.PlatformUrl,
            PlatformHandler = options.PlatformHandler,
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
    /// <exception cref="InvalidOperationException">Open mode is asked for outside of the Development environment.</exception>
    public static IEndpointRouteBuilder MapRtcSignalling(this IEndpointRouteBuilder endpoints)
    {
        IServiceProvider services = endpoints.ServiceProvider;
        if (services.GetRequiredService<SignallingOptions>().OpenWhip)
        {
            if (!services.GetRequiredService<IHostEnvironment>().IsDevelopment())
                throw new InvalidOperationException("EVENTS_OPEN_WHIP=1 is for the Development environment only.");
            RtcSignallingLog.OpenMode(services.GetRequiredService<ILogger<SessionDoor>>());
        }

        OriginPolicy origins = services.GetRequiredService<OriginPolicy>();
        AddressBudget budget = services.GetRequiredService<AddressBudget>();
        endpoints.MapHub<RtcHub>("/hubs/rtc").Add(endpoint =>
        {
            RequestDelegate next = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => budget.GuardAsync(context, counted => origins.GuardAsync(counted, next));
        });
        endpoints.MapWhip();
        endpoints.MapWhep();
        NodeApi.Map(endpoints);
        return endpoints;
    }
}
