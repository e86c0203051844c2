using System.Text.Json.Serialization;

namespace Events.Rtc.Rooms;

[JsonConverter(typeof(JsonStringEnumConverter<TrackKind>))]
public enum TrackKind
{
    [JsonStringEnumMemberName("audio")]
    Audio,
    [JsonStringEnumMemberName("video")]
    Video,
}

[JsonConverter(typeof(JsonStringEnumConverter<TrackSource>))]
public enum TrackSource
{
    [JsonStringEnumMemberName("camera")]
    Camera,
    [JsonStringEnumMemberName("microphone")]
    Microphone,
    [JsonStringEnumMemberName("screen")]
    Screen,
    [JsonStringEnumMemberName("screen_audio")]
    ScreenAudio,
}

/// <summary>Whether the client encrypts a track's frames for its viewers, with keys that no server has.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrackEncryption>))]
public enum TrackEncryption
{
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>AES-GCM over each frame.</summary>
    [JsonStringEnumMemberName("gcm")]
    Gcm,

    /// <summary>Something else that the clients agree on.</summary>
    [JsonStringEnumMemberName("custom")]
    Custom,
}

/// <summary>A track as the roster shows it.</summary>
/// <param name="TrackId">Unique on this node.</param>
/// <param name="Kind">Audio or video.</param>
/// <param name="Source">What is captured.</param>
/// <param name="Muted">By its publisher, or by a moderator.</param>
/// <param name="Codec">"opus", "vp8", "h264", "vp9", "av1"; empty until the first packet.</param>
public sealed record TrackInfo(string TrackId, TrackKind Kind, TrackSource Source, bool Muted, string Codec)
{
    /// <summary>A moderator muted it: its publisher unmutes it only when asked to.</summary>
    public bool Silenced { get; init; }

    /// <summary>Its frames are encrypted by its publisher's client, as that declared.</summary>
    public TrackEncryption Encryption { get; init; }

    /// <summary>What viewers of a video track can be given, lowest first; empty for audio and before the first packet.</summary>
    public IReadOnlyList<TrackLayerInfo> Layers { get; init; } = [];
}

/// <summary>One layer of a video track.</summary>
/// <param name="Rid">Of its simulcast encoding; null without.</param>
/// <param name="Spatial">Spatial layer inside the encoding (SVC); 0 without.</param>
/// <param name="Width">Pixels; 0 until known.</param>
/// <param name="Height">Pixels; 0 until known.</param>
/// <param name="TemporalLayers">1 to 4.</param>
/// <param name="Active">It arrives now.</param>
/// <param name="Bitrate">Of what its viewer is sent, bit/s, over about a second.</param>
public sealed record TrackLayerInfo(string? Rid, int Spatial, int Width, int Height, int TemporalLayers, bool Active, long Bitrate);

/// <summary>How a viewer wants a video track.</summary>
/// <param name="MaxWidth">Pixels in which it is shown; 0: any.</param>
/// <param name="MaxHeight">Pixels in which it is shown; 0: any.</param>
/// <param name="MaxFrameRate">Pictures a second; 0: as they come.</param>
/// <param name="Paused">Nothing is wanted now.</param>
public sealed record VideoPreference(int MaxWidth, int MaxHeight, int MaxFrameRate, bool Paused);

/// <summary>Whether a publisher's encoding is watched by anybody.</summary>
/// <param name="Rid">Null without simulcast.</param>
/// <param name="Active">False: stop encoding it until told otherwise.</param>
public sealed record EncodingDemand(string? Rid, bool Active);

/// <summary>A participant as the roster shows it.</summary>
public sealed record ParticipantInfo(string ParticipantId, string Identity, string Name, string Role, bool CanPublish, IReadOnlyList<TrackInfo> Tracks)
{
    /// <summary>Place among the raised hands, the lowest went up first; null: not raised.</summary>
    public long? Hand { get; init; }

    /// <summary>May run the room.</summary>
    public bool Moderates { get; init; }

    /// <summary>Its connection is lost, and its place is kept.</summary>
    public bool Reconnecting { get; init; }
}

/// <summary>What a client says of an m-line that it publishes.</summary>
/// <param name="Mid">The m-line.</param>
/// <param name="Source">What is captured.</param>
/// <param name="Muted">Published muted.</param>
/// <param name="Dynacast">The client stops encodings that nobody watches when it is told to.</param>
public sealed record TrackDeclaration(string Mid, TrackSource Source, bool Muted = false, bool Dynacast = false)
{
    /// <summary>The client encrypts its frames.</summary>
    public TrackEncryption Encryption { get; init; }
}

/// <summary>Which track an m-line of a subscriber's peer connection carries.</summary>
public sealed record SubscribedTrack(string Mid, string TrackId, string ParticipantId, TrackKind Kind, TrackSource Source)
{
    /// <summary>Its frames have to be decrypted by the viewer's client.</summary>
    public TrackEncryption Encryption { get; init; }
}

/// <summary>The server's offer for a subscriber's peer connection; the answer names the revision.</summary>
public sealed record SubscribeOffer(int Revision, string Sdp, IReadOnlyList<SubscribedTrack> Tracks);

/// <param name="ParticipantId">Who speaks.</param>
/// <param name="Level">0 (silence) … 1 (full scale).</param>
public sealed record SpeakerLevel(string ParticipantId, double Level);

/// <summary>A room as it is at one moment, with the offer that waits for an answer, if any.</summary>
public sealed record RoomSnapshot(string Room, IReadOnlyList<ParticipantInfo> Participants, SubscribeOffer? Offer)
{
    /// <summary>New participants are refused.</summary>
    public bool Locked { get; init; }

    /// <summary>How many participants are admitted, where organisers set it; null: what the node admits.</summary>
    public int? Capacity { get; init; }
}

/// <summary>A WHIP or WHEP answer.</summary>
/// <param name="Sdp">The answer.</param>
/// <param name="ETag">Names the ICE session; changes with an ICE restart.</param>
public sealed record SessionAnswer(string Sdp, string ETag);
