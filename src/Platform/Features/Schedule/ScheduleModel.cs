namespace Events.Platform.Features.Schedule;

/// <param name="Kind">stage, session, expo, networking or reception.</param>
public sealed record NewArea(string? Name, string? Kind);

public sealed record AreaDetails(Guid Id, string Name, string Kind, int Version);

public sealed record NewSpeaker(string? Name, string? Headline, string? Bio);

public sealed record SpeakerDetails(Guid Id, string Name, string Headline, string Bio, int Version);

/// <param name="SessionId">The room where it happens.</param>
public sealed record NewScheduleItem(string? Title, string? Description, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, Guid? SessionId, Guid? AreaId, IReadOnlyList<Guid>? SpeakerIds);

/// <param name="LocalStart">In the zone that was asked for, with its offset; LocalDay is its date there.</param>
public sealed record ScheduleItemDetails(
    Guid Id, string Title, string Description, DateTimeOffset StartsAt, DateTimeOffset EndsAt, DateTimeOffset LocalStart, DateTimeOffset LocalEnd, DateOnly LocalDay, Guid? SessionId, Guid? AreaId, IReadOnlyList<Guid> SpeakerIds, int Version);

/// <summary>What an attendee sees on entry.</summary>
/// <param name="TimeZone">The zone of the local times: the event's, or the one that was asked for.</param>
public sealed record ScheduleDetails(string TimeZone, IReadOnlyList<ScheduleItemDetails> Items, IReadOnlyList<SpeakerDetails> Speakers, IReadOnlyList<AreaDetails> Areas);
