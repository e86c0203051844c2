using System.Diagnostics;
using System.Globalization;

namespace Events.Tests.Platform.Testing;

/// <summary>The platform as a process of its own, on a fixture's port and database: it can be killed.</summary>
internal static class PlatformProcess
{
    /// <summary>Starts it while the fixture's own platform is stopped, and waits until it is ready.</summary>
    public static async Task<Process> StartProcessAsync(this PlatformFixture fixture)
    {
        var options = fixture.Options;
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Events.Platform.dll"), "--role", "platform"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = options.EnvironmentName;
        start.Environment["EVENTS_DATABASE"] = options.Database;
        start.Environment["EVENTS_DATA_DIR"] = options.DataDirectory;
        start.Environment["EVENTS_HTTP_PORT"] = options.HttpPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["EVENTS_MEDIA_HTTP_PORT"] = options.MediaHttpPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["EVENTS_MIXER_HTTP_PORT"] = options.MixerHttpPort.ToString(CultureInfo.InvariantCulture);
        if (options.Stripe is { } stripe)
        {
            start.Environment["EVENTS_STRIPE_SECRET_KEY"] = stripe.SecretKey;
            start.Environment["EVENTS_STRIPE_WEBHOOK_SECRETS"] = string.Join(',', stripe.WebhookSecrets);
            start.Environment["EVENTS_STRIPE_API"] = stripe.Api.ToString();
        }

        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var client = fixture.Client();
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(process.HasExited, "The platform ended.");
                try
                {
                    using var ready = await client.GetAsync("/readyz");
                    return ready.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the platform is ready");
        return process;
    }
}
