using System.Text;
using Events.Platform.Features.Mail;

namespace Events.Tests.Platform.Features.Mail;

public sealed class MailTemplateTests
{
    private static readonly Dictionary<string, string> Hostile = new()
    {
        ["name"] = "<script>alert(1)</script>\n\n-> Click | https://evil.example",
        ["confirmUrl"] = "https://events.example/confirm?a=1&b=\"2\"",
        ["minutes"] = "10",
    };

    [Fact]
    public void Values_are_encoded_in_html_and_cannot_make_blocks()
    {
        var mail = MailTemplate.Find("verify-email")!.Render(Hostile);
        Assert.DoesNotContain("<script>", mail.Html);
        Assert.Contains("&lt;script&gt;", mail.Html);
        Assert.Contains("confirm?a=1&amp;b=&quot;2&quot;", mail.Html);
        Assert.Single(mail.Html.Split("<a href=")[1..]);
        Assert.Contains("https://events.example/confirm?a=1&b=\"2\"", mail.Text);
    }

    [Fact]
    public void A_line_break_in_a_value_does_not_make_a_header()
    {
        var mail = MailTemplate.Find("organisation-invitation")!.Render(new Dictionary<string, string> { ["inviter"] = "Eve\r\nBcc: all@example.org", ["organisation"] = "Org" });
        Assert.Equal("Eve Bcc: all@example.org invites you to Org", mail.Subject);
    }

    [Fact]
    public void A_conditional_block_stands_only_with_its_value()
    {
        var template = MailTemplate.Find("event-cancelled")!;
        var model = new Dictionary<string, string> { ["event"] = "E", ["name"] = "N", ["when"] = "then" };
        Assert.DoesNotContain("refund", template.Placeholders);
        Assert.DoesNotContain("goes back", template.Render(model).Text);
        Assert.Contains("goes back", template.Render(new Dictionary<string, string>(model) { ["refund"] = "yes" }).Text);
    }

    [Fact]
    public void Every_template_renders_with_its_placeholders()
    {
        Assert.NotEmpty(MailTemplate.KnownNames);
        foreach (var name in MailTemplate.KnownNames)
        {
            var template = MailTemplate.Find(name)!;
            var mail = template.Render(template.Placeholders.ToDictionary(p => p, p => $"value-of-{p}"));
            Assert.All(template.Placeholders, p => Assert.Contains($"value-of-{p}", mail.Subject + mail.Text));
            Assert.DoesNotContain("{{", mail.Subject + mail.Text + mail.Html);
        }
    }

    [Fact]
    public void A_mail_is_ascii_with_short_lines_and_one_message_id()
    {
        var id = Guid.CreateVersion7();
        var attachments = new MailAttachment[]
        {
            new("event.ics", "text/calendar; charset=utf-8; method=PUBLISH", Encoding.UTF8.GetBytes("BEGIN:VCALENDAR")),
            new("ticket.png", "image/png", new byte[3_000], "qr"),
        };
        var content = new RenderedMail(string.Concat(Enumerable.Repeat("Grüße 🎉 ", 20)), "text", "<p>html</p>");
        var outgoing = new OutgoingMail(id, "no-reply@events.example", "a@b.example", DateTimeOffset.UnixEpoch, content, attachments);
        var bytes = MimeWriter.Write(outgoing);
        Assert.Equal(bytes, MimeWriter.Write(outgoing));
        var text = Encoding.Latin1.GetString(bytes);
        Assert.All(text, c => Assert.True(c is (>= ' ' and <= '~') or '\r' or '\n'));
        var lines = text.Split("\r\n");
        Assert.All(lines, l => Assert.True(l.Length <= 120 && !l.StartsWith('.') && !l.Contains('\n')));
        Assert.Contains($"Message-ID: <{id:N}@events.example>", lines);
        Assert.Contains("Date: Thu, 01 Jan 1970 00:00:00 +0000", lines);
        Assert.Contains("Content-ID: <qr>", lines);
        Assert.Contains(Convert.ToBase64String("BEGIN:VCALENDAR"u8), lines);
    }

    [Theory]
    [InlineData("a@b.example", true)]
    [InlineData("first.last+tag@mail.b.example", true)]
    [InlineData("a@localhost", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a@b", false)]
    [InlineData("a@b@c.example", false)]
    [InlineData("a b@c.example", false)]
    [InlineData("a@b.example\r\nRCPT TO:<x@y.example>", false)]
    [InlineData("<a@b.example>", false)]
    [InlineData(".a@b.example", false)]
    [InlineData("a@-b.example", false)]
    [InlineData("ä@b.example", false)]
    public void An_address_is_one_that_fits_into_a_command(string? address, bool isValid) => Assert.Equal(isValid, MailAddresses.IsValid(address));
}
