using System.Security.Cryptography;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Rooms;
using Events.Platform.Features.Sso;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.EventEntry;

/// <param name="Preview">The organizer pass: a member of the organisation looks at the event as attendees see it, and counts nowhere.</param>
public sealed record EntryRequest(string? Name, bool? Preview = null);

/// <param name="Token">The event token.</param>
/// <param name="ExpiresAt">When it ends.</param>
/// <param name="ExpiresIn">The same in seconds from now, for clients whose clock is wrong.</param>
/// <param name="Participant">Who it is.</param>
public sealed record EntryAnswer(string Token, DateTimeOffset ExpiresAt, int ExpiresIn, EntryParticipant Participant);

public sealed record EntryParticipant(Guid Id, string Name, string Role, bool Preview = false);

/// <summary>
/// How many guests may come in anew: from one network address ten times as many as sign in (a hall behind one address comes in together), and into one event (in the place
/// of the e-mail address). Each is a participant that is kept and counted.
/// </summary>
internal sealed class GuestLimits(NodeOptions options) : AttemptLimits(10 * options.AttemptsPerAddress, perEmail: 30_000, TimeSpan.FromMinutes(1));

/// <summary>Entering an event: an account, or a name, becomes a participant with an event token.</summary>
internal static class EventEntryApi
{
    private static readonly ApiError TooMany = new(429, "too_many_attempts", "Too many people come in from here at once; try again in a minute.");

    private static readonly ApiError Ended = new(401, "event_token_invalid", "This participant is no longer part of the event, or its account has ended its sessions; enter again without the token.");

    public static void AddEventEntry(this IServiceCollection services) => services.AddSingleton<GuestLimits>();

    public static void MapEventEntry(this IEndpointRouteBuilder routes) => routes.MapPost("/api/v1/events/{id:guid}/entry", EnterAsync);

    private static async Task<Results<Ok<EntryAnswer>, ProblemHttpResult>> EnterAsync(
        Guid id, EntryRequest? request, Database database, EventTokens tokens, GuestLimits limits, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var asked = request?.Name is { } given && given.Trim().Length > 0 ? checks.Text("name", given, 100) : null;
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        var old = context.Features.Get<EventPass>();
        if (old is not null && old.EventId != id)
        {
            return ApiError.Forbidden("wrong_event", "This token is for another event.").ToResult();
        }

        var principal = (await context.AuthenticateAsync(AccountCookie.Scheme)).Principal;
        var account = SignedIn.From(principal);
        return await database.InTransactionAsync<Results<Ok<EntryAnswer>, ProblemHttpResult>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (await EventQueries.FindAsync(connection, id.ToString()) is not { } row)
                {
                    return EventsApi.NotFound.ToResult();
                }

                var member = await Permissions.RoleAsync(connection, account?.UserId, row.OrganiserId);
                var assigned = account is null ? null : await Permissions.EventRoleAsync(connection, account.UserId, id);
                if (!row.IsPublic && !Permissions.SeesDrafts(member) && assigned is null)
                {
                    return EventsApi.NotFound.ToResult();
                }

                if (row.State == "cancelled" && !Permissions.SeesDrafts(member))
                {
                    return CancelEvent.Cancelled.ToResult();
                }

                var demand = await EventSso.DemandAsync(connection, id, principal, clock.GetUtcNow());
                if (demand.Refusal is not null)
                {
                    return demand.Refusal.ToResult();
                }

                var preview = old?.Preview ?? request?.Preview ?? false;
                if (preview && !Permissions.SeesDrafts(member))
                {
                    return ApiError.Forbidden("preview_not_allowed", "Only members of the organisation preview its event.").ToResult();
                }

                if (!preview && account is null && (old is null or { IsOver: true } || demand.IsEnforced) && !limits.Admits(context.Connection.RemoteIpAddress, id.ToString()))
                {
                    return TooMany.ToResult();
                }

                var participant = preview ? await EnterAsUserAsync(transaction, id, account!.UserId, asked, manages: false, preview: true)
                    : old is not null && !demand.IsEnforced ? await RefreshAsync(transaction, old, asked, account?.UserId, row.OrganiserId)
                    : null;
                if (participant is null && old is { IsOver: false } && !demand.IsEnforced)
                {
                    return Ended.ToResult();
                }

                participant ??= account is not null ? await EnterAsUserAsync(transaction, id, account.UserId, asked, Permissions.ManagesEvents(member))
                    : await EnterAsGuestAsync(transaction, id, asked ?? "Guest");
                if (participant is null)
                {
                    return Ended.ToResult();
                }

                // Whoever was here as a guest and has signed in since is one participant, and not two.
                if (!preview && account is not null && old is { Sessions: null })
                {
                    await ContinueAsync(transaction, id, old.ParticipantId, participant.Id);
                }

                var (token, expiresAt) = tokens.Issue(new EventPass(id, participant.Id, participant.Name, participant.Role, participant.Preview, await SessionsAsync(connection, participant.Id)));
                return TypedResults.Ok(new EntryAnswer(token, expiresAt, (int)EventTokens.Lifetime.TotalSeconds, participant));
            },
            cancel);
    }

    /// <summary>The same participant again; what it may do is read anew, so that a role that was taken away ends here.</summary>
    private static async Task<EntryParticipant?> RefreshAsync(NpgsqlTransaction transaction, EventPass old, string? asked, Guid? userId, Guid organiserId)
    {
        var connection = transaction.Connection!;
        var row = await connection.QuerySingleOrDefaultAsync<ParticipantRow>(
            "select id, user_id, taken_over_by, name, role from platform.event_participants where id = @ParticipantId and event_id = @EventId", old, transaction);
        if (row is null)
        {
            return null;
        }

        if (row.UserId is { } owner)
        {
            // Without a cookie the token stands for its account, as long as the account's sessions do; beside the cookie of another account it stands for nobody.
            if (userId is { } here ? here != owner : old.Sessions != await SessionsAsync(connection, row.Id))
            {
                return null;
            }

            var role = await Permissions.RoleAsync(connection, owner, organiserId);
            return await EnterAsUserAsync(transaction, old.EventId, owner, asked ?? row.Name, Permissions.ManagesEvents(role));
        }

        // A guest that has signed in since: from here on it is the account.
        if (userId is { } account)
        {
            var role = await Permissions.RoleAsync(connection, account, organiserId);
            return await EnterAsUserAsync(transaction, old.EventId, account, asked, Permissions.ManagesEvents(role));
        }

        // It went on as an account, which has signed out: what is left of it counts no more, and opens nothing.
        if (row.TakenOverBy is not null)
        {
            return null;
        }

        var name = asked ?? row.Name;
        await connection.ExecuteAsync("update platform.event_participants set name = @name where id = @Id", new { name, row.Id }, transaction);
        return new EntryParticipant(row.Id, name, row.Role);
    }

    /// <summary>A mark of the sessions of a participant's account: the stamp that they go by, hashed, since whoever has a token can read it. Null for a guest.</summary>
    private static async Task<string?> SessionsAsync(NpgsqlConnection connection, Guid participantId) =>
        await connection.QuerySingleOrDefaultAsync<Guid?>("select u.security_stamp from platform.event_participants p join platform.users u on u.id = p.user_id where p.id = @participantId", new { participantId }) is { } stamp
            ? Convert.ToHexStringLower(SHA256.HashData(stamp.ToByteArray()))[..32] : null;

    private static async Task<EntryParticipant?> EnterAsUserAsync(NpgsqlTransaction transaction, Guid eventId, Guid userId, string? asked, bool manages, bool preview = false) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<EntryParticipant>(
            """
            insert into platform.event_participants as p (id, event_id, user_id, name, role, preview)
            select @Id, @eventId, u.id, left(coalesce(@asked, u.name), 100), case when @manages then 'organiser' when @preview then 'attendee' else coalesce(r.role, 'attendee') end, @preview
            from platform.users u left join platform.event_roles r on r.event_id = @eventId and r.user_id = u.id where u.id = @userId and u.disabled_at is null
            on conflict (event_id, user_id, preview) where user_id is not null do update set name = coalesce(@asked, p.name), role = excluded.role
            returning p.id, p.name, p.role, p.preview
            """,
            new { Id = Guid.CreateVersion7(), eventId, userId, asked, manages, preview },
            transaction);

    private static async Task<EntryParticipant> EnterAsGuestAsync(NpgsqlTransaction transaction, Guid eventId, string name)
    {
        var id = Guid.CreateVersion7();
        await transaction.Connection!.ExecuteAsync(
            "insert into platform.event_participants (id, event_id, name, role) values (@id, @eventId, @name, 'attendee')", new { id, eventId, name }, transaction);
        return new EntryParticipant(id, name, "attendee");
    }

    /// <summary>The account's participant stands for the guest's from here on: counted once, put out of what the guest was put out of. A guest goes on once, and as one account.</summary>
    private static async Task ContinueAsync(NpgsqlTransaction transaction, Guid eventId, Guid guest, Guid account)
    {
        var taken = await transaction.Connection!.ExecuteAsync(
            "update platform.event_participants set taken_over_by = @account where id = @guest and event_id = @eventId and user_id is null and taken_over_by is null", new { guest, account, eventId }, transaction);
        if (taken > 0)
        {
            await RoomRecords.BansFollowAsync(transaction, guest, account);
        }
    }

    private sealed record ParticipantRow(Guid Id, Guid? UserId, Guid? TakenOverBy, string Name, string Role);
}
