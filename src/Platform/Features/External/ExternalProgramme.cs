using Events.Platform.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.External;

public sealed record ExternalSpeaker(Guid Id, string Name, string Headline, string Bio) : IPaged;

/// <param name="Kind">stage, session, expo, networking or reception.</param>
public sealed record ExternalArea(Guid Id, string Name, string Kind) : IPaged;

/// <summary>By properties: Dapper cannot match a constructor that takes an array.</summary>
public sealed record ExternalScheduleItem : IPaged
{
    public required Guid Id { get; init; }

    public required string Title { get; init; }

    public required string Description { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    public required Guid? SessionId { get; init; }

    public required Guid? AreaId { get; init; }

    public required Guid[] SpeakerIds { get; init; }

    public required int Version { get; init; }
}

/// <summary>An event's programme.</summary>
internal static class ExternalProgramme
{
    public static Task<Results<Ok<Page<ExternalSpeaker>>, ProblemHttpResult>> SpeakersAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalSpeaker>(
            id, query, caller, database,
            "select id, name, headline, bio from platform.speakers where event_id = @eventId and (@after::uuid is null or id > @after) order by id limit @Take",
            audited: null, cancel);

    public static Task<Results<Ok<Page<ExternalArea>>, ProblemHttpResult>> AreasAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalArea>(
            id, query, caller, database,
            "select id, name, kind from platform.areas where event_id = @eventId and (@after::uuid is null or id > @after) order by id limit @Take",
            audited: null, cancel);

    public static Task<Results<Ok<Page<ExternalScheduleItem>>, ProblemHttpResult>> ScheduleAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalScheduleItem>(
            id, query, caller, database,
            """
            select i.id, i.title, i.description, i.starts_at, i.ends_at, i.session_id, i.area_id,
                   array(select s.speaker_id from platform.schedule_speakers s where s.item_id = i.id order by s.speaker_id) as speaker_ids, i.revision as version
            from platform.schedule_items i where i.event_id = @eventId and (@after::uuid is null or i.id > @after) order by i.id limit @Take
            """,
            audited: null, cancel);
}
