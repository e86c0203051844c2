using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Events.Platform.Composition;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Tickets;

/// <summary>What organisers do with those who registered: tables out and in, mail again, the door.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class RegistrationsTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Registrations_come_as_a_table_that_no_spreadsheet_runs_and_that_reads_back_as_it_was()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 50);
        var question = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "Why, \"exactly\"?" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        string[] answers = ["=HYPERLINK(\"http://evil.example\")", "  @SUM(A1)", "+41 44 000 00 00", "-1", "two\r\nlines; and \"quotes\", commas", "żółć 漢字 🎟"];
        foreach (var (answer, i) in answers.Select((a, i) => (a, i)))
        {
            await shop.BuyAsync(shop.Order($"csv-{i}@people.example", answers: new Dictionary<string, string> { [question.ToString()] = answer }));
        }

        using var response = await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/registrations.csv");
        Assert.Equal(("text/csv", "utf-8"), (response.Content.Headers.ContentType?.MediaType, response.Content.Headers.ContentType?.CharSet));
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.DispositionType);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal([0xEF, 0xBB, 0xBF], bytes[..3]);
        var text = Encoding.UTF8.GetString(bytes);
        Assert.EndsWith("\r\n", text, StringComparison.Ordinal);
        var rows = CsvReader.Read(text).ToList();
        Assert.Equal(
            ["order_id", "order_state", "ordered_at", "buyer_name", "buyer_email", "ticket_id", "ticket_state", "ticket_type", "holder_name", "holder_email", "price", "currency", "checked_in_at", "consent_storing", "consent_sharing", "Why, \"exactly\"?"],
            rows[0].Cells);
        Assert.Equal(answers.Select((_, i) => $"csv-{i}@people.example"), rows[1..].Select(r => r.Cells[4]));
        Assert.Equal(["'" + answers[0], "'" + answers[1], "'" + answers[2], "'" + answers[3], answers[4], answers[5]], rows[1..].Select(r => r.Cells[15]));
        Assert.Equal((0.ToString("F2", System.Globalization.CultureInfo.InvariantCulture), "CHF", "yes", ""), (rows[1].Cells[10], rows[1].Cells[11], rows[1].Cells[13], rows[1].Cells[14]));

        // Filtered as the page is, for nobody else, and written down.
        using var one = await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/registrations.csv?text=csv-3&state=confirmed&type={shop.TypeId}");
        Assert.Equal(2, CsvReader.Read(await one.Content.ReadAsStringAsync()).Count());
        await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/registrations.csv?state=odd").ShouldRefuseAsync(HttpStatusCode.BadRequest, "filter_invalid");
        var (other, _, _) = await fixture.OrganiserAsync();
        await other.GetAsync($"/api/v1/events/{shop.EventId}/registrations.csv").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        Assert.Equal(2, await shop.ScalarAsync<int>("select count(*)::int from platform.audit_log where event_id = @EventId and action = 'registrations.exported'", new { shop.EventId }));
    }

    [Fact]
    public async Task The_table_says_nothing_for_whom_nobody_asked_about_sharing()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        await BuyAsync("unasked", version: null, sharing: false);
        await AskAsync("");
        await BuyAsync("asked-to-store", version: 1, sharing: false);
        await AskAsync("May sponsors have your address?");
        await BuyAsync("no", version: 2, sharing: false);
        var handedOn = await BuyAsync("yes", version: 2, sharing: true);
        using var transferred = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{handedOn.GetProperty("tickets")[0].GetProperty("id").GetGuid()}/transfer", handedOn, new { name = "Cy", email = "cy@people.example" });
        Assert.Equal(HttpStatusCode.OK, transferred.StatusCode);

        using var response = await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/registrations.csv");
        var rows = CsvReader.Read(await response.Content.ReadAsStringAsync()).Skip(1).ToList();
        Assert.Equal(["unasked: ", "asked-to-store: ", "no: no", "yes: yes", "cy: "], rows.Select(r => $"{r.Cells[9].Split('@')[0]}: {r.Cells[14]}"));

        Task AskAsync(string sharing) => shop.Organiser.PutAsync($"/api/v1/events/{shop.EventId}/consent", Http.Json(new { storing = "We keep your answers.", sharing }));

        Task<JsonElement> BuyAsync(string name, int? version, bool sharing) =>
            shop.BuyAsync(new { email = $"{name}@people.example", name, tickets = new[] { new { ticketTypeId = shop.TypeId } }, consent = new { version, storing = true, sharing } });
    }

    [Fact]
    public async Task Fifteen_thousand_registrations_come_whole_once_each_and_in_order()
    {
        const int count = 15_000;
        var shop = await Shop.OpenAsync(fixture, capacity: 1_000_000);
        await shop.ScalarAsync<int>(
            """
            insert into platform.orders (id, event_id, email, name, state, total_minor, currency, idempotency_key, fingerprint, consent_storing, consent_sharing, confirmed_at)
            select gen_random_uuid(), @EventId, 'bulk' || n || '@people.example', 'Person ' || n, 'confirmed', 0, 'CHF', 'bulk-' || n, ''::bytea, true, false, now() from generate_series(1, @count) n;
            insert into platform.tickets (id, order_id, event_id, ticket_type_id, quota_id, holder_name, holder_email, price_minor, state, mailed_at)
            select gen_random_uuid(), o.id, @EventId, @TypeId, @QuotaId, o.name, o.email, 0, 'valid', now() from platform.orders o where o.event_id = @EventId;
            select 1
            """,
            new { shop.EventId, shop.TypeId, shop.QuotaId, count });
        using var response = await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/registrations.csv", HttpCompletionOption.ResponseHeadersRead);
        Assert.Null(response.Content.Headers.ContentLength); // written while it is read
        var rows = CsvReader.Read(await response.Content.ReadAsStringAsync()).Skip(1).ToList();
        Assert.Equal(count, rows.Count);
        Assert.Equal(count, rows.Select(r => r.Cells[5]).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, count).Select(n => $"bulk{n}@people.example").Order(StringComparer.Ordinal), rows.Select(r => r.Cells[4]).Order(StringComparer.Ordinal));
        Assert.Equal(rows.Select(r => r.Cells[0]), rows.Select(r => r.Cells[0]).Order(StringComparer.Ordinal));

        // And page by page, without one twice or none.
        var (seen, after) = (new List<string>(), (string?)null);
        do
        {
            var page = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/orders?limit=200&text=person%201&{(after is null ? "" : $"after={after}")}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(o => o.GetProperty("name").GetString()!));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);
        Assert.Equal(Enumerable.Range(1, count).Select(n => $"Person {n}").Where(n => n.StartsWith("Person 1", StringComparison.Ordinal)).Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_table_of_addresses_invites_the_good_ones_and_says_what_is_wrong_with_each_other()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10, visibility: "invited");
        var (path, tag) = ($"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}/invitations", Guid.NewGuid().ToString("N"));
        await shop.Organiser.PostJsonAsync(path, new { email = $"old-{tag}@people.example" }, HttpStatusCode.Created);
        var table = $"\uFEFFName;E-Mail\r\n\"Ada; the first\";ada-{tag}@people.example\r\n\r\nBo;bo@@people\nCy;ADA-{tag}@people.example\r\nOld;old-{tag}@people.example\nDi;\"di-{tag}@people.example\"";
        var answer = await ImportAsync(table);
        Assert.Equal(2, answer.GetProperty("sent").GetInt32());
        Assert.Equal(["4 email_invalid", "5 email_repeated", "6 already_invited"], answer.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("line").GetInt32()} {e.GetProperty("code").GetString()}"));

        // The same file again mails nobody.
        var again = await ImportAsync(table);
        Assert.Equal((0, 5), (again.GetProperty("sent").GetInt32(), again.GetProperty("errors").GetArrayLength()));
        foreach (var name in new[] { "ada", "di", "old" })
        {
            await fixture.MailsAsync($"{name}-{tag}@people.example", "invites you", 1);
        }

        // Without headings, the first column.
        Assert.Equal(1, (await ImportAsync($"eve-{tag}@people.example,Eve\n")).GetProperty("sent").GetInt32());
        await SendAsync([0x61, 0xFF, 0x40]).ShouldRefuseAsync(HttpStatusCode.BadRequest, "csv_not_utf8");
        await SendAsync(Encoding.UTF8.GetBytes("email\r\n")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "csv_lines_invalid");
        await SendAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a@b.example\n", 5_001)))).ShouldRefuseAsync(HttpStatusCode.BadRequest, "csv_lines_invalid");
        await shop.Organiser.SendLargeAsync(HttpMethod.Post, $"{path}/import", new byte[1024 * 1024 + 1], "text/csv").ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await SendAsync(Encoding.UTF8.GetBytes("a@b.example"), "application/json").ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        var (other, _, _) = await fixture.OrganiserAsync();
        await SendAsync(Encoding.UTF8.GetBytes("a@b.example"), client: other).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");

        async Task<JsonElement> ImportAsync(string text)
        {
            using var response = await SendAsync(Encoding.UTF8.GetBytes(text));
            var body = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, body);
            return JsonDocument.Parse(body).RootElement;
        }

        Task<HttpResponseMessage> SendAsync(byte[] bytes, string type = "text/csv", HttpClient? client = null)
        {
            var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue(type);
            return (client ?? shop.Organiser).PostAsync($"{path}/import", content);
        }
    }

    [Fact]
    public async Task A_ticket_is_mailed_again_for_its_people_and_not_more_often_than_once_a_minute()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var email = $"again-{Guid.NewGuid():N}@people.example";
        var order = await shop.BuyAsync(shop.Order(email));
        var ticket = order.GetProperty("tickets")[0].GetProperty("id").GetGuid();
        var path = $"/api/v1/tickets/{ticket}/resend";
        await fixture.MailsAsync(email, "Your ticket", 1);
        await fixture.Client().PostAsync(path, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_not_found");
        await shop.Organiser.PostAsync(path, null).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
        foreach (var mails in new[] { 2, 3 })
        {
            await shop.ScalarAsync<int>("update platform.tickets set mailed_at = now() - interval '2 minutes' where id = @ticket; select 1", new { ticket });
            using var sent = mails == 2 ? await shop.Organiser.PostAsync(path, null) : await shop.WithKeyAsync(HttpMethod.Post, path, order);
            Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
            await fixture.MailsAsync(email, "Your ticket", mails);
        }

        await shop.Organiser.PostJsonAsync($"/api/v1/tickets/{ticket}/revoke", null, HttpStatusCode.OK);
        await shop.Organiser.PostAsync(path, null).ShouldRefuseAsync(HttpStatusCode.Conflict, "ticket_not_valid");
    }

    [Fact]
    public async Task A_code_opens_the_door_once_even_at_two_doors_and_a_mistake_is_taken_back()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var order = await shop.BuyAsync(shop.Order(count: 2));
        var (first, second) = (order.GetProperty("tickets")[0], order.GetProperty("tickets")[1]);
        var (id, code) = (first.GetProperty("id").GetGuid(), first.GetProperty("code").GetString());
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => InAsync(new { code, eventId = shop.EventId })));
        Assert.Single(verdicts, v => v.GetProperty("valid").GetBoolean());
        Assert.All(verdicts.Where(v => !v.GetProperty("valid").GetBoolean()), v => Assert.Equal("already_in", v.GetProperty("reason").GetString()));
        Assert.All(verdicts, v => Assert.NotEqual(JsonValueKind.Null, v.GetProperty("ticket").GetProperty("checkedInAt").ValueKind));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'ticket.checked_in' and aggregateid = @Id", new { Id = id.ToString() }));

        // Who is inside hands no ticket on.
        using var transfer = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{id}/transfer", order, new { name = "Cy", email = "cy@people.example" });
        Assert.Equal(HttpStatusCode.Conflict, transfer.StatusCode);
        using (var undone = await shop.Organiser.DeleteAsync($"/api/v1/tickets/{id}/check-in"))
        {
            Assert.Equal(HttpStatusCode.OK, undone.StatusCode);
        }

        Assert.True((await InAsync(new { code, eventId = shop.EventId })).GetProperty("valid").GetBoolean());
        Assert.True((await InAsync(new { ticketId = second.GetProperty("id").GetGuid(), eventId = shop.EventId })).GetProperty("valid").GetBoolean()); // by hand
        var listed = (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/orders")).GetProperty("items")[0];
        Assert.Equal((2, 2), (listed.GetProperty("tickets").GetInt32(), listed.GetProperty("checkedIn").GetInt32()));

        var elsewhere = await Shop.OpenAsync(fixture, capacity: 1);
        Assert.Equal("wrong_event", (await InAsync(new { code, eventId = elsewhere.EventId }, elsewhere.Organiser)).GetProperty("reason").GetString());
        Assert.Equal("code_invalid", (await InAsync(new { ticketId = id, eventId = elsewhere.EventId }, elsewhere.Organiser)).GetProperty("reason").GetString());
        await elsewhere.Organiser.PostAsync("/api/v1/tickets/check-in", Http.Json(new { code, eventId = shop.EventId })).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        await elsewhere.Organiser.DeleteAsync($"/api/v1/tickets/{id}/check-in").ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_not_found");

        // A scanner of this event may; it may do nothing else.
        var (scanner, email) = await fixture.AddUserAsync("Sam Scanner");
        await shop.ScalarAsync<int>("insert into platform.event_roles (event_id, user_id, role) values (@EventId, @scanner, 'scanner'); select 1", new { shop.EventId, scanner });
        using var door = await fixture.SignedInAsync(email);
        Assert.Equal("already_in", (await InAsync(new { code, eventId = shop.EventId }, door)).GetProperty("reason").GetString());
        await door.GetAsync($"/api/v1/events/{shop.EventId}/orders").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");

        Task<JsonElement> InAsync(object body, HttpClient? client = null) => (client ?? shop.Organiser).PostJsonAsync("/api/v1/tickets/check-in", body, HttpStatusCode.OK);
    }
}
