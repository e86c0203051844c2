using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Organisations;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Rooms;

/// <param name="ParticipantId">Of the event.</param>
public sealed record BannedPerson(Guid ParticipantId, string Name, DateTimeOffset BannedAt);

/// <summary>A session's room as those see it who run it.</summary>
public sealed record RoomView(string Room, bool Locked, int? Capacity, IReadOnlyList<ParticipantInfo> Participants, IReadOnlyList<BannedPerson> Banned);

/// <summary>Organisers and moderators run a session's room from outside of it.</summary>
internal static class RunRoom
{
    private const int MaxBanned = 1_000;

    public static readonly ApiError NotAllowed = ApiError.Forbidden("moderation_not_allowed", "Your role in this event does not allow it.");
    private static readonly ApiError Malformed = ApiError.BadRequest("bad_request", RoomRequests.Malformed.Message);

    public static async Task<Results<Ok<RoomView>, ProblemHttpResult>> GetAsync(Guid id, EventPass pass, Database database, MediaCommands media, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var session = await RoomsApi.SessionAsync(connection, id, pass);
        if (session.Value is not { } row)
        {
            return session.Error!.ToResult();
        }

        if (!SessionRights.Runs(await RoleChanges.CurrentAsync(connection, pass)))
        {
            return NotAllowed.ToResult();
        }

        var banned = await connection.QueryAsync<BannedPerson>(
            """
            select p.id as participant_id, p.name, b.banned_at from platform.room_bans b join platform.event_participants p on p.id = b.participant_id
            where b.session_id = @id order by b.banned_at desc limit @MaxBanned
            """,
            new { id, MaxBanned });
        var room = await media.RoomAsync(row.Room, cancel);
        return room.Value is { } live
            ? TypedResults.Ok(new RoomView(live.Room, live.Locked, live.Capacity, live.Participants, banned.AsList()))
            : room.Error!.ToResult();
    }

    /// <summary>One request of docs/api.md, "Running a room". The node's answer decides: what it refuses leaves no trace here.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> PostAsync(Guid id, JsonElement body, EventPass pass, Database database, MediaCommands media, CancellationToken cancel)
    {
        if (RoomRequests.Read(body) is not { } request)
        {
            return Malformed.ToResult();
        }

        var outcome = await database.TryInTransactionAsync<RoomRequest>(
            async transaction =>
            {
                var session = await RoomsApi.SessionAsync(transaction.Connection!, id, pass);
                if (session.Value is not { } row)
                {
                    return session.Error!;
                }

                var asking = await RoleChanges.CurrentAsync(transaction.Connection!, pass);
                var target = await TargetAsync(transaction, row.Room, request);
                if (!SessionRights.MayAsk(asking, request) || (!SessionRights.DecidesOnTeam(asking) && await IsOfTeamAsync(transaction, pass.EventId, request, target)))
                {
                    return NotAllowed;
                }

                await WriteDownAsync(transaction, id, body, request, target, pass);
                return await media.ModerateAsync(row.Room, body, cancel) is { } refused ? refused : request;
            },
            cancel);
        return outcome.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    /// <summary>Whom a request concerns, by identity.</summary>
    private static async Task<string?> TargetAsync(NpgsqlTransaction transaction, string room, RoomRequest request) => request switch
    {
        RoomRequest.Bar bar => bar.Identity,
        RoomRequest.Readmit readmit => readmit.Identity,
        RoomRequest.RevokeGrants revoke => revoke.Person,
        RoomRequest.Invite invite => await RoomRecords.IdentityAsync(transaction, room, invite.ParticipantId),
        RoomRequest.SetRights set => await RoomRecords.IdentityAsync(transaction, room, set.ParticipantId),
        RoomRequest.LowerHand lower => await RoomRecords.IdentityAsync(transaction, room, lower.ParticipantId),
        RoomRequest.Remove remove => await RoomRecords.IdentityAsync(transaction, room, remove.ParticipantId),
        _ => null,
    };

    /// <summary>Whether somebody who runs the room would be put out or demoted: moderators do not do that to each other, nor to who is above them. A grant's id does not say whose it is.</summary>
    private static async Task<bool> IsOfTeamAsync(NpgsqlTransaction transaction, Guid eventId, RoomRequest request, string? target)
    {
        if (request is RoomRequest.RevokeGrant)
        {
            return true;
        }

        return request is RoomRequest.Bar or RoomRequest.Remove or RoomRequest.RevokeGrants or RoomRequest.SetRights
            && RoomRecords.Participant(target) is { } participant
            && await transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>("select user_id from platform.event_participants where id = @participant and event_id = @eventId", new { participant, eventId }, transaction) is { } user
            && Permissions.Allows(await Permissions.EventRoleAsync(transaction.Connection!, user, eventId), EventAction.Moderate);
    }

    private static async Task WriteDownAsync(NpgsqlTransaction transaction, Guid id, JsonElement body, RoomRequest request, string? target, EventPass pass)
    {
        var subject = RoomRecords.Participant(target);
        await RoomRecords.AuditAsync(transaction, id, $"room.{Snake(body.GetProperty("action").GetString()!)}", pass.ParticipantId, subject, RoomRecords.Detail(request));
        if (subject is not { } participant)
        {
            return;
        }

        // A single tab that is barred is not its person.
        if (request is RoomRequest.Remove || (request is RoomRequest.Bar && target == participant.ToString()))
        {
            await RoomRecords.BanAsync(transaction, id, participant);
        }
        else if (request is RoomRequest.Readmit)
        {
            await RoomRecords.ReadmitAsync(transaction, id, participant);
        }
    }

    private static string Snake(string action) => JsonNamingPolicy.SnakeCaseLower.ConvertName(action);
}
