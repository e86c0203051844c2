using System.Net.Http.Headers;
using System.Text.Json;
using Events.Platform.Composition;
using Events.Rtc.Client;
using Events.Rtc.Client.Demo;
using Events.Rtc.OpenSsl;

namespace Events.Platform.Roles;

/// <summary>
/// The synthetic speakers of <c>--demo</c>: a process of its own, so that their encoders weigh on no other role. They come in
/// by the public API, as guests of the demo session.
/// </summary>
public static class DemoRole
{
    public static IHost Build(NodeOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = options.EnvironmentName });
        RoleHost.AddEssentials(builder, options);
        builder.Services.AddHostedService<Speakers>();
        return builder.Build();
    }

    private sealed class Speakers(NodeOptions options, ILogger<Speakers> log) : BackgroundService
    {
        private static readonly (string Name, string Voice)[] Cast = [("Ada", "slt"), ("Grace", "awb")];

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            using var http = LocalCertificate.CreateClient(options);
            http.BaseAddress = options.PlatformUrl;
            try
            {
                var session = await FindSessionAsync(http, stoppingToken);
                var stack = new ClientStack(http, new OpenSslDtlsEngineFactory(), SrtpCiphers.Default);
                await Task.WhenAll(Cast.Select(one => SpeakAsync(http, stack, session, one.Name, one.Voice, stoppingToken)));
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // Told to stop.
            }
        }

        private Task SpeakAsync(HttpClient http, ClientStack stack, DemoSession session, string name, string voice, CancellationToken cancel) => DemoSpeaker.RunAsync(
            new DemoSpeakerOptions
            {
                WhipUrl = new Uri(options.MediaUrl, $"/whip/{session.Room}"),
                BearerToken = async stop => await GrantAsync(http, session, name, stop),
                Name = name,
                Voice = voice,
                CacheDirectory = Path.Combine(options.DataDirectory, "demo"),
                OnStatus = status => RolesLog.Speaker(log, name, status),
            },
            stack,
            cancel);

        /// <summary>Waits for the platform: the roles start at once.</summary>
        private static async Task<DemoSession> FindSessionAsync(HttpClient http, CancellationToken cancel)
        {
            while (true)
            {
                try
                {
                    var demo = await http.GetFromJsonAsync<JsonElement>("/api/v1/demo", cancel);
                    var page = await http.GetFromJsonAsync<JsonElement>($"/api/v1/events/{demo.GetProperty("eventSlug").GetString()}", cancel);
                    var session = page.GetProperty("sessions").EnumerateArray().First(s => s.GetProperty("kind").GetString() == "session").GetProperty("id").GetGuid();
                    return new DemoSession(page.GetProperty("id").GetGuid(), session, session.ToString());
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(500), cancel);
                }
            }
        }

        /// <summary>A grant like any guest's; null when the platform is away, so that the speaker is refused and tries again.</summary>
        private static async Task<string?> GrantAsync(HttpClient http, DemoSession session, string name, CancellationToken cancel)
        {
            try
            {
                using var entered = await http.PostAsJsonAsync($"/api/v1/events/{session.EventId}/entry", new { name }, cancel);
                var entry = await entered.Content.ReadFromJsonAsync<JsonElement>(cancel);
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sessions/{session.SessionId}/grants") { Content = JsonContent.Create(new { publish = true }) };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", entry.GetProperty("token").GetString());
                using var granted = await http.SendAsync(request, cancel);
                return (await granted.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("grant").GetString();
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException)
            {
                return null;
            }
        }

        private sealed record DemoSession(Guid EventId, Guid SessionId, string Room);
    }
}
