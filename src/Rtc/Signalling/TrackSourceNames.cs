using System.Text.Json;
using Events.Rtc.Rooms;

namespace Events.Rtc.Signalling;

/// <summary>What sources are called on the wire and in grants.</summary>
internal static class TrackSourceNames
{
    private const int MaxName = 32;
    private const int MaxListed = 16;

    /// <summary>Its name.</summary>
    public static string Of(TrackSource source) => source switch
    {
        TrackSource.Camera => "camera",
        TrackSource.Microphone => "microphone",
        TrackSource.Screen => "screen",
        _ => "screen_audio",
    };

    /// <summary>The source of a name, or null.</summary>
    public static TrackSource? Parse(string name) => name switch
    {
        "camera" => TrackSource.Camera,
        "microphone" => TrackSource.Microphone,
        "screen" => TrackSource.Screen,
        "screen_audio" => TrackSource.ScreenAudio,
        _ => null,
    };

    /// <summary>The names of a set.</summary>
    public static string[] Of(TrackSources sources) => [.. Enum.GetValues<TrackSource>().Where(s => sources.HasFlag((TrackSources)(1 << (int)s))).Select(Of)];

    /// <summary>A list of names; false when it is none, or holds another word.</summary>
    public static bool TryRead(JsonElement parent, string name, out TrackSources sources)
    {
        sources = TrackSources.None;
        if (!JsonFields.TryMember(parent, name, JsonValueKind.Array, out JsonElement list) || list.GetArrayLength() > MaxListed)
            return false;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (!JsonFields.TryAsText(item, MaxName, out string? text) || Parse(text) is not { } source)
                return false;
            sources |= (TrackSources)(1 << (int)source);
        }

        return true;
    }
}
