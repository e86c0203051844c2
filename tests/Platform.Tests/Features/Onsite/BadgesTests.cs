using System.Net;
using Events.Platform.Features.Onsite;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using PdfSharp.Pdf;
using PdfSharp.Pdf.IO;
using static Events.Tests.Platform.Features.Onsite.DoorDevice;

namespace Events.Tests.Platform.Features.Onsite;

[Collection(nameof(PlatformCollection))]
public sealed class BadgesTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Badges_are_printed_ten_a_sheet_for_all_and_one_by_one_at_the_door()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 50);
        var first = (await shop.BuyAsync(shop.Order(count: 10))).GetProperty("tickets");
        var second = (await shop.BuyAsync(shop.Order("b@people.example", count: 2))).GetProperty("tickets");
        using (var sheets = await ReadAsync(shop.Organiser, $"/api/v1/events/{shop.EventId}/badges.pdf"))
        {
            Assert.Equal(2, sheets.PageCount);
            Assert.Equal("Fair", sheets.Info.Title);
            Assert.All(Enumerable.Range(0, 2).Select(i => sheets.Pages[i]), p => Assert.Equal((210, 297), (Math.Round(p.Width.Millimeter), Math.Round(p.Height.Millimeter))));

            // Names in bold, the rest not: both fonts go along, so that no printer has to have them.
            Assert.Equal(2, sheets.Internals.GetAllObjects().OfType<PdfDictionary>().Count(d => d.Elements.ContainsKey("/FontFile2")));
        }

        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{IdOf(second[0])}/revoke", null))
        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{IdOf(second[1])}/revoke", null))
        using (var one = await ReadAsync(shop.Organiser, $"/api/v1/events/{shop.EventId}/badges.pdf?type={shop.TypeId}"))
        {
            Assert.Equal(1, one.PageCount);
        }

        using (var card = await ReadAsync(shop.Organiser, $"/api/v1/tickets/{IdOf(first[0])}/badge.pdf"))
        {
            Assert.Equal((1, 85, 54), (card.PageCount, Math.Round(card.Pages[0].Width.Millimeter), Math.Round(card.Pages[0].Height.Millimeter)));
        }

        await shop.Organiser.GetAsync($"/api/v1/tickets/{IdOf(second[0])}/badge.pdf").ShouldRefuseAsync(HttpStatusCode.Conflict, "ticket_not_valid");
        await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/badges.pdf?part=2").ShouldRefuseAsync(HttpStatusCode.NotFound, "badges_none");
        await shop.Organiser.GetAsync($"/api/v1/events/{shop.EventId}/badges.pdf?part=0").ShouldRefuseAsync(HttpStatusCode.BadRequest, "part_invalid");
        var (other, _, _) = await fixture.OrganiserAsync();
        await other.GetAsync($"/api/v1/tickets/{IdOf(first[0])}/badge.pdf").ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_not_found");
        await other.GetAsync($"/api/v1/events/{shop.EventId}/badges.pdf").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        Assert.Equal(2, await shop.ScalarAsync<int>("select count(*)::int from platform.audit_log where event_id = @EventId and action = 'badges.printed'", new { shop.EventId }));
    }

    /// <summary>A font whose every letter is half as wide as it is high.</summary>
    [Theory]
    [InlineData("Bo", 20, "Bo")]
    [InlineData("Astrid Lindqvist", 20, "Astrid|Lindqvist")]
    [InlineData("Maria de los Ángeles Rodríguez Fernández", 14, "Maria de los|Ángeles Rodríguez|Fernández")]
    public void A_name_is_as_large_as_its_three_lines_allow(string name, double size, string lines)
    {
        var fitted = BadgeSheet.Fit(name, WidthOf, 120);
        Assert.Equal((size, lines), (fitted.Size, string.Join('|', fitted.Lines)));
    }

    [Fact]
    public void A_name_without_end_is_cut_and_no_letter_in_half()
    {
        var (size, lines) = BadgeSheet.Fit(string.Concat(Enumerable.Repeat("🎟", 100)), WidthOf, 60);
        var line = Assert.Single(lines);
        Assert.Equal(9, size);
        Assert.True(WidthOf(line, size) <= 60 && line.EndsWith('…') && line.Length > 5);
        Assert.True(line.IsNormalized()); // throws for half of a surrogate pair
    }

    private static double WidthOf(string text, double size) => text.Length * size / 2;

    private static async Task<PdfDocument> ReadAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, "application/pdf"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return PdfReader.Open(new MemoryStream(await response.Content.ReadAsByteArrayAsync()), PdfDocumentOpenMode.Import);
    }
}
