using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.Platform.Features.Branding;
using Events.Platform.Features.Tickets;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

/// <summary>An event's own look: colours that can be read, and pictures that carry nothing but pixels.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class BrandingTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Colours_that_can_be_read_are_on_the_event_its_widget_and_its_mails()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var path = $"/api/v1/events/{shop.EventId}/branding";
        await PutAsync(shop, new { background = "#777777", foreground = "#888888" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "contrast_too_low");
        foreach (var wrong in new object[] { new { background = "red" }, new { background = "#12345" }, new { background = "#12345g" }, new { foreground = "#ffffff" }, new { background = "#ffffff;}", foreground = "#000000" } })
        {
            await PutAsync(shop, wrong).ShouldRefuseAsync(HttpStatusCode.BadRequest, "colour_invalid");
        }

        // Left out, the text is what reads better.
        using (var light = await PutAsync(shop, new { background = "#FFE08A" }))
        {
            Assert.Equal("#16181d", (await light.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("foreground").GetString());
        }

        await PutAsync(shop, new { background = "#1a5f7a" }, "\"9\"").ShouldRefuseAsync(HttpStatusCode.PreconditionFailed, "etag_mismatch");
        using (var set = await PutAsync(shop, new { background = "#1a5f7a", foreground = "#ffffff" }, "\"1\""))
        {
            Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        }

        var shown = await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}");
        Assert.Equal(("#1a5f7a", "#ffffff"), (shown.GetProperty("branding").GetProperty("background").GetString(), shown.GetProperty("branding").GetProperty("foreground").GetString()));
        Assert.Contains("data-background=\"#1a5f7a\"", await fixture.Client().GetStringAsync($"/embed/events/{shown.GetProperty("slug").GetString()}"), StringComparison.Ordinal);
        var email = $"brand-{Guid.NewGuid():N}@people.example";
        await shop.BuyAsync(shop.Order(email));
        await fixture.MailsAsync(email, "Your ticket", 1);
        var html = Html(email);
        Assert.Contains("background:#1a5f7a;color:#ffffff", html, StringComparison.Ordinal);

        using var plain = await PutAsync(shop, new { });
        Assert.Equal(JsonValueKind.Null, (await plain.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("background").ValueKind);
        var (other, _, _) = await fixture.OrganiserAsync();
        await other.PutAsJsonAsync(path, new { background = "#000000" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
    }

    [Fact]
    public async Task A_picture_is_encoded_anew_scaled_and_served_as_nothing_but_a_picture()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var photo = await PhotoAsync(3_000, 1_500);
        byte[] comment = [0xFF, 0xFE, 0x00, 0x1B, .. "<script>where taken</script"u8[..25]]; // a COM segment (ITU-T T.81 §B.2.4.5) behind SOI, and a page behind the picture
        byte[] upload = [.. photo[..2], .. comment, .. photo[2..], .. "<script>alert(1)</script>"u8];
        var cover = await UploadAsync(shop, "cover", upload);
        using var response = await fixture.Client(csrf: false).GetAsync(cover.GetProperty("coverUrl").GetString());
        Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("sandbox", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("immutable", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        var served = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(-1, served.AsSpan().IndexOf("script"u8));
        Assert.Equal((1_600, 800), await SizeAsync(served));

        // Small ones stay as small as they are, and a logo keeps its transparency.
        var logo = await UploadAsync(shop, "logo", TicketCode.ToPng("E1:TEST"));
        var first = logo.GetProperty("logoUrl").GetString()!;
        var png = await fixture.Client().GetByteArrayAsync(first);
        Assert.True(png.AsSpan(1).StartsWith("PNG"u8));
        Assert.Equal(6, png[25]); // colour type: RGB with alpha (RFC 2083 §4.1.1)
        Assert.InRange(BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), 1, 256);

        // Another one takes its place, and the bytes of the first are gone; mails carry the new one.
        var second = (await UploadAsync(shop, "logo", await PhotoAsync(300, 300))).GetProperty("logoUrl").GetString()!;
        Assert.NotEqual(first, second);
        await fixture.Client().GetAsync(first).ShouldRefuseAsync(HttpStatusCode.NotFound, "picture_not_found");
        await Eventually.TrueAsync(() => Task.FromResult(!Directory.EnumerateFiles(fixture.Options.BlobsDirectory, $"*{first.Split('/')[^1]}*", SearchOption.AllDirectories).Any()), "the first logo's bytes are gone");
        var email = $"logo-{Guid.NewGuid():N}@people.example";
        await shop.BuyAsync(shop.Order(email));
        await fixture.MailsAsync(email, "Your ticket", 1);
        Assert.Contains(second, Html(email), StringComparison.Ordinal);

        using var removed = await shop.Organiser.DeleteAsync($"/api/v1/events/{shop.EventId}/branding/logo");
        Assert.Equal(JsonValueKind.Null, (await removed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("logoUrl").ValueKind);
        await shop.Organiser.DeleteAsync($"/api/v1/events/{shop.EventId}/branding/logo").ShouldRefuseAsync(HttpStatusCode.NotFound, "picture_not_found");
    }

    [Fact]
    public async Task What_is_no_picture_or_too_large_is_refused_by_its_bytes()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var path = $"/api/v1/events/{shop.EventId}/branding/logo";
        var png = TicketCode.ToPng("E1:TEST");
        byte[] bomb = [.. png];
        BinaryPrimitives.WriteInt32BigEndian(bomb.AsSpan(16), 30_000);
        BinaryPrimitives.WriteInt32BigEndian(bomb.AsSpan(20), 30_000);
        byte[][] wrong =
        [
            [], "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"u8.ToArray(), "GIF89a\x01\x00\x01\x00"u8.ToArray(), "#EXTM3U\nfile:///etc/passwd"u8.ToArray(), png[..40], bomb,
            [0xFF, 0xD8, 0xFF, .. "no picture at all"u8],
        ];
        foreach (var bytes in wrong)
        {
            await shop.Organiser.PutAsync(path, new ByteArrayContent(bytes)).ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "picture_invalid");
        }

        await shop.Organiser.SendLargeAsync(HttpMethod.Put, path, new byte[PictureMaker.MaxBytes + 1]).ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await shop.Organiser.PutAsync($"/api/v1/events/{shop.EventId}/branding/film", new ByteArrayContent(png)).ShouldRefuseAsync(HttpStatusCode.NotFound, "picture_not_found");
        var (other, _, _) = await fixture.OrganiserAsync();
        await other.PutAsync(path, new ByteArrayContent(png)).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        Assert.Equal(0, await shop.ScalarAsync<int>("select count(*)::int from platform.event_pictures where event_id = @EventId", new { shop.EventId }));
    }

    [Fact]
    public async Task An_event_looks_like_its_organisation_until_it_has_a_look_of_its_own()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var path = $"/api/v1/organisations/{shop.OrganiserId}/branding";
        var eventPath = $"/api/v1/events/{shop.EventId}";
        Assert.Equal(0, (await shop.Organiser.GetJsonAsync(path)).GetProperty("version").GetInt32());
        await shop.Organiser.PutAsJsonAsync(path, new { background = "#777777", foreground = "#888888" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "contrast_too_low");
        await shop.Organiser.PutAsJsonAsync(path, new { foreground = "#888888" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "colour_invalid");
        using (var set = await shop.Organiser.PutAsJsonAsync(path, new { background = "#5b2a86", foreground = "#ffffff" }))
        {
            Assert.Equal(1, (await set.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("version").GetInt32());
        }

        var old = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(new { }) };
        old.Headers.TryAddWithoutValidation("If-Match", "\"0\"");
        await shop.Organiser.SendAsync(old).ShouldRefuseAsync(HttpStatusCode.PreconditionFailed, "etag_mismatch");
        await shop.Organiser.PutAsync($"{path}/logo", new ByteArrayContent("<svg/>"u8.ToArray())).ShouldRefuseAsync(HttpStatusCode.UnsupportedMediaType, "picture_invalid");
        using (var uploaded = await shop.Organiser.PutAsync($"{path}/logo", new ByteArrayContent(await PhotoAsync(600, 300))))
        {
            var text = await uploaded.Content.ReadAsStringAsync();
            Assert.True(uploaded.StatusCode == HttpStatusCode.OK, text);
        }

        // Inherited: on the page, in the listing's answer, in mails; 128 by 128, whatever was sent.
        var branding = (await fixture.Client().GetJsonAsync(eventPath)).GetProperty("branding");
        Assert.Equal(("#5b2a86", "#ffffff", false, false), (branding.GetProperty("background").GetString(), branding.GetProperty("foreground").GetString(), branding.GetProperty("ownColours").GetBoolean(), branding.GetProperty("ownLogo").GetBoolean()));
        var logo = branding.GetProperty("logoUrl").GetString()!;
        var png = await fixture.Client().GetByteArrayAsync(logo);
        Assert.Equal((128, 128, 6), (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)), png[25]));
        var email = $"house-{Guid.NewGuid():N}@people.example";
        await shop.BuyAsync(shop.Order(email));
        await fixture.MailsAsync(email, "Your ticket", 1);
        var html = Html(email);
        Assert.Contains("background:#5b2a86;color:#ffffff", html, StringComparison.Ordinal);
        Assert.Contains(logo, html, StringComparison.Ordinal);

        // Its own pair and its own logo go first, each for itself; without them the organisation's are back.
        using (var own = await PutAsync(shop, new { background = "#1a5f7a", foreground = "#ffffff" }))
        {
            var mixed = await own.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal(("#1a5f7a", true, logo, false), (mixed.GetProperty("background").GetString(), mixed.GetProperty("ownColours").GetBoolean(), mixed.GetProperty("logoUrl").GetString(), mixed.GetProperty("ownLogo").GetBoolean()));
        }

        Assert.NotEqual(logo, (await UploadAsync(shop, "logo", TicketCode.ToPng("E1:TEST"))).GetProperty("logoUrl").GetString());
        using (var back = await PutAsync(shop, new { }))
        {
            Assert.Equal("#5b2a86", (await back.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("background").GetString());
        }

        using (var removed = await shop.Organiser.DeleteAsync($"/api/v1/events/{shop.EventId}/branding/logo"))
        {
            Assert.Equal(logo, (await removed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("logoUrl").GetString());
        }

        using (var gone = await shop.Organiser.DeleteAsync($"{path}/logo"))
        {
            Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        }

        await fixture.Client().GetAsync(logo).ShouldRefuseAsync(HttpStatusCode.NotFound, "picture_not_found");
        Assert.Equal(JsonValueKind.Null, (await fixture.Client().GetJsonAsync(eventPath)).GetProperty("branding").GetProperty("logoUrl").ValueKind);
    }

    [Fact]
    public async Task Only_admins_change_an_organisations_look_and_its_members_see_it()
    {
        var (admin, _, organiserId) = await fixture.OrganiserAsync();
        var path = $"/api/v1/organisations/{organiserId}/branding";
        var (memberId, email) = await fixture.AddUserAsync();
        await using (var connection = await fixture.Database.OpenAsync(default))
        {
            await connection.ExecuteAsync("insert into platform.organization_members (user_id, organiser_id, role) values (@memberId, @organiserId, 'event_admin')", new { memberId, organiserId });
        }

        using var member = await fixture.SignedInAsync(email);
        await member.GetJsonAsync(path);
        await member.PutAsJsonAsync(path, new { background = "#000000" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "role_not_allowed");
        await member.PutAsync($"{path}/logo", new ByteArrayContent(TicketCode.ToPng("E1:TEST"))).ShouldRefuseAsync(HttpStatusCode.Forbidden, "role_not_allowed");
        await member.DeleteAsync($"{path}/logo").ShouldRefuseAsync(HttpStatusCode.Forbidden, "role_not_allowed");
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.NotFound, "organisation_not_found");
        await stranger.PutAsJsonAsync(path, new { background = "#000000" }).ShouldRefuseAsync(HttpStatusCode.NotFound, "organisation_not_found");
        await admin.DeleteAsync($"{path}/logo").ShouldRefuseAsync(HttpStatusCode.NotFound, "picture_not_found");
    }

    [Fact]
    public void Contrast_is_WCAGs_and_one_of_light_and_dark_always_reads_well()
    {
        Assert.Equal(21, Contrast.Ratio("#000000", "#ffffff"), 5);
        Assert.Equal(4.478, Contrast.Ratio("#777777", "#ffffff"), 3);
        for (var i = 0; i < 0x1000; i++)
        {
            var colour = $"#{i >> 8:x}0{(i >> 4) & 15:x}0{i & 15:x}0";
            Assert.True(Contrast.Ratio(colour, Contrast.TextOn(colour)) >= Contrast.Least - 0.35, colour);
        }
    }

    private static Task<HttpResponseMessage> PutAsync(Shop shop, object colours, string? tag = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/events/{shop.EventId}/branding") { Content = JsonContent.Create(colours) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return shop.Organiser.SendAsync(request);
    }

    private static async Task<JsonElement> UploadAsync(Shop shop, string kind, byte[] bytes)
    {
        using var response = await shop.Organiser.PutAsync($"/api/v1/events/{shop.EventId}/branding/{kind}", new ByteArrayContent(bytes));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private string Html(string email)
    {
        var mail = Directory.GetFiles(fixture.Options.MailDirectory, "*.eml").Select(File.ReadAllText).Single(m => m.Contains($"To: {email}\r\n", StringComparison.Ordinal));
        var from = mail.IndexOf("\r\n\r\n", mail.IndexOf("Content-Type: text/html", StringComparison.Ordinal), StringComparison.Ordinal) + 4;
        return Encoding.UTF8.GetString(Convert.FromBase64String(mail[from..mail.IndexOf("--", from, StringComparison.Ordinal)]));
    }

    private static Task<byte[]> PhotoAsync(int width, int height) =>
        RunAsync("ffmpeg", null, "-loglevel", "error", "-f", "lavfi", "-i", $"testsrc=size={width}x{height}:rate=1", "-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "pipe:1");

    private static async Task<(int Width, int Height)> SizeAsync(byte[] picture)
    {
        var size = Encoding.ASCII.GetString(await RunAsync("ffprobe", picture, "-loglevel", "error", "-f", "jpeg_pipe", "-show_entries", "stream=width,height", "-of", "csv=p=0", "pipe:0")).Trim().Split(',');
        return (int.Parse(size[0]), int.Parse(size[1]));
    }

    private static async Task<byte[]> RunAsync(string program, byte[]? input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.BaseStream.WriteAsync(input ?? []);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }
}
