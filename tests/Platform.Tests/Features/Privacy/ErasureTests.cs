using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Blobs;
using Events.Platform.Features.Privacy;
using Events.Tests.Platform.Features.Onsite;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Platform.Features.Privacy;

[Collection(nameof(PlatformCollection))]
public sealed class ErasureTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Of_somebody_who_touched_every_feature_nothing_is_found_after_erasure()
    {
        using var log = new CapturedLog();
        fixture.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var person = await Person.PlantAsync(fixture);
        await fixture.SettleAsync(person.Email, "access");
        await fixture.DownloadAsync(person.Email);

        // The search finds each of the words before, or it would prove nothing. (The subject is kept as a hash from the start.)
        var before = await FindAsync(log, person);
        Assert.All(person.Words.Where(w => !w.StartsWith("subject", StringComparison.Ordinal)), word => Assert.Contains(before, t => t.StartsWith($"'{word}'", StringComparison.Ordinal)));
        foreach (var table in new[] { "users", "invitations", "event_participants", "room_participants", "orders", "tickets", "ticket_waiting_list", "ticket_invitations", "answer_files", "mails", "audit_log", "privacy_requests" })
        {
            Assert.Contains(before, t => t.Contains($"in platform.{table}:", StringComparison.Ordinal));
        }

        var settled = await fixture.SettleAsync(person.Email, "erasure");
        Assert.Equal("done", settled.GetProperty("state").GetString());
        List<string> after = [];
        for (var deadline = DateTime.UtcNow.AddSeconds(20); (after = await FindAsync(log, person)).Count > 0 && DateTime.UtcNow < deadline;)
        {
            await Task.Delay(100); // the files go after the rows
        }

        Assert.True(after.Count == 0, string.Join("\n", after));

        // Doors that keep a list hear of it, and put a name that is nobody's in its place.
        var door = await DoorDevice.EnrolAsync(person.Shop);
        await Eventually.TrueAsync(
            async () => (await door.Client.GetJsonAsync("/onsite/v1/tickets")).GetProperty("items").EnumerateArray().Count(t => t.GetProperty("inAt").ValueKind == JsonValueKind.String && t.GetProperty("name").GetString() == ErasedPerson.Name) == 1,
            "the list names nobody");
        await using (var booths = await fixture.Database.OpenAsync(default))
        {
            Assert.Equal(0, await booths.ExecuteScalarAsync<int>("select count(*)::int from platform.leads where event_id = @EventId", new { person.Shop.EventId }));
        }

        await using var connection = await fixture.Database.OpenAsync(default);
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.sso_identities where user_id = @UserId", new { person.UserId }));
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.organization_members where user_id = @UserId", new { person.UserId }));

        // What stays: that it was somebody, and the books.
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.event_participants where user_id = @UserId", new { person.UserId }));
        Assert.Equal(2500, await connection.ExecuteScalarAsync<long>("select sum(total_minor)::bigint from platform.orders where user_id = @UserId", new { person.UserId }));
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.tickets where holder_name = 'Otto Other' and event_id = @EventId", new { person.Shop.EventId }));
        using var again = fixture.Client();
        await again.PostJsonAsync("/api/v1/auth/sign-up", new { email = person.Email, name = "New" }, HttpStatusCode.Accepted);
        Assert.True(await connection.ExecuteScalarAsync<bool>("select disabled_at is not null and password_hash is null from platform.users where id = @UserId", new { person.UserId }));
    }

    [Fact]
    public async Task Access_is_everything_about_the_person_and_their_files_for_a_week()
    {
        var person = await Person.PlantAsync(fixture);
        var settled = await fixture.SettleAsync(person.Email, "access");
        Assert.Equal(("access", "done"), (settled.GetProperty("kind").GetString(), settled.GetProperty("state").GetString()));
        Assert.Equal(30, (settled.GetProperty("dueAt").GetDateTimeOffset() - settled.GetProperty("confirmedAt").GetDateTimeOffset()).TotalDays);
        var url = await fixture.DownloadAsync(person.Email);
        var content = await fixture.Client().GetByteArrayAsync(url.PathAndQuery);
        using var zip = new ZipArchive(new MemoryStream(content));
        JsonElement Of(string part, string section)
        {
            using var stream = zip.GetEntry($"{part}.json")!.Open();
            return JsonDocument.Parse(stream).RootElement.GetProperty(section);
        }

        Assert.Equal(person.Email, Of("account", "account")[0].GetProperty("email").GetString());
        Assert.Equal(person.Words[2], Of("account", "account")[0].GetProperty("personal").GetProperty("phone").GetString());
        Assert.Equal(3, Of("tickets", "orders").GetArrayLength());
        Assert.All(Of("tickets", "consents").EnumerateArray(), c => Assert.True(c.GetProperty("storing").GetBoolean()));
        Assert.Contains(Of("tickets", "answers").EnumerateArray(), a => a.GetProperty("question").GetString() == "Diet" && a.GetProperty("answer").GetString() == person.Words[3]);
        Assert.Equal((1, 1), (Of("tickets", "waiting_list").GetArrayLength(), Of("tickets", "invitations").GetArrayLength()));
        Assert.Equal("Booth", Of("tickets", "leads")[0].GetProperty("booth").GetString());
        Assert.Equal(["ok Door A", "already_in Door B"], Of("tickets", "doors").EnumerateArray().Select(d => $"{d.GetProperty("result").GetString()} {d.GetProperty("door").GetString()}"));
        Assert.Equal(1, Of("company-sign-in", "identities").GetArrayLength());
        Assert.Equal(1, Of("participation", "rooms_now").GetArrayLength());
        Assert.Equal(1, Of("recordings", "requested").GetArrayLength());
        Assert.Equal(2500, Of("payments", "payments")[0].GetProperty("amount_minor").GetInt64());
        Assert.NotEqual(0, Of("mails", "mails").GetArrayLength());
        Assert.Contains(Of("audit", "done_about_you").EnumerateArray(), a => a.GetProperty("actor_kind").GetString() == "staff");
        using (var file = zip.Entries.Single(e => e.FullName.StartsWith("files/", StringComparison.Ordinal)).Open())
        {
            using var copy = new MemoryStream();
            await file.CopyToAsync(copy);
            Assert.Equal(person.File, copy.ToArray());
        }

        // Seven days later.
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("update platform.timers set next_at = now() where kind = 'privacy-export' and key = @Key", new { Key = settled.GetProperty("id").GetString() });
        await Eventually.TrueAsync(async () => !await blobs.ExistsAsync(ContentHash.Of(content)), "the archive is deleted");
        await fixture.Client().GetAsync(url.PathAndQuery).ShouldRefuseAsync(HttpStatusCode.NotFound, "blob_not_found");
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.privacy_requests where lower(email) = lower(@Email)", new { person.Email }));
    }

    [Fact]
    public async Task The_buyers_name_leaves_tickets_that_others_hold()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (buyer, friend) = ($"{Guid.NewGuid():N}@people.example", $"{Guid.NewGuid():N}@people.example");
        await shop.BuyAsync(new
        {
            email = buyer,
            name = "Bea Buyer",
            tickets = new[] { new { ticketTypeId = shop.TypeId, holderName = (string?)null, holderEmail = friend }, new { ticketTypeId = shop.TypeId, holderName = (string?)"Otto Other", holderEmail = friend } },
            consent = new { storing = true, sharing = false },
        });
        await fixture.SettleAsync(buyer, "erasure");
        Assert.Equal($"{ErasedPerson.Name}, Otto Other", await shop.ScalarAsync<string>("select string_agg(holder_name, ', ' order by holder_name) from platform.tickets where event_id = @EventId and holder_email = @friend", new { shop.EventId, friend }));
    }

    [Fact]
    public async Task A_file_that_somebody_else_sent_too_stays_theirs()
    {
        var (one, two) = (await Person.PlantAsync(fixture), await Person.PlantAsync(fixture));
        await using var connection = await fixture.Database.OpenAsync(default);

        // The same content in two tickets is one blob.
        var hash = ContentHash.Of(one.File);
        await connection.ExecuteAsync(
            """
            update media.renditions set sha256 = @hash where asset_id in (select f.asset_id from platform.answer_files f join platform.tickets t on t.id = f.ticket_id where t.order_id = @OrderId)
            """,
            new { hash, two.OrderId });
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        await fixture.SettleAsync(one.Email, "erasure");
        await Eventually.TrueAsync(async () => await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.timers where kind = 'blob-sweep' and next_at <= now()") == 0, "the sweep has run");
        Assert.True(await blobs.ExistsAsync(hash));
        await fixture.SettleAsync(two.Email, "erasure");
        await Eventually.TrueAsync(async () => !await blobs.ExistsAsync(hash), "nobody holds it any more");
    }

    private Task<List<string>> FindAsync(CapturedLog log, Person person) =>
        Traces.FindAsync(fixture.Database, fixture.Options.BlobsDirectory, fixture.Options.MailDirectory, log, person.Words);
}
