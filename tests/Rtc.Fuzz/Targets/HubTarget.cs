using System.Text;
using System.Text.Json;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Hubs;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>The arguments of hub calls: any JSON that a client can send.</summary>
internal sealed class HubTarget : IFuzzTarget
{
    public string Name => "hub";

    public int MaxLength => 4_096;

    public long AllocationLimit => 512 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "\\ud800", "\"tracks\":[", "{\"mid\":\"0\",\"source\":\"camera\"},", "null", "[[[[", "\"sdp\":", "1e999", "\"\\u0073dp\"", "{}", "\"muted\":true", "-2147483649" }
            .Select(Encoding.UTF8.GetBytes),
    ];

    public IEnumerable<byte[]> Seeds =>
    [
        .. new[]
        {
            """{"sdp":"v=0\r\n","tracks":[{"mid":"0","source":"camera","muted":false},{"mid":"1","source":"screen_audio"}]}""",
            """{"trackId":"t1","muted":true,"enabled":false}""",
            """{"trackId":"t1","maxWidth":640,"maxHeight":360,"maxFrameRate":15,"paused":false,"count":3}""",
            """{"revision":3,"sdp":"v=0\r\n","grant":"eyJ","resumeToken":"abc"}""",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        JsonElement request;
        try
        {
            var reader = new Utf8JsonReader(input);
            request = JsonElement.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            return; // SignalR's own reader refuses it before a hub method runs.
        }

        if (HubRequests.TryPublish(request, out var sdp, out var tracks))
        {
            Demand.That(sdp.Length is > 0 and <= HubRequests.MaxSdp && tracks.Count <= HubRequests.MaxTracks, "A call is bounded.");
        }

        _ = HubRequests.TryTrackFlag(request, "muted", out _, out _);
        _ = HubRequests.TryTrackFlag(request, "enabled", out _, out _);
        if (HubRequests.TryVideo(request, out _, out var wish))
        {
            Demand.That(wish is { MaxWidth: >= 0 and <= 16_384, MaxHeight: >= 0 and <= 16_384, MaxFrameRate: >= 0 and <= 240 }, "A wish is bounded.");
        }

        Demand.That(!HubRequests.TryLastN(request, out var count) || count is null or >= 0 and <= 1_000, "A count is bounded.");
        _ = JsonFields.TryText(request, "grant", 4_096, out _);
        _ = JsonFields.TryInteger(request, "revision", out _);
    }
}
