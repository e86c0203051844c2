using System.Text.Json.Serialization;

namespace Events.Rtc.Rooms;

/// <summary>A set of what may be captured.</summary>
[Flags]
public enum TrackSources
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><see cref="TrackSource.Camera"/>.</summary>
    Camera = 1 << TrackSource.Camera,

    /// <summary><see cref="TrackSource.Microphone"/>.</summary>
    Microphone = 1 << TrackSource.Microphone,

    /// <summary><see cref="TrackSource.Screen"/>.</summary>
    Screen = 1 << TrackSource.Screen,

    /// <summary><see cref="TrackSource.ScreenAudio"/>.</summary>
    ScreenAudio = 1 << TrackSource.ScreenAudio,

    /// <summary>Everything.</summary>
    All = Camera | Microphone | Screen | ScreenAudio,
}

/// <summary>What a verified room grant lets its holder do, and who it is.</summary>
/// <param name="Room">The room that the holder may enter.</param>
/// <param name="Identity">Unique per joining tab; a second join with it replaces the first. What stands before its first dot is the person.</param>
/// <param name="Name">Shown to others.</param>
/// <param name="Role">Free text of the platform: organiser, speaker, attendee.</param>
/// <param name="CanPublish">May send tracks.</param>
/// <param name="CanSubscribe">May receive tracks.</param>
/// <param name="Hidden">In no roster and no count.</param>
public sealed record RoomRights(string Room, string Identity, string Name, string Role, bool CanPublish, bool CanSubscribe, bool Hidden)
{
    /// <summary>May run the room: invite, promote, demote, mute, remove, lock.</summary>
    public bool Moderates { get; init; }

    /// <summary>What the holder may send, if it may send at all.</summary>
    public TrackSources Sources { get; init; } = TrackSources.All;

    /// <summary>Records for the organisers: it is in no roster, takes nobody's place and enters locked rooms.</summary>
    public bool Recorder { get; init; }

    /// <summary>By which the grant can be revoked; null: it has none.</summary>
    public string? GrantId { get; init; }

    /// <summary>When the grant was made, in whole seconds; null: unknown.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>Whom all tabs and encoders of one human being share: what moderators decide of one holds for all of them.</summary>
    public string Person => Identity.IndexOf('.') is var dot and > 0 ? Identity[..dot] : Identity;

    /// <summary>Whether it may send this.</summary>
    public bool MaySend(TrackSource source) => CanPublish && Sources.HasFlag((TrackSources)(1 << (int)source));
}

/// <summary>A participant's rights as it and the others are told of them.</summary>
public sealed record RightsInfo(bool CanPublish, bool CanSubscribe, IReadOnlyList<TrackSource> Sources, bool Moderates)
{
    /// <summary>What clients are told of a participant's rights.</summary>
    public static RightsInfo Of(RoomRights rights) => new(
        rights.CanPublish, rights.CanSubscribe, [.. Enum.GetValues<TrackSource>().Where(s => rights.Sources.HasFlag((TrackSources)(1 << (int)s)))], rights.Moderates);
}

/// <summary>What changes of a participant's rights; null leaves a right as it is.</summary>
public sealed record RightsChange(bool? CanPublish = null, bool? CanSubscribe = null, TrackSources? Sources = null, bool? Moderates = null)
{
    /// <summary>It touches only what is published, which is moderators' to decide.</summary>
    [JsonIgnore]
    public bool IsOfPublishing => CanSubscribe is null && Moderates is null;

    /// <summary>The rights after it.</summary>
    public RoomRights AppliedTo(RoomRights rights) => rights with
    {
        CanPublish = CanPublish ?? rights.CanPublish,
        CanSubscribe = CanSubscribe ?? rights.CanSubscribe,
        Sources = Sources ?? rights.Sources,
        Moderates = Moderates ?? rights.Moderates,
    };

    /// <summary>An earlier change with this one on top.</summary>
    public RightsChange Over(RightsChange? earlier) => earlier is null ? this : new(
        CanPublish ?? earlier.CanPublish, CanSubscribe ?? earlier.CanSubscribe, Sources ?? earlier.Sources, Moderates ?? earlier.Moderates);
}
