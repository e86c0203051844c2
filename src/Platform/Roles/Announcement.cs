using System.Text.Json;

namespace Events.Platform.Roles;

/// <summary>What the supervisor prints when all roles serve.</summary>
internal static class Announcement
{
    public static async Task PrintAsync(NodeOptions options, HttpClient http, CancellationToken cancel)
    {
        var home = $"{options.Scheme}://{options.LocalHost}:{options.HttpPort}";
        var lines = new List<string> { "", $"  events     {home}/" };
        using var response = await http.GetAsync(new Uri(options.PlatformUrl, "/api/v1/demo"), cancel);
        if (response.IsSuccessStatusCode)
        {
            using var demo = JsonDocument.Parse(await response.Content.ReadAsStreamAsync(cancel));
            lines.Add($"  demo       {home}/e/{demo.RootElement.GetProperty("eventSlug").GetString()}");
            lines.Add($"  organiser  {demo.RootElement.GetProperty("email").GetString()}  password {demo.RootElement.GetProperty("password").GetString()}");
        }

        lines.Add($"  API        {home}/openapi/v1.json");
        lines.Add("");
        lines.Add($"ready {home}");
        Console.Out.WriteLine(string.Join('\n', lines));
    }
}
