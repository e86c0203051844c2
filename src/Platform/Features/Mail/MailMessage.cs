namespace Events.Platform.Features.Mail;

/// <summary>A mail to be sent: a template and the values that fill it.</summary>
/// <param name="To">The recipient's address; see <see cref="MailAddresses.IsValid"/>.</param>
/// <param name="Template">A name in <c>Features/Mail/Templates</c>, without its ending.</param>
/// <param name="Model">
/// Values for the template's placeholders, encoded wherever they land. A key that ends in <c>Url</c> takes absolute http and https only.
/// </param>
public sealed record MailMessage(string To, string Template, IReadOnlyDictionary<string, string> Model)
{
    /// <summary>Files and inline pictures; at most 10, 2 MB each.</summary>
    public IReadOnlyList<MailAttachment> Attachments { get; init; } = [];

    /// <summary>Asked for a second time with the same key, nothing is enqueued: "order-confirmation:{orderId}". Null: always.</summary>
    public string? OnceKey { get; init; }

    /// <summary>Which of the mails that are due leaves first.</summary>
    public MailUrgency Urgency { get; init; } = MailUrgency.Usual;

    /// <summary>A mail that is not out by then is not sent at all: a link that has expired helps nobody. Null: no end.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>In the order in which they leave; stored.</summary>
public enum MailUrgency
{
    /// <summary>Somebody waits for it in front of a page, and it is of use for minutes: links.</summary>
    Awaited = 0,

    Usual = 1,

    /// <summary>One of the thousands that an event sends to everybody at once.</summary>
    ToEverybody = 2,
}

/// <summary>A file in a mail.</summary>
/// <param name="FileName">Shown to the reader; ASCII, no quotes.</param>
/// <param name="ContentType">"text/calendar; method=PUBLISH; charset=utf-8", "image/png", …</param>
/// <param name="Content">At most 2 MB.</param>
/// <param name="ContentId">Given, the file stands inside the text where the template says <c>!! id | alternative text</c>.</param>
public sealed record MailAttachment(string FileName, string ContentType, byte[] Content, string? ContentId = null);

/// <summary>What counts as an e-mail address here.</summary>
public static class MailAddresses
{
    /// <summary>RFC 5321 §4.5.3.1.3 less the angle brackets.</summary>
    public const int MaxLength = 254;

    private const string AtextSpecials = "!#$%&'*+-/=?^_`{|}~."; // RFC 5322 §3.2.3 dot-atom-text

    /// <summary>A dot-atom, one @ and a domain name of at least two labels or "localhost": nothing that could break out of a header or a command.</summary>
    public static bool IsValid(string? address)
    {
        if (address is not { Length: >= 3 and <= MaxLength } || address.IndexOf('@') is var at && (at is < 1 or > 64 || at != address.LastIndexOf('@')))
        {
            return false;
        }

        var (local, domain) = (address[..at], address[(at + 1)..]);
        return local.All(c => char.IsAsciiLetterOrDigit(c) || AtextSpecials.Contains(c)) && local[0] != '.' && local[^1] != '.' && !local.Contains("..", StringComparison.Ordinal)
            && (domain == "localhost" || IsDomain(domain));
    }

    private static bool IsDomain(string domain)
    {
        var labels = domain.Split('.');
        return labels.Length >= 2 && labels.All(l => l.Length is > 0 and <= 63 && l[0] != '-' && l[^1] != '-' && l.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));
    }
}
