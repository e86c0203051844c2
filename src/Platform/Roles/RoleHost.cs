using System.Security.Cryptography;
using Events.Platform.Composition;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Events.Platform.Roles;

/// <summary>What every role's process has in common: Kestrel on its port, logging, metrics, an orderly end.</summary>
public static class RoleHost
{
    /// <summary>Bodies are bounded to this unless an endpoint says otherwise (docs/api.md).</summary>
    public const long MaxBodyBytes = 64 * 1024;

    /// <summary>The media role takes SDP of up to 256 KB, and answers by itself to what is larger.</summary>
    private const long MaxMediaBodyBytes = 512 * 1024;

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(4);

    /// <summary>Builds and runs a role until it is told to stop; the process's exit code.</summary>
    public static async Task<int> RunAsync(NodeOptions options, Func<NodeOptions, IHost> build)
    {
        try
        {
            Directory.CreateDirectory(options.RunDirectory);
            using var host = build(options);
            var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
            try
            {
                await host.RunAsync();
            }
            catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // Told to stop while it was still starting.
            }

            return 0;
        }
        catch (Exception e) when (Refusal(e, options) is { } reason)
        {
            await Console.Error.WriteLineAsync(reason);
            return StartRefusedException.ExitCode;
        }
    }

    /// <summary>A builder with the address, logging and metrics of a role.</summary>
    public static WebApplicationBuilder CreateBuilder(NodeOptions options, Role role)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(RoleHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = options.EnvironmentName,
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = role == Role.Media ? MaxMediaBodyBytes : MaxBodyBytes;
            kestrel.Listen(options.Bind, options.PortOf(role), listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                if (options.Https)
                {
                    listen.UseHttps(LocalCertificate.LoadOrCreate(options));
                }
                else
                {
                    // Without TLS there is no negotiation of HTTP/2 (RFC 9113 §3.2), and Kestrel warns about asking for both.
                    listen.Protocols = HttpProtocols.Http1;
                }
            });
        });
        AddEssentials(builder, options);
        builder.Services.AddSingleton<PrometheusExporter>();
        builder.Services.AddHostedService<GcPauses>();
        return builder;
    }

    /// <summary>What every role has, with or without a web server.</summary>
    public static void AddEssentials(IHostApplicationBuilder builder, NodeOptions options)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http", LogLevel.Warning);
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);

        // The exception handler has logged what is worth it; this one repeats every malformed body with a stack.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None);

        // The keys directory is open to its owner alone; there is no machine key to encrypt it with.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        // A failed start is thrown as well, and shown once: as one line when the operator can mend it, else with its stack.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        if (options.Supervised)
        {
            builder.Services.AddHostedService<ParentWatch>();
        }
    }

    private static string? Refusal(Exception e, NodeOptions options) => e switch
    {
        StartRefusedException refused => refused.Message,
        IOException { InnerException: AddressInUseException } =>
            $"Port {options.PortOf(options.Role)} on {options.Bind} is in use. Stop the program that holds it, or choose another port.",
        IOException { InnerException: System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.AddressAlreadyInUse } } =>
            $"A media port (UDP and TCP) from {options.RtcPort} to {options.RtcPort + options.RtcWorkers - 1} on {options.Bind} is in use. Stop the program that holds it, or set EVENTS_RTC_PORT.",
        CryptographicException broken => $"A key in {options.KeysDirectory} cannot be used: {broken.Message}",
        _ => null,
    };
}
