using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Events.Rtc.Rooms;

namespace Events.Rtc.Signalling.Hubs;

/// <summary>Reads the arguments of hub calls; every field is bounded.</summary>
internal static class HubRequests
{
    /// <summary>Characters of an SDP: a thousand m-lines of a large stage have about 200 KB.</summary>
    public const int MaxSdp = 256 * 1024;

    /// <summary>A message on the wire: an SDP whose line ends are escaped, and its envelope.</summary>
    public const int MaxMessageBytes = MaxSdp + (64 * 1024);

    /// <summary>M-lines that one client may declare.</summary>
    public const int MaxTracks = 64;

    private const int MaxMid = 32; // RFC 9143 §15: better short; ours and browsers' have one to three
    private const int MaxTrackId = 128;
    private const int MaxPixels = 16_384; // the widest picture that VP8 can name (RFC 6386 §9.1)
    private const int MaxFrameRate = 240;
    private const int MaxLastN = 1_000;

    public static RtcError Malformed(string what) => new("bad_request", $"The call needs {what}.");

    public static bool TryPublish(JsonElement request, [NotNullWhen(true)] out string? sdp, out List<TrackDeclaration> tracks)
    {
        tracks = [];
        if (!JsonFields.TryText(request, "sdp", MaxSdp, out sdp)
            || !JsonFields.TryMember(request, "tracks", JsonValueKind.Array, out JsonElement list)
            || list.GetArrayLength() > MaxTracks)
            return false;
        foreach (JsonElement track in list.EnumerateArray())
        {
            if (!JsonFields.TryText(track, "mid", MaxMid, out string? mid)
                || !JsonFields.TryText(track, "source", MaxMid, out string? name)
                || TrackSourceNames.Parse(name) is not { } source)
                return false;
            JsonFields.TryFlag(track, "muted", out bool muted);
            JsonFields.TryFlag(track, "dynacast", out bool dynacast);
            if (!TryEncryption(track, out TrackEncryption encryption))
                return false;
            tracks.Add(new TrackDeclaration(mid, source, muted, dynacast) { Encryption = encryption });
        }

        return true;
    }

    /// <summary>"none", "gcm" or "custom"; absent is none. Another word is refused: it must not pass for none.</summary>
    private static bool TryEncryption(JsonElement track, out TrackEncryption encryption)
    {
        encryption = TrackEncryption.None;
        if (!JsonFields.Has(track, "encryption"))
            return true;
        if (!JsonFields.TryText(track, "encryption", MaxMid, out string? name))
            return false;
        (bool known, encryption) = name switch
        {
            "none" => (true, TrackEncryption.None),
            "gcm" => (true, TrackEncryption.Gcm),
            "custom" => (true, TrackEncryption.Custom),
            _ => (false, TrackEncryption.None),
        };
        return known;
    }

    public static bool TryTrackFlag(JsonElement request, string flagName, [NotNullWhen(true)] out string? trackId, out bool flag)
    {
        flag = false;
        return JsonFields.TryText(request, "trackId", MaxTrackId, out trackId) && JsonFields.TryFlag(request, flagName, out flag);
    }

    public static bool TryVideo(JsonElement request, [NotNullWhen(true)] out string? trackId, [NotNullWhen(true)] out VideoPreference? preference)
    {
        preference = null;
        if (!JsonFields.TryText(request, "trackId", MaxTrackId, out trackId)
            || !TryBounded(request, "maxWidth", MaxPixels, out int width)
            || !TryBounded(request, "maxHeight", MaxPixels, out int height)
            || !TryBounded(request, "maxFrameRate", MaxFrameRate, out int frameRate))
            return false;
        JsonFields.TryFlag(request, "paused", out bool paused);
        preference = new VideoPreference(width, height, frameRate, paused);
        return true;
    }

    /// <summary>A count of 0 to 1,000; null lifts the limit.</summary>
    public static bool TryLastN(JsonElement request, out int? count)
    {
        count = null;
        if (JsonFields.TryMember(request, "count", JsonValueKind.Null, out _))
            return true;
        if (!JsonFields.TryInteger(request, "count", out int number) || number is < 0 or > MaxLastN)
            return false;
        count = number;
        return true;
    }

    /// <summary>An absent member is 0: no bound.</summary>
    private static bool TryBounded(JsonElement request, string name, int max, out int number)
    {
        if (!JsonFields.Has(request, name))
        {
            number = 0;
            return true;
        }

        return JsonFields.TryInteger(request, name, out number) && number >= 0 && number <= max;
    }
}
