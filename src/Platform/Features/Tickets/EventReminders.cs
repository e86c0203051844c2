using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Branding;
using Events.Platform.Features.Events;
using Events.Platform.Features.Mail;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Reminds ticket holders a day and an hour before an event begins. One timer each, moved with the event; a large event is gone
/// through in batches, each of which commits its mails and where it got to.
/// </summary>
internal sealed class EventReminders(NodeOptions options) : ITimerHandler
{
    private const int Batch = 500;

    private static readonly int[] HoursBefore = [24, 1];

    public string Kind => "event-reminder";

    /// <summary>Sets the timers of a live event that are still to come, and takes back those of others.</summary>
    public static async Task ScheduleAsync(NpgsqlTransaction transaction, EventRow row)
    {
        foreach (var hours in HoursBefore)
        {
            var at = row.StartsAt - TimeSpan.FromHours(hours);
            if (row.State == "live" && at > TimeProvider.System.GetUtcNow())
            {
                await TimerTable.SetAsync(transaction, "event-reminder", KeyOf(row.Id, hours), at, new Progress(row.Id, hours, null));
            }
            else
            {
                await TimerTable.CancelAsync(transaction, "event-reminder", KeyOf(row.Id, hours));
            }
        }
    }

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var progress = System.Text.Json.JsonSerializer.Deserialize<Progress>(timer.Payload, System.Text.Json.JsonSerializerOptions.Web)!;
        var connection = transaction.Connection!;

        // Late by an outage, a reminder of what has begun helps nobody.
        if (await EventQueries.FindAsync(connection, progress.EventId.ToString()) is not { State: "live" } row || row.StartsAt <= TimeProvider.System.GetUtcNow())
        {
            return;
        }

        var holders = (await connection.QueryAsync<HolderRow>(
            "select id, holder_name, holder_email from platform.tickets where event_id = @EventId and state = 'valid' and (@After::uuid is null or id > @After) order by id limit @Batch", new { progress.EventId, progress.After, Batch })).AsList();
        foreach (var holder in holders)
        {
            await MailOutbox.EnqueueAsync(transaction, new MailMessage(holder.HolderEmail, "event-reminder", new Dictionary<string, string>(EventBranding.MailValues(row, options))
            {
                ["event"] = row.Name,
                ["name"] = holder.HolderName,
                ["when"] = EventTimes.InWords(row),
                ["eventUrl"] = new Uri(options.PublicUrl, $"/e/{row.Slug}").ToString(),
            })
            { OnceKey = OnceKey(row, progress.Hours, holder.HolderEmail), Urgency = MailUrgency.ToEverybody, ExpiresAt = row.StartsAt });
        }

        if (holders.Count == Batch)
        {
            await TimerTable.SetAsync(transaction, Kind, timer.Key, timer.DueAt, progress with { After = holders[^1].Id });
        }
    }

    private static string KeyOf(Guid eventId, int hours) => string.Create(CultureInfo.InvariantCulture, $"{eventId}:{hours}");

    /// <summary>Once an address, however many tickets it holds; again when the event was moved.</summary>
    private static string OnceKey(EventRow row, int hours, string email) => string.Create(
        CultureInfo.InvariantCulture,
        $"event-reminder:{row.Id}:{hours}:{row.StartsAt.ToUnixTimeSeconds()}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(email.ToLowerInvariant())))[..32]}");

    private sealed record Progress(Guid EventId, int Hours, Guid? After);

    private sealed record HolderRow(Guid Id, string HolderName, string HolderEmail);
}
