using System.Net;
using System.Text.Json;
using Dapper;
using Events.Platform.Features.Onsite;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using static Events.Tests.Platform.Features.Onsite.DoorDevice;

namespace Events.Tests.Platform.Features.Onsite;

/// <summary>Devices that were offline come back (pretixscan issue 65).</summary>
[Collection(nameof(PlatformCollection))]
public sealed class TwoDevicesTests(PlatformFixture fixture)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_two_devices_offline_with_the_same_ticket_the_earlier_scan_is_the_entry_and_the_later_a_conflict(bool earlierComesFirst)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (a, b) = (await EnrolAsync(shop), await EnrolAsync(shop, name: "Door B"));
        var ticket = (await shop.BuyAsync()).GetProperty("tickets")[0];
        var now = DateTimeOffset.UtcNow;

        // B's clock is three hours ahead: by what the clocks say it scanned last, in truth first.
        var wrong = TimeSpan.FromHours(3);
        var (early, late) = (Admitted(Guid.CreateVersion7(), ticket, now.AddMinutes(-20) + wrong), Admitted(Guid.CreateVersion7(), ticket, now.AddMinutes(-10)));
        var answers = new Dictionary<string, JsonElement>();
        foreach (var door in earlierComesFirst ? new[] { "b", "a" } : ["a", "b"])
        {
            answers[door] = door == "a" ? (await a.SendAsync(late))[0] : (await b.SendAsync(wrong, [early]))[0];
        }

        Assert.Equal("ok", Result(answers["b"]));
        Assert.InRange(answers["b"].GetProperty("at").GetDateTimeOffset(), now.AddMinutes(-20).AddSeconds(-1), now.AddMinutes(-19));
        Assert.Equal(earlierComesFirst ? "conflict" : "ok", Result(answers["a"])); // what it was when it was told
        await ExpectAsync();

        // Sent again, in whatever order and however often, nothing changes.
        var before = await StateAsync(shop);
        await Task.WhenAll(a.SendAsync(late), b.SendAsync(wrong, [early]), a.SendAsync(late, late));
        Assert.Equal("conflict", Result((await a.SendAsync(late))[0]));
        Assert.Equal(before, await StateAsync(shop));
        await ExpectAsync();

        async Task ExpectAsync()
        {
            foreach (var (device, mine) in new[] { (a, true), (b, false) })
            {
                var told = Assert.Single((await device.Client.GetJsonAsync("/onsite/v1/conflicts")).GetProperty("items").EnumerateArray());
                Assert.Equal(("conflict", "Door A", mine), (Result(told), told.GetProperty("device").GetString(), told.GetProperty("isMine").GetBoolean()));
                Assert.Equal(("Bea Buyer", "Door B"), (told.GetProperty("ticket").GetProperty("holderName").GetString(), told.GetProperty("entry").GetProperty("device").GetString()));
            }

            var listed = Assert.Single((await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in/conflicts")).GetProperty("items").EnumerateArray());
            Assert.Equal(("Door A", JsonValueKind.Null), (listed.GetProperty("device").GetString(), listed.GetProperty("isMine").ValueKind));
            var counts = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in");
            Assert.Equal((1, 1, 0, 1), (counts.GetProperty("valid").GetInt32(), counts.GetProperty("in").GetInt32(), counts.GetProperty("left").GetInt32(), counts.GetProperty("conflicts").GetInt32()));
            Assert.Equal(1, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/dashboard")).GetProperty("people").GetProperty("checkedIn").GetInt32());
            var told1 = await shop.ScalarAsync<string>("select string_agg(type, ' ' order by type) from platform.outbox where aggregateid = @Id and type like 'ticket.check%'", new { Id = IdOf(ticket).ToString() });
            Assert.Equal("ticket.check_in_conflict ticket.checked_in", told1);
        }
    }

    /// <summary>Scans of three doors, drawn from a seed that a failure prints, uploaded in several orders and batches: one end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_the_order_and_the_batches_of_uploads_the_end_is_the_same(int seed)
    {
        const int Doors = 3, Tickets = 4, Scans = 18;
        var random = new Random(seed);
        var planned = Enumerable.Range(0, Scans).Select(n => (Door: random.Next(Doors), Ticket: random.Next(Tickets), Minutes: n * 2, IsExit: random.Next(4) == 0, Id: Guid.CreateVersion7())).ToList();
        var expected = new List<string>();
        foreach (var of in planned.GroupBy(p => p.Ticket))
        {
            // Door 2 lets in again.
            var model = Reconciliation.Of(of.Select(p => new Passage(planned.IndexOf(p), p.Id, null, DateTimeOffset.UnixEpoch.AddMinutes(p.Minutes), p.IsExit, p.Door == 2)));
            expected.AddRange(model.Results.Select(r => $"{r.Seq} {r.Result} {r.Reason}"));
            expected.Add($"ticket {of.Key} in by {(model.Entry is { } entry ? entry.Seq : -1)} left {model.LeftAt is not null}");
        }

        for (var round = 0; round < 4; round++)
        {
            var shop = await Shop.OpenAsync(fixture, capacity: Tickets);
            var tickets = (await shop.BuyAsync(shop.Order(count: Tickets))).GetProperty("tickets");
            var doors = new List<DoorDevice>();
            for (var door = 0; door < Doors; door++)
            {
                doors.Add(await EnrolAsync(shop, new { readmits = door == 2 }, $"Door {door}"));
            }

            // The ids are the same in every round; what they are put in order by is the time.
            var start = DateTimeOffset.UtcNow.AddMinutes(-Scans * 2 - 5);
            var uploads = new List<(int Door, object[] Scans)>();
            foreach (var of in planned.GroupBy(p => p.Door))
            {
                var left = of.OrderBy(_ => random.Next()).Select(p => Admitted(p.Id, tickets[p.Ticket], start.AddMinutes(p.Minutes), p.IsExit ? "out" : "in")).ToList();
                while (left.Count > 0)
                {
                    var batch = left.Take(random.Next(1, 5)).ToArray();
                    left.RemoveRange(0, batch.Length);
                    uploads.Add((of.Key, batch));
                    if (random.Next(3) == 0)
                    {
                        uploads.Add((of.Key, batch)); // the answer was lost
                    }
                }
            }

            var shuffled = uploads.OrderBy(_ => random.Next()).ToList();
            if (round == 0)
            {
                await Task.WhenAll(shuffled.Select(u => doors[u.Door].SendAsync(u.Scans)));
            }
            else
            {
                foreach (var (door, scans) in shuffled)
                {
                    await doors[door].SendAsync(scans);
                }
            }

            Assert.Equal(expected.Order(StringComparer.Ordinal), await FoundAsync(shop, tickets, planned.ConvertAll(p => p.Id)));
            Assert.Equal(
                expected.Count(e => e.Contains("conflict", StringComparison.Ordinal) || e.Contains("refused", StringComparison.Ordinal)),
                (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in")).GetProperty("conflicts").GetInt32());
        }
    }

    [Fact]
    public async Task Who_an_account_or_a_system_let_in_is_among_the_others_by_time()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId, "check-ins:write");
        var device = await EnrolAsync(shop);
        var tickets = (await shop.BuyAsync(shop.Order(count: 3))).GetProperty("tickets");
        await shop.Organiser.PostJsonAsync("/api/v1/tickets/check-in", new { code = Code(tickets[0]), eventId = shop.EventId }, HttpStatusCode.OK);
        await api.WriteAsync(HttpMethod.Post, $"/external/v1/events/{shop.EventId}/check-ins", new { code = Code(tickets[1]) }, HttpStatusCode.OK);

        // Ten minutes before, a device that was offline had let the first in; asked about the second, it says no.
        Assert.Equal("ok", Result((await device.SendAsync(Admitted(Guid.CreateVersion7(), tickets[0], DateTimeOffset.UtcNow.AddMinutes(-10))))[0]));
        Assert.Equal("already_in", Result(await device.AskAsync(Code(tickets[1]))));
        var conflict = Assert.Single((await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in/conflicts")).GetProperty("items").EnumerateArray());
        Assert.Equal((JsonValueKind.Null, "Door A"), (conflict.GetProperty("device").ValueKind, conflict.GetProperty("entry").GetProperty("device").GetString()));
        Assert.Equal("ok", Result(await device.AskAsync(Code(tickets[2]))));
        var again = await shop.Organiser.PostJsonAsync("/api/v1/tickets/check-in", new { code = Code(tickets[2]), eventId = shop.EventId }, HttpStatusCode.OK);
        Assert.Equal("already_in", Reason(again));
        Assert.Equal(3, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in")).GetProperty("in").GetInt32());
        Assert.Equal(
            (1, 1, 2), await RowAsync<(int, int, int)>(shop, "select count(user_id)::int, count(api_token_id)::int, (select count(*)::int from platform.ticket_check_ins where event_id = @EventId and device_id is not null) from platform.check_in_scans where event_id = @EventId"));
    }

    [Fact]
    public async Task A_question_whose_answer_was_lost_and_that_was_answered_at_the_door_is_a_passage()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (a, b) = (await EnrolAsync(shop), await EnrolAsync(shop, name: "Door B"));
        var tickets = (await shop.BuyAsync(shop.Order(count: 2))).GetProperty("tickets");
        var (entered, stopped) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await b.AskAsync(Code(tickets[1]));
        Assert.Equal("ok", Result(await a.AskAsync(Code(tickets[0]), id: entered)));
        Assert.Equal("already_in", Result(await a.AskAsync(Code(tickets[1]), id: stopped)));

        // The device heard neither, and let both in.
        var answers = await a.SendAsync(Admitted(entered, tickets[0], DateTimeOffset.UtcNow), Admitted(stopped, tickets[1], DateTimeOffset.UtcNow));
        Assert.Equal(["ok", "conflict"], answers.EnumerateArray().Select(Result));
        answers = await a.SendAsync(Admitted(stopped, tickets[1], DateTimeOffset.UtcNow), Admitted(entered, tickets[0], DateTimeOffset.UtcNow));
        Assert.Equal(["conflict", "ok"], answers.EnumerateArray().Select(Result));
        var counts = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in");
        Assert.Equal((2, 1), (counts.GetProperty("in").GetInt32(), counts.GetProperty("conflicts").GetInt32()));
    }

    [Fact]
    public async Task What_was_let_in_offline_and_should_not_have_been_is_shown_and_does_not_count()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var device = await EnrolAsync(shop);
        var tickets = (await shop.BuyAsync(shop.Order(count: 3))).GetProperty("tickets");
        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{IdOf(tickets[0])}/revoke", null))
        {
        }

        var at = DateTimeOffset.UtcNow.AddMinutes(-5);
        var first = await device.SendAsync(Admitted(Guid.CreateVersion7(), tickets[0], at));
        Assert.Equal(("refused", "revoked", true), (Result(first[0]), Reason(first[0]), first[0].GetProperty("admitted").GetBoolean()));

        // After a revocation of the device each scan is answered, kept, and shown; none counts.
        await device.RevokeAsync();
        var scans = new[] { Admitted(Guid.CreateVersion7(), tickets[1], at), Admitted(Guid.CreateVersion7(), tickets[2], at) };
        for (var times = 0; times < 2; times++)
        {
            var answers = await device.SendAsync(scans);
            Assert.All(answers.EnumerateArray(), x => Assert.Equal(("refused", "device_revoked"), (Result(x), Reason(x))));
        }

        await device.PostAsync([]).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "device_revoked");
        var page = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in/conflicts?limit=2");
        var rest = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in/conflicts?limit=2&after={page.GetProperty("next").GetString()}");
        Assert.Equal(["device_revoked", "device_revoked", "revoked"], page.GetProperty("items").EnumerateArray().Concat(rest.GetProperty("items").EnumerateArray()).Select(Reason));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        Assert.Equal(0, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in")).GetProperty("in").GetInt32());
        await shop.ScalarAsync<int>("update platform.check_in_devices set revoked_at = now() - interval '8 days' where id = @Id; select 1", new { device.Id });
        await device.PostAsync(scans).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "device_revoked");
    }

    [Fact]
    public async Task A_clock_is_bounded_by_the_devices_life_and_by_now()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var device = await EnrolAsync(shop);
        var tickets = (await shop.BuyAsync(shop.Order(count: 2))).GetProperty("tickets");
        var now = DateTimeOffset.UtcNow;
        var answers = await device.SendAsync(Admitted(Guid.CreateVersion7(), tickets[0], now.AddDays(40)), Admitted(Guid.CreateVersion7(), tickets[1], now.AddYears(-30)));
        Assert.InRange(answers[0].GetProperty("at").GetDateTimeOffset(), now, DateTimeOffset.UtcNow.AddSeconds(1));
        Assert.InRange(answers[1].GetProperty("at").GetDateTimeOffset(), now.AddDays(-1).AddMinutes(-5), now.AddDays(-1).AddMinutes(1));
    }

    private static async Task<IEnumerable<string>> FoundAsync(Shop shop, JsonElement tickets, List<Guid> ids)
    {
        await using var connection = await shop.Fixture.Database.OpenAsync(default);
        var scans = await connection.QueryAsync<(Guid Id, string Result, string? Reason, Guid Ticket, bool IsEntry, bool HasLeft)>(
            """
            select s.id, s.result, s.reason, s.ticket_id, coalesce(i.scan_seq = s.seq, false), i.left_at is not null from platform.check_in_scans s
            left join platform.ticket_check_ins i on i.ticket_id = s.ticket_id where s.event_id = @EventId
            """,
            new { shop.EventId });
        var numbers = tickets.EnumerateArray().Select((t, i) => (Id: IdOf(t), Number: i)).ToDictionary(t => t.Id, t => t.Number);
        var rows = scans.AsList();
        return rows.Select(s => $"{ids.IndexOf(s.Id)} {s.Result} {s.Reason}")
            .Concat(rows.GroupBy(s => s.Ticket).Select(of => $"ticket {numbers[of.Key]} in by {of.Where(s => s.IsEntry).Select(s => ids.IndexOf(s.Id)).SingleOrDefault(-1)} left {of.First().HasLeft}"))
            .Order(StringComparer.Ordinal);
    }

    private static Task<string> StateAsync(Shop shop) => shop.ScalarAsync<string>(
        """
        select (select string_agg(s::text, ' ' order by seq) from platform.check_in_scans s where event_id = @EventId)
            || (select string_agg(i::text, ' ' order by ticket_id) from platform.ticket_check_ins i where event_id = @EventId)
            || (select count(*) from platform.outbox where payload->>'eventId' = @EventId::text)
        """,
        new { shop.EventId });

    private static async Task<T> RowAsync<T>(Shop shop, string sql)
    {
        await using var connection = await shop.Fixture.Database.OpenAsync(default);
        return await connection.QuerySingleAsync<T>(sql, new { shop.EventId });
    }
}
