using System.Globalization;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Events.Rtc.Stats;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Rooms;

/// <summary>Organisers and moderators see how media flows in a session's room: what is published, and who receives it badly.</summary>
internal static class WatchRoom
{
    private const int DefaultViewers = 50;

    /// <summary>A list that is looked through, and asked for every two seconds.</summary>
    private const int MaxViewers = 200;

    private static readonly ApiError ViewersInvalid = ApiError.BadRequest("viewers_invalid", $"Ask for 0 to {MaxViewers} viewers; the totals are of all.");

    public static async Task<Results<Ok<RoomStats>, ProblemHttpResult>> GetAsync(
        Guid id, string? viewers, EventPass pass, Database database, MediaCommands media, CancellationToken cancel)
    {
        var listed = DefaultViewers;
        if (viewers is not null && (!int.TryParse(viewers, NumberStyles.None, CultureInfo.InvariantCulture, out listed) || listed > MaxViewers))
        {
            return ViewersInvalid.ToResult();
        }

        string room;
        await using (var connection = await database.OpenAsync(cancel))
        {
            var session = await RoomsApi.SessionAsync(connection, id, pass);
            if (session.Value is not { } row)
            {
                return session.Error!.ToResult();
            }

            if (!SessionRights.Runs(await RoleChanges.CurrentAsync(connection, pass)))
            {
                return RunRoom.NotAllowed.ToResult();
            }

            room = row.Room;
        }

        var stats = await media.StatsAsync(room, listed, cancel);
        return stats.Value is { } live ? TypedResults.Ok(live) : stats.Error!.ToResult();
    }
}
