using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Tickets;

[Collection(nameof(PlatformCollection))]
public sealed class AnswerFilesTests(PlatformFixture fixture)
{
    private static readonly byte[] Pdf = Encoding.ASCII.GetBytes($"%PDF-1.7\n% {Guid.NewGuid()}\n%%EOF");

    [Fact]
    public async Task A_file_answers_its_question_and_only_organisers_can_read_it()
    {
        var (shop, question) = await AskingAsync(required: true);
        await shop.SendAsync(shop.Order()).ShouldRefuseAsync(HttpStatusCode.BadRequest, "answer_missing");
        var file = await UploadAsync(shop, question, Pdf, "../../etc/C.V. «Bea».exe");
        Assert.Equal(("C.V. Bea.pdf", "application/pdf", Pdf.Length), (file.GetProperty("fileName").GetString(), file.GetProperty("mimeType").GetString(), file.GetProperty("size").GetInt32()));
        var answers = new Dictionary<string, object> { [question.ToString()] = file.GetProperty("key").GetString()! };
        var order = await shop.BuyAsync(shop.Order(answers: answers));
        var ticket = order.GetProperty("tickets")[0].GetProperty("id").GetGuid();

        var given = (await shop.Organiser.GetJsonAsync($"/api/v1/tickets/{ticket}/answers"))[0];
        Assert.Equal(("Your CV", "file"), (given.GetProperty("label").GetString(), given.GetProperty("kind").GetString()));
        var url = given.GetProperty("file").GetProperty("url").GetString()!;
        using (var download = await shop.Organiser.GetAsync(url))
        {
            Assert.Equal(Pdf, await download.Content.ReadAsByteArrayAsync());
            Assert.Equal("attachment", download.Content.Headers.ContentDisposition!.DispositionType);
            Assert.Contains("sandbox", download.Headers.GetValues("Content-Security-Policy").Single());
            Assert.Contains("no-store", download.Headers.CacheControl!.ToString());
        }

        // Neither the buyer's key, nor another organiser, nor nobody at all opens it.
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.GetAsync(url).ShouldRefuseAsync(HttpStatusCode.NotFound, "file_not_found");
        await stranger.GetAsync($"/api/v1/tickets/{ticket}/answers").ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_not_found");
        await shop.WithKeyAsync(HttpMethod.Get, url, order).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");

        // A file is for one ticket.
        await shop.SendAsync(shop.Order("again@people.example", answers: answers)).ShouldRefuseAsync(HttpStatusCode.BadRequest, "answer_invalid");
    }

    [Fact]
    public async Task A_file_that_a_sweep_takes_between_its_upload_and_its_registration_is_there_again()
    {
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        using var content = new MemoryStream(Encoding.UTF8.GetBytes($"The same for two {Guid.NewGuid()}"));
        var blob = await blobs.PutAsync(content);
        var file = new AssetFile(blob.Sha256, blob.Size, "text/plain", "a.txt");
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        Guid first;
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            first = await AssetStore.RegisterAsync(transaction, new NewDocument("answer_file", Guid.NewGuid(), file));
            await transaction.CommitAsync();
        }

        // Somebody else puts the same, which is there; before they register it, its first holder lets go of it.
        content.Position = 0;
        Assert.Equal(blob, await blobs.PutAsync(content));
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await Deletion.DeleteAsync(transaction, first);
            await transaction.CommitAsync();
        }

        Assert.Equal(1, await Deletion.SweepAsync(connection, blobs, [blob.Sha256], CancellationToken.None));
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await AssetStore.RegisterAsync(transaction, new NewDocument("answer_file", Guid.NewGuid(), file), blobs, content, CancellationToken.None);
            await transaction.CommitAsync();
        }

        Assert.True(await blobs.ExistsAsync(blob.Sha256));
    }

    [Fact]
    public async Task What_is_no_file_of_this_question_is_no_answer()
    {
        var (shop, question) = await AskingAsync(required: false);
        var (other, otherQuestion) = await AskingAsync(required: false);
        var foreign = (await UploadAsync(other, otherQuestion, Pdf, "a.pdf")).GetProperty("key").GetString()!;
        foreach (var answer in new object[] { foreign, $"{Guid.NewGuid():N}.{new string('A', 43)}", "nonsense", 5, true })
        {
            await shop.SendAsync(shop.Order(answers: new Dictionary<string, object> { [question.ToString()] = answer })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "answer_invalid");
        }

        var mine = (await UploadAsync(shop, question, Pdf, "a.pdf")).GetProperty("key").GetString()!;
        var twice = shop.Order(count: 2, answers: new Dictionary<string, object> { [question.ToString()] = mine });
        await shop.SendAsync(twice).ShouldRefuseAsync(HttpStatusCode.BadRequest, "answer_invalid");
        await shop.BuyAsync();
    }

    [Fact]
    public async Task Uploads_are_bounded_and_told_by_their_bytes()
    {
        var (shop, question) = await AskingAsync(required: false);
        await PostAsync(shop, question, "<html><script>alert(1)</script>"u8.ToArray(), "a.pdf").ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "file_type_refused");
        await PostAsync(shop, question, [], "a.pdf").ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "file_type_refused");
        await PostAsync(shop, question, [.. Pdf, .. new byte[AnswerFiles.MaxBytes]], "a.pdf").ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await PostAsync(shop, Guid.NewGuid(), Pdf, "a.pdf").ShouldRefuseAsync(HttpStatusCode.NotFound, "question_not_found");
        var largest = await UploadAsync(shop, question, [.. Pdf, .. new byte[AnswerFiles.MaxBytes - Pdf.Length]], "a.pdf");
        Assert.Equal(AnswerFiles.MaxBytes, largest.GetProperty("size").GetInt32());
    }

    [Fact]
    public async Task A_file_that_no_order_claims_is_deleted_with_its_blob()
    {
        var (shop, question) = await AskingAsync(required: false);
        byte[] content = [.. Pdf, .. Guid.NewGuid().ToByteArray()];
        await UploadAsync(shop, question, content, "a.pdf");
        var kept = (await UploadAsync(shop, question, Pdf, "a.pdf")).GetProperty("key").GetString()!;
        await shop.BuyAsync(shop.Order(answers: new Dictionary<string, object> { [question.ToString()] = kept }));
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        Assert.True(await blobs.ExistsAsync(ContentHash.Of(content)));

        // A day later.
        await shop.ScalarAsync<int>("update platform.timers set next_at = now() where kind = 'answer-file' and key in (select id::text from platform.answer_files where event_id = @EventId); select 1", new { shop.EventId });
        await Eventually.TrueAsync(async () => !await blobs.ExistsAsync(ContentHash.Of(content)), "the forgotten file is gone");
        Assert.True(await blobs.ExistsAsync(ContentHash.Of(Pdf)));
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.answer_files where event_id = @EventId", new { shop.EventId }));
    }

    [Fact]
    public async Task A_file_of_an_order_that_has_just_expired_waits_for_money_that_comes_late()
    {
        var (shop, question) = await AskingAsync(required: false);
        var file = (await UploadAsync(shop, question, Pdf, "a.pdf")).GetProperty("key").GetString()!;
        var order = await shop.BuyAsync(shop.Order(answers: new Dictionary<string, object> { [question.ToString()] = file }));
        var ticket = order.GetProperty("tickets")[0].GetProperty("id").GetGuid();
        const string OfEvent = "kind = 'answer-file' and key in (select id::text from platform.answer_files where event_id = @EventId)";

        // The file is a day old as its ticket's hold ends.
        await shop.ScalarAsync<int>($"update platform.tickets set state = 'released', changed_at = now() where id = @ticket; update platform.timers set next_at = now() where {OfEvent}; select 1", new { ticket, shop.EventId });
        await Eventually.TrueAsync(() => shop.ScalarAsync<bool>($"select not exists (select from platform.timers where {OfEvent} and (next_at <= now() or attempts > 0))", new { shop.EventId }), "the timer has run");
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.answer_files where event_id = @EventId", new { shop.EventId }));

        await shop.ScalarAsync<int>($"update platform.tickets set changed_at = now() - interval '2 days' where id = @ticket; update platform.timers set next_at = now() where {OfEvent}; select 1", new { ticket, shop.EventId });
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<int>("select count(*)::int from platform.answer_files where event_id = @EventId", new { shop.EventId }) == 0, "the file is gone");
    }

    [Theory]
    [InlineData("255044462d312e37", "application/pdf")]
    [InlineData("89504e470d0a1a0a0000", "image/png")]
    [InlineData("ffd8ffe0", "image/jpeg")]
    [InlineData("524946460000000057454250", "image/webp")]
    [InlineData("677578c3bc0a", "text/plain; charset=utf-8")]
    [InlineData("504b0304", null)]
    [InlineData("524946460000000057415645", null)]
    [InlineData("20203c68746d6c3e", null)]
    [InlineData("6100", null)]
    [InlineData("c3", null)]
    [InlineData("", null)]
    public void A_file_is_what_its_bytes_say(string hex, string? mimeType) => Assert.Equal(mimeType, AnswerFileType.Of(Convert.FromHexString(hex))?.MimeType);

    [Fact]
    public void No_bytes_make_the_reader_throw() => Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(bytes => AnswerFileType.Of(bytes) is null || bytes.Length > 0));

    private async Task<(Shop Shop, Guid Question)> AskingAsync(bool required)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var question = await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "Your CV", kind = "file", required }, HttpStatusCode.Created);
        return (shop, question.GetProperty("id").GetGuid());
    }

    private static async Task<JsonElement> UploadAsync(Shop shop, Guid question, byte[] content, string name)
    {
        using var response = await PostAsync(shop, question, content, name);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static Task<HttpResponseMessage> PostAsync(Shop shop, Guid question, byte[] content, string name)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/events/{shop.EventId}/questions/{question}/files?name={Uri.EscapeDataString(name)}") { Content = new ByteArrayContent(content) };

        // What is too large is refused before it is sent, and not by a connection that breaks.
        request.Headers.ExpectContinue = true;
        return shop.Fixture.Client().SendAsync(request);
    }
}
