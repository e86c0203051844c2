using System.Globalization;
using System.Text;

namespace Events.Platform.Features.Mail;

/// <summary>One mail as it goes over the wire or into a file.</summary>
/// <param name="Id">Names the file and the Message-ID: the same at every attempt.</param>
public sealed record OutgoingMail(Guid Id, string From, string To, DateTimeOffset At, RenderedMail Content, IReadOnlyList<MailAttachment> Attachments)
{
    public string MessageId => $"<{Id:N}@{From[(From.IndexOf('@') + 1)..]}>";
}

/// <summary>Writes a mail as MIME (RFC 5322, RFC 2045 to 2047, RFC 2387): every body in base64, so that lines are short and ASCII.</summary>
public static class MimeWriter
{
    private const int LineLength = 76; // RFC 2045 §6.8

    public static byte[] Write(OutgoingMail mail)
    {
        var text = new StringBuilder();
        Header(text, "Date", mail.At.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Header(text, "From", mail.From);
        Header(text, "To", mail.To);
        Header(text, "Subject", EncodeWords(mail.Content.Subject));
        Header(text, "Message-ID", mail.MessageId);
        Header(text, "Auto-Submitted", "auto-generated"); // RFC 3834 §5: no out-of-office replies
        Header(text, "MIME-Version", "1.0");

        var boundary = mail.Id.ToString("N");
        var inline = mail.Attachments.Where(a => a.ContentId is not null).ToList();
        var files = mail.Attachments.Where(a => a.ContentId is null).ToList();
        if (files.Count == 0)
        {
            Alternative(text, mail.Content, inline, boundary);
        }
        else
        {
            Multipart(text, $"multipart/mixed; boundary=\"m-{boundary}\"", $"m-{boundary}",
                [() => Alternative(text, mail.Content, inline, boundary), .. files.Select(f => (Action)(() => File(text, f)))]);
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static void Alternative(StringBuilder text, RenderedMail content, List<MailAttachment> inline, string boundary)
    {
        void Html() => Part(text, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(content.Html));
        Multipart(text, $"multipart/alternative; boundary=\"a-{boundary}\"", $"a-{boundary}",
        [
            () => Part(text, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(content.Text.ReplaceLineEndings("\r\n"))),
            inline.Count == 0 ? Html : () => Multipart(text, $"multipart/related; type=\"text/html\"; boundary=\"r-{boundary}\"", $"r-{boundary}", [Html, .. inline.Select(i => (Action)(() => File(text, i)))]),
        ]);
    }

    private static void Multipart(StringBuilder text, string contentType, string boundary, IEnumerable<Action> parts)
    {
        Header(text, "Content-Type", contentType);
        text.Append("\r\n");
        foreach (var part in parts)
        {
            text.Append("--").Append(boundary).Append("\r\n");
            part();
        }

        text.Append("--").Append(boundary).Append("--\r\n");
    }

    private static void File(StringBuilder text, MailAttachment file)
    {
        Header(text, "Content-Disposition", $"{(file.ContentId is null ? "attachment" : "inline")}; filename=\"{file.FileName}\"");
        if (file.ContentId is not null)
        {
            Header(text, "Content-ID", $"<{file.ContentId}>");
        }

        Part(text, file.ContentType, file.Content);
    }

    private static void Part(StringBuilder text, string contentType, byte[] body)
    {
        Header(text, "Content-Type", contentType);
        Header(text, "Content-Transfer-Encoding", "base64");
        text.Append("\r\n");
        var encoded = Convert.ToBase64String(body);
        for (var i = 0; i < encoded.Length; i += LineLength)
        {
            text.Append(encoded, i, Math.Min(LineLength, encoded.Length - i)).Append("\r\n");
        }
    }

    private static void Header(StringBuilder text, string name, string value) => text.Append(name).Append(": ").Append(value).Append("\r\n");

    /// <summary>RFC 2047 §2: encoded words of at most 75 characters, folded; plain ASCII of a line's length stays as it is.</summary>
    private static string EncodeWords(string value)
    {
        if (value.Length <= LineLength - "Subject: ".Length && value.All(c => c is >= ' ' and < (char)127) && !value.Contains("=?", StringComparison.Ordinal))
        {
            return value;
        }

        // 75 less "=?utf-8?B?" and "?=" leaves 63 characters: 45 bytes of UTF-8 make 60.
        const int mostBytes = 45;
        var words = new List<string>();
        var word = new List<byte>();
        foreach (var rune in value.EnumerateRunes())
        {
            var bytes = Encoding.UTF8.GetBytes(rune.ToString());
            if (word.Count + bytes.Length > mostBytes)
            {
                words.Add($"=?utf-8?B?{Convert.ToBase64String([.. word])}?=");
                word.Clear();
            }

            word.AddRange(bytes);
        }

        words.Add($"=?utf-8?B?{Convert.ToBase64String([.. word])}?=");
        return string.Join("\r\n ", words);
    }
}
