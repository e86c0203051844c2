using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Events.Platform.Data.Timers;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Tickets;

[Collection(nameof(PlatformCollection))]
public sealed partial class TicketMailsTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_confirmation_has_the_code_as_a_picture_a_calendar_file_and_a_lasting_message_id()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var email = Address();
        await shop.BuyAsync(shop.Order(email));
        var mail = await MailAsync(email, "Your ticket for Fair");
        Assert.Contains("Content-Type: image/png", mail);
        Assert.Contains("Content-ID: <qr>", mail);

        // Signatures differ each time; what counts is that the door takes this one.
        var code = Code().Match(Mailbox.Texts(fixture.Options.MailDirectory, email)[0]).Groups[1].Value;
        Assert.True((await shop.Organiser.PostJsonAsync("/api/v1/tickets/check", new { code, eventId = shop.EventId }, HttpStatusCode.OK)).GetProperty("valid").GetBoolean());
        Assert.Contains($"UID:event-{shop.EventId}@events", Calendar(mail));
        Assert.Single(MessageId().Matches(mail));
    }

    [Fact]
    public async Task A_cancelled_order_is_mailed_and_takes_the_event_out_of_the_calendar()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 2);
        var email = Address();
        var order = await shop.BuyAsync(shop.Order(email));
        var before = await MailAsync(email, "Your ticket for Fair");
        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}/cancel", order);
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        var after = await MailAsync(email, "no longer valid");
        Assert.Contains("STATUS:CANCELLED", Calendar(after));
        Assert.True(Sequence(Calendar(after)) > Sequence(Calendar(before)));
    }

    [Fact]
    public async Task Who_hands_a_ticket_on_is_told_and_keeps_the_event_with_another_ticket()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 2);
        var (email, other) = (Address(), Address());
        var order = await shop.BuyAsync(shop.Order(email, count: 2));
        await MailAsync(email, "Your ticket for Fair");
        using var handedOn = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{order.GetProperty("tickets")[0].GetProperty("id").GetGuid()}/transfer", order, new { name = "Otto", email = other });
        Assert.Equal(HttpStatusCode.OK, handedOn.StatusCode);
        var told = await MailAsync(email, "no longer valid");
        Assert.DoesNotContain("text/calendar", told);
        await MailAsync(other, "Your ticket for Fair");
    }

    [Fact]
    public async Task Holders_are_reminded_once_an_address_a_day_before()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var email = Address();
        await shop.BuyAsync(shop.Order(email, count: 2));

        // The event moves: its timers move along. Then its last day begins.
        await MoveAsync(shop, DateTimeOffset.UtcNow.AddDays(3));
        Assert.Equal(2, await shop.ScalarAsync<int>("select count(*)::int from platform.timers where key like @Key and due_at > now() + interval '1 day'", new { Key = $"{shop.EventId}:%" }));
        await MoveAsync(shop, DateTimeOffset.UtcNow.AddHours(24).AddSeconds(2));
        await MailAsync(email, "begins");
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<int>("select count(*)::int from platform.timers where key = @Key", new { Key = $"{shop.EventId}:24" }) == 0, "the timer has ended");
        Assert.Single(Mailbox.Texts(fixture.Options.MailDirectory, email), m => m.Contains("begins soon", StringComparison.Ordinal));

        // What ends is not reminded of.
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/state", new { state = "ended" }, HttpStatusCode.OK);
        Assert.Equal(0, await shop.ScalarAsync<int>("select count(*)::int from platform.timers where key like @Key", new { Key = $"{shop.EventId}:%" }));
    }

    [Fact]
    public async Task Who_holds_a_ticket_is_told_once_what_was_moved_and_nothing_of_what_was_moved_back()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (email, events) = (Address(), $"/api/v1/events/{shop.EventId}");
        var day = new DateTimeOffset(DateTime.UtcNow.Date.AddDays(40), TimeSpan.Zero);
        await MoveAsync(shop, day.AddHours(8)); // nobody has a ticket yet
        var (talk, gone, back) = (await AddAsync("Talk", 9), await AddAsync("Gone", 10), await AddAsync("Back", 11));
        await shop.BuyAsync(shop.Order(email, count: 2));
        await shop.ScalarAsync<int>("delete from platform.timers where kind = 'schedule-change'; delete from platform.schedule_changes; select 1");

        await PutAsync(talk, "Talk", 13);
        await PutAsync(talk, "Talk", 14);
        await PutAsync(back, "Back", 15);
        await PutAsync(back, "Back", 11);
        using (var removed = await shop.Organiser.DeleteAsync($"{events}/schedule/{gone}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await MoveAsync(shop, day.AddHours(7));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.timers where kind = 'schedule-change' and key = @Key and due_at > now() + interval '5 minutes'", new { Key = shop.EventId.ToString() }));
        await shop.ScalarAsync<int>("update platform.timers set next_at = now() where kind = 'schedule-change' and key = @Key; select 1", new { Key = shop.EventId.ToString() });
        var mail = await MailAsync(email, "new times");
        var text = Assert.Single(Mailbox.Texts(fixture.Options.MailDirectory, email), m => m.Contains("are different now", StringComparison.Ordinal));
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Zurich");
        Assert.Contains($"“Talk” is now {Words(14)}–", text, StringComparison.Ordinal);
        Assert.Contains($"it was {Words(9)}–", text, StringComparison.Ordinal);
        Assert.Contains($"“Gone” ({Words(10)}–", text, StringComparison.Ordinal);
        Assert.Contains($"The event is now {Words(7)}–", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Back", text, StringComparison.Ordinal);
        Assert.Contains("METHOD:PUBLISH", Calendar(mail), StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<int>("select (select count(*) from platform.timers where kind = 'schedule-change' and key = @Key)::int + (select count(*) from platform.schedule_changes where event_id = @EventId)::int", new { Key = shop.EventId.ToString(), shop.EventId }) == 0, "nothing is left to tell");
        Assert.Single(Mailbox.Texts(fixture.Options.MailDirectory, email), m => m.Contains("are different now", StringComparison.Ordinal));

        string Words(int hour) => TimeZoneInfo.ConvertTime(day.AddHours(hour), zone).ToString("dddd, d MMMM, HH:mm", System.Globalization.CultureInfo.InvariantCulture);

        object At(string title, int hour) => new { title, startsAt = day.AddHours(hour), endsAt = day.AddHours(hour + 1) };

        async Task<Guid> AddAsync(string title, int hour) => (await shop.Organiser.PostJsonAsync($"{events}/schedule", At(title, hour), HttpStatusCode.Created)).GetProperty("id").GetGuid();

        async Task PutAsync(Guid id, string title, int hour)
        {
            using var response = await shop.Organiser.PutAsJsonAsync($"{events}/schedule/{id}", At(title, hour));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_change_while_the_one_before_is_being_mailed_takes_it_from_nobody()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1_000);
        var (last, events) = (Address(), $"/api/v1/events/{shop.EventId}");
        var day = new DateTimeOffset(DateTime.UtcNow.Date.AddDays(40), TimeSpan.Zero);
        var (talk, walk) = (await AddAsync("Talk", 9), await AddAsync("Walk", 11));
        await shop.BuyAsync(shop.Order(last));

        // Enough tickets before the last one that it is in no first batch.
        await shop.ScalarAsync<int>(
            """
            insert into platform.tickets (id, order_id, event_id, ticket_type_id, quota_id, holder_name, holder_email, price_minor, state, mailed_at)
            select ('00' || substr(md5(t.id::text || n), 3))::uuid, t.order_id, t.event_id, t.ticket_type_id, t.quota_id, 'Crowd', 'crowd@people.example', 0, 'valid', now()
            from platform.tickets t, generate_series(1, 600) n where t.event_id = @EventId;
            select 1
            """,
            new { shop.EventId });
        await PutAsync(talk, "Talk", 14);
        await using (var connection = await fixture.Database.OpenAsync(CancellationToken.None))
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            // As the runner would, but what follows from it waits.
            var settled = await connection.QuerySingleAsync<(string Key, string Payload)>("delete from platform.timers where kind = 'schedule-change' and key = @Key returning key, payload::text", new { Key = shop.EventId.ToString() }, transaction);
            var handler = fixture.Services.GetServices<ITimerHandler>().Single(h => h.Kind == "schedule-change");
            await handler.RunAsync(transaction, new DueTimer(handler.Kind, settled.Key, DateTimeOffset.UtcNow, JsonDocument.Parse(settled.Payload).RootElement), CancellationToken.None);
            await connection.ExecuteAsync("update platform.timers set next_at = now() + interval '1 hour' where kind like 'schedule-%'", transaction: transaction);
            await transaction.CommitAsync();
        }

        await PutAsync(walk, "Walk", 15);
        await shop.ScalarAsync<int>("update platform.timers set next_at = now() where kind like 'schedule-%'; select 1");
        foreach (var title in new[] { "Talk", "Walk" })
        {
            await Eventually.TrueAsync(() => Task.FromResult(Mailbox.Texts(fixture.Options.MailDirectory, last).Any(m => m.Contains($"“{title}” is now", StringComparison.Ordinal))), $"the last one is told of '{title}'");
        }

        object At(string title, int hour) => new { title, startsAt = day.AddHours(hour), endsAt = day.AddHours(hour + 1) };

        async Task<Guid> AddAsync(string title, int hour) => (await shop.Organiser.PostJsonAsync($"{events}/schedule", At(title, hour), HttpStatusCode.Created)).GetProperty("id").GetGuid();

        async Task PutAsync(Guid id, string title, int hour)
        {
            using var response = await shop.Organiser.PutAsJsonAsync($"{events}/schedule/{id}", At(title, hour));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task Of_many_long_titles_that_were_moved_a_mail_names_as_many_as_it_takes()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var (email, events) = (Address(), $"/api/v1/events/{shop.EventId}");
        var day = new DateTimeOffset(new DateTime(2099, 9, 23, 20, 0, 0), TimeSpan.Zero); // a Wednesday, until a Thursday: the longest words
        await MoveAsync(shop, day);
        await shop.BuyAsync(shop.Order(email));
        for (var i = 0; i < 14; i++)
        {
            var id = (await shop.Organiser.PostJsonAsync($"{events}/schedule", At(i, 0), HttpStatusCode.Created)).GetProperty("id").GetGuid();
            using var moved = await shop.Organiser.PutAsJsonAsync($"{events}/schedule/{id}", At(i, 1));
            Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        }

        await shop.ScalarAsync<int>("update platform.timers set next_at = now() where kind = 'schedule-change' and key = @Key; select 1", new { Key = shop.EventId.ToString() });
        await MailAsync(email, "new times");
        var text = Assert.Single(Mailbox.Texts(fixture.Options.MailDirectory, email), m => m.Contains("are different now", StringComparison.Ordinal));
        var named = Enumerable.Range(0, 14).Count(i => text.Contains($"Talk {i:00} ", StringComparison.Ordinal));
        Assert.InRange(named, 9, 11);
        Assert.Contains($"And {14 - named} more.", text, StringComparison.Ordinal);

        object At(int i, int hour) => new { title = $"Talk {i:00} {new string('x', 192)}", startsAt = day.AddHours(hour), endsAt = day.AddHours(hour + 10) };
    }

    private static string Address() => $"{Guid.NewGuid():N}@people.example";

    private static async Task MoveAsync(Shop shop, DateTimeOffset startsAt)
    {
        using var response = await shop.Organiser.PatchAsJsonAsync($"/api/v1/events/{shop.EventId}", new { startsAt, endsAt = startsAt.AddHours(2) });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>The file of the mail to an address whose subject has these words.</summary>
    private async Task<string> MailAsync(string email, string subject)
    {
        string? found = null;
        await Eventually.TrueAsync(
            () =>
            {
                found = Directory.Exists(fixture.Options.MailDirectory)
                    ? Directory.GetFiles(fixture.Options.MailDirectory, "*.eml").Select(File.ReadAllText).FirstOrDefault(m => m.Contains($"To: {email}\r\n", StringComparison.Ordinal) && SubjectOf(m).Contains(subject, StringComparison.Ordinal))
                    : null;
                return Task.FromResult(found is not null);
            },
            $"{email} has a mail '{subject}'");
        return found!;
    }

    private static string SubjectOf(string mail)
    {
        var raw = Subject().Match(mail).Groups[1].Value;
        return raw.Contains("=?utf-8?B?", StringComparison.Ordinal) ? string.Concat(Word().Matches(raw).Select(w => Encoding.UTF8.GetString(Convert.FromBase64String(w.Groups[1].Value)))) : raw;
    }

    private static string Calendar(string mail) => Encoding.UTF8.GetString(Convert.FromBase64String(CalendarPart().Match(mail).Groups[1].Value));

    private static int Sequence(string calendar) => int.Parse(CalendarSequence().Match(calendar).Groups[1].Value);

    [GeneratedRegex(@"\[(E1:[^\]]+)\]")]
    private static partial Regex Code();

    [GeneratedRegex(@"text/calendar[^\r]*\r\nContent-Transfer-Encoding: base64\r\n\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex CalendarPart();

    [GeneratedRegex(@"\r\nSubject: ((?:.|\r\n )*?)\r\n(?! )")]
    private static partial Regex Subject();

    [GeneratedRegex(@"=\?utf-8\?B\?([^?]*)\?=")]
    private static partial Regex Word();

    [GeneratedRegex(@"SEQUENCE:(\d+)")]
    private static partial Regex CalendarSequence();

    [GeneratedRegex(@"\r\nMessage-ID: <[0-9a-f]{32}@[^>]+>\r\n")]
    private static partial Regex MessageId();
}
