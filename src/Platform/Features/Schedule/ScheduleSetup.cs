using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Schedule;

/// <summary>Organisers write the schedule.</summary>
internal static class ScheduleSetup
{
    /// <summary>Of each kind per event: a fair of several weeks fits, a runaway script does not.</summary>
    private const int MostOfAKind = 2_000;

    private const int MaxSpeakers = 50;

    private static readonly ApiError AreaNotFound = ApiError.NotFound("area_not_found", "The event has no such area.");

    private static readonly ApiError SpeakerNotFound = ApiError.NotFound("speaker_not_found", "The event has no such speaker.");

    private static readonly ApiError ItemNotFound = ApiError.NotFound("schedule_item_not_found", "The event has no such item.");

    public static async Task<Results<Created<AreaDetails>, ProblemHttpResult>> AddAreaAsync(Guid id, NewArea request, EventManager manager, Database database, CancellationToken cancel)
    {
        var (checks, area) = Read(request, Guid.CreateVersion7());
        return (await TicketSetup.ManageAsync<AreaDetails>(checks, id, manager, database, "area.added", async (connection, _) =>
            await connection.ExecuteAsync(
                "insert into platform.areas (id, event_id, name, kind) select @AreaId, @id, @Name, @Kind where (select count(*) from platform.areas where event_id = @id) < @MostOfAKind",
                new { AreaId = area.Id, id, area.Name, area.Kind, MostOfAKind }) == 1 ? area : TooMany, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/schedule");
    }

    public static async Task<Results<Ok<AreaDetails>, ProblemHttpResult>> ChangeAreaAsync(Guid id, Guid partId, NewArea request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel)
    {
        var (checks, area) = Read(request, partId);
        return (await TicketSetup.ManageAsync<AreaDetails>(checks, id, manager, database, "area.changed", async (connection, _) =>
        {
            if (await connection.QuerySingleOrDefaultAsync<int?>("select version from platform.areas where id = @partId and event_id = @id for update", new { partId, id }) is not { } version)
            {
                return AreaNotFound;
            }

            if (IfMatch.Refuses(http, version) is { } changed)
            {
                return changed;
            }

            await connection.ExecuteAsync("update platform.areas set name = @Name, kind = @Kind, version = version + 1 where id = @Id", area);
            return area with { Version = version + 1 };
        }, cancel)).ToOk();
    }

    public static async Task<Results<Created<SpeakerDetails>, ProblemHttpResult>> AddSpeakerAsync(Guid id, NewSpeaker request, EventManager manager, Database database, CancellationToken cancel)
    {
        var (checks, speaker) = Read(request, Guid.CreateVersion7());
        return (await TicketSetup.ManageAsync<SpeakerDetails>(checks, id, manager, database, "speaker.added", async (connection, _) =>
            await connection.ExecuteAsync(
                "insert into platform.speakers (id, event_id, name, headline, bio) select @SpeakerId, @id, @Name, @Headline, @Bio where (select count(*) from platform.speakers where event_id = @id) < @MostOfAKind",
                new { SpeakerId = speaker.Id, id, speaker.Name, speaker.Headline, speaker.Bio, MostOfAKind }) == 1 ? speaker : TooMany, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/schedule");
    }

    public static async Task<Results<Ok<SpeakerDetails>, ProblemHttpResult>> ChangeSpeakerAsync(Guid id, Guid partId, NewSpeaker request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel)
    {
        var (checks, speaker) = Read(request, partId);
        return (await TicketSetup.ManageAsync<SpeakerDetails>(checks, id, manager, database, "speaker.changed", async (connection, _) =>
        {
            if (await connection.QuerySingleOrDefaultAsync<int?>("select version from platform.speakers where id = @partId and event_id = @id for update", new { partId, id }) is not { } version)
            {
                return SpeakerNotFound;
            }

            if (IfMatch.Refuses(http, version) is { } changed)
            {
                return changed;
            }

            await connection.ExecuteAsync("update platform.speakers set name = @Name, headline = @Headline, bio = @Bio, version = version + 1 where id = @Id", speaker);
            return speaker with { Version = version + 1 };
        }, cancel)).ToOk();
    }

    public static async Task<Results<Created<ScheduleItemDetails>, ProblemHttpResult>> AddItemAsync(Guid id, NewScheduleItem request, EventManager manager, Database database, CancellationToken cancel) =>
        (await WriteAsync(id, null, request, null, manager, database, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/schedule");

    public static async Task<Results<Ok<ScheduleItemDetails>, ProblemHttpResult>> ChangeItemAsync(Guid id, Guid itemId, NewScheduleItem request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel) =>
        (await WriteAsync(id, itemId, request, http, manager, database, cancel)).ToOk();

    public static async Task<Results<NoContent, ProblemHttpResult>> RemoveItemAsync(Guid id, Guid itemId, EventManager manager, Database database, CancellationToken cancel)
    {
        var removed = await TicketSetup.ManageInAsync<ItemRow>(new FieldChecks(), id, manager, database, "schedule_item.removed", async (transaction, row) =>
        {
            var connection = transaction.Connection!;
            if (await LockAsync(connection, id, itemId) is not { } item)
            {
                return ItemNotFound;
            }

            await ScheduleChanges.KeepAsync(transaction, row, itemId, item.Title, item.StartsAt, item.EndsAt);
            await connection.ExecuteAsync("delete from platform.schedule_items where id = @itemId", new { itemId });
            return item;
        }, cancel);
        return removed.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    /// <summary>Its items stay, without an area.</summary>
    public static Task<Results<NoContent, ProblemHttpResult>> RemoveAreaAsync(Guid id, Guid partId, EventManager manager, Database database, CancellationToken cancel) =>
        RemoveAsync("areas", id, partId, AreaNotFound, manager, database, cancel);

    /// <summary>Items stay, without this speaker.</summary>
    public static Task<Results<NoContent, ProblemHttpResult>> RemoveSpeakerAsync(Guid id, Guid partId, EventManager manager, Database database, CancellationToken cancel) =>
        RemoveAsync("speakers", id, partId, SpeakerNotFound, manager, database, cancel);

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string table, Guid id, Guid partId, ApiError notFound, EventManager manager, Database database, CancellationToken cancel)
    {
        var outcome = await TicketSetup.ManageAsync<Removed>(
            new FieldChecks(),
            id,
            manager,
            database,
            $"{table[..^1]}.removed",
            async (connection, _) => await connection.ExecuteAsync($"delete from platform.{table} where id = @partId and event_id = @id", new { partId, id }) == 1 ? new Removed(partId) : notFound,
            cancel);
        return outcome.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private sealed record Removed(Guid Id);

    private static readonly ApiError TooMany = ApiError.Conflict("schedule_full", $"An event has at most {MostOfAKind} of these.");

    /// <summary>Adds an item, or replaces all of one; each write raises its revision, which calendars go by.</summary>
    private static Task<Outcome<ScheduleItemDetails>> WriteAsync(Guid id, Guid? itemId, NewScheduleItem request, HttpRequest? http, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var (title, description) = (checks.Text("title", request.Title, 200), request.Description?.Trim() ?? "");
        var speakers = (request.SpeakerIds ?? []).Distinct().ToArray();
        checks.Require(description.Length <= 5_000 && FieldChecks.IsWellFormed(description), "description_invalid", "'description' has at most 5,000 characters.");
        checks.Require(request is { StartsAt: { } from, EndsAt: { } to } && EventTimes.AreInBounds(from, to), "times_invalid", "'startsAt' and 'endsAt' are needed, in this order.");
        checks.Require(speakers.Length <= MaxSpeakers, "speakers_invalid", $"An item has at most {MaxSpeakers} speakers.");
        return TicketSetup.ManageInAsync<ScheduleItemDetails>(checks, id, manager, database, itemId is null ? "schedule_item.added" : "schedule_item.changed", async (transaction, row) =>
        {
            var connection = transaction.Connection!;
            if (await ReferenceErrorAsync(connection, id, request, speakers) is { } error)
            {
                return error;
            }

            if (itemId is not null && http is not null && await LockAsync(connection, id, itemId.Value) is { } before)
            {
                if (IfMatch.Refuses(http, before.Revision) is { } changed)
                {
                    return changed;
                }

                if (before.StartsAt != request.StartsAt || before.EndsAt != request.EndsAt)
                {
                    await ScheduleChanges.KeepAsync(transaction, row, itemId.Value, before.Title, before.StartsAt, before.EndsAt);
                }
            }

            var writtenId = itemId ?? Guid.CreateVersion7();
            var values = new { writtenId, id, request.SessionId, request.AreaId, title, description, StartsAt = request.StartsAt!.Value, EndsAt = request.EndsAt!.Value, MostOfAKind };
            var written = itemId is null
                ? await connection.ExecuteAsync(
                    """
                    insert into platform.schedule_items (id, event_id, session_id, area_id, title, description, starts_at, ends_at)
                    select @writtenId, @id, @SessionId, @AreaId, @title, @description, @StartsAt, @EndsAt where (select count(*) from platform.schedule_items where event_id = @id) < @MostOfAKind
                    """,
                    values)
                : await connection.ExecuteAsync(
                    """
                    update platform.schedule_items set session_id = @SessionId, area_id = @AreaId, title = @title, description = @description, starts_at = @StartsAt, ends_at = @EndsAt,
                           revision = revision + 1, changed_at = now()
                    where id = @writtenId and event_id = @id
                    """,
                    values);
            if (written == 0)
            {
                return itemId is null ? TooMany : ItemNotFound;
            }

            await connection.ExecuteAsync(
                """
                delete from platform.schedule_speakers where item_id = @writtenId;
                insert into platform.schedule_speakers (item_id, speaker_id) select @writtenId, unnest(@speakers);
                """,
                new { writtenId, speakers });
            return (await ScheduleQueries.ItemsAsync(connection, id, writtenId))[0].ToDetails(TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone));
        }, cancel);
    }

    private static (FieldChecks Checks, AreaDetails Area) Read(NewArea request, Guid id)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        checks.Require(request.Kind is "stage" or "session" or "expo" or "networking" or "reception", "kind_invalid", "'kind' is stage, session, expo, networking or reception.");
        return (checks, new AreaDetails(id, name, request.Kind ?? "", 1));
    }

    private static (FieldChecks Checks, SpeakerDetails Speaker) Read(NewSpeaker request, Guid id)
    {
        var checks = new FieldChecks();
        var (name, headline, bio) = (checks.Text("name", request.Name, 200), request.Headline?.Trim() ?? "", request.Bio?.Trim() ?? "");
        checks.Require(headline.Length <= 200 && FieldChecks.IsWellFormed(headline), "headline_invalid", "'headline' has at most 200 characters.");
        checks.Require(bio.Length <= 5_000 && FieldChecks.IsWellFormed(bio), "bio_invalid", "'bio' has at most 5,000 characters.");
        return (checks, new SpeakerDetails(id, name, headline, bio, 1));
    }

    private static async Task<ApiError?> ReferenceErrorAsync(NpgsqlConnection connection, Guid id, NewScheduleItem request, Guid[] speakers)
    {
        var known = await connection.QuerySingleAsync<Known>(
            """
            select (@SessionId::uuid is null or exists (select 1 from platform.sessions where id = @SessionId and event_id = @id)) as session,
                   (@AreaId::uuid is null or exists (select 1 from platform.areas where id = @AreaId and event_id = @id)) as area,
                   (select count(*)::int from platform.speakers where event_id = @id and id = any(@speakers)) as speakers
            """,
            new { request.SessionId, request.AreaId, id, speakers });
        return known.Session && known.Area && known.Speakers == speakers.Length ? null : ApiError.BadRequest("reference_unknown", "'sessionId', 'areaId' and 'speakerIds' name things of this event.");
    }

    private static Task<ItemRow?> LockAsync(NpgsqlConnection connection, Guid eventId, Guid itemId) => connection.QuerySingleOrDefaultAsync<ItemRow>(
        "select revision, title, starts_at, ends_at from platform.schedule_items where id = @itemId and event_id = @eventId for update", new { itemId, eventId });

    private sealed record ItemRow(int Revision, string Title, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

    private sealed record Known(bool Session, bool Area, int Speakers);
}
