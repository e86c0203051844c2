using System.Collections.Frozen;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace Events.Platform.Features.Mail;

/// <summary>What a mail says, in both its forms.</summary>
public sealed record RenderedMail(string Subject, string Text, string Html);

/// <summary>
/// A mail's text, written once and rendered as plain text and as HTML. The first line is <c>Subject: …</c>; blocks follow, parted
/// by empty lines: a paragraph; <c># heading</c>; <c>-> label | {{someUrl}}</c>, a button; <c>!! contentId | alternative text</c>, an
/// inline picture. A block that begins with <c>?key </c> stands only when the model has a non-empty value for the key.
/// Values take the place of <c>{{key}}</c> after the blocks have been told apart, so no value can make a block, and are encoded in HTML.
/// </summary>
public sealed partial class MailTemplate
{
    private const string Prefix = "Mail/";

    private static readonly FrozenDictionary<string, MailTemplate> All = Load();

    private readonly string _subject;
    private readonly IReadOnlyList<Block> _blocks;

    private MailTemplate(string source)
    {
        var parts = source.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        _subject = parts[0].StartsWith("Subject: ", StringComparison.Ordinal) ? parts[0]["Subject: ".Length..] : throw new FormatException("A mail template begins with 'Subject: '.");
        _blocks = [.. parts.Skip(1).Select(Block.Parse)];
        Placeholders = [.. _blocks.Where(b => b.Condition is null).SelectMany(b => Names(b.Body)).Concat(Names(_subject)).Distinct()];
    }

    /// <summary>The values that must be given; those in conditional blocks may be left out.</summary>
    public IReadOnlyList<string> Placeholders { get; }

    /// <summary>Names of all templates.</summary>
    public static IEnumerable<string> KnownNames => All.Keys;

    public static MailTemplate? Find(string name) => All.GetValueOrDefault(name);

    public RenderedMail Render(IReadOnlyDictionary<string, string> model)
    {
        // A line break in a value must not become a header.
        var subject = LineBreaks().Replace(Fill(_subject, model, v => v), " ").Trim();
        var (text, html) = (new StringBuilder(), new StringBuilder());
        var look = Look.Of(model);
        foreach (var block in _blocks.Where(b => b.Condition is null || model.GetValueOrDefault(b.Condition, "").Length > 0))
        {
            block.Write(text, html, model, look);
        }

        return new RenderedMail(
            subject,
            text.ToString().TrimEnd() + "\n",
            $"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{WebUtility.HtmlEncode(subject)}</title></head>
            <body style="margin:0;background:#f4f5f7;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1a1d21"><div style="max-width:560px;margin:auto;background:#fff;border-radius:12px;padding:32px">{look.Head}
            {html}</div></body></html>

            """);
    }

    private static string Fill(string body, IReadOnlyDictionary<string, string> model, Func<string, string> encode) =>
        Placeholder().Replace(body, match => encode(model.GetValueOrDefault(match.Groups[1].Value, "")));

    private static IEnumerable<string> Names(string body) => Placeholder().Matches(body).Select(m => m.Groups[1].Value);

    private static FrozenDictionary<string, MailTemplate> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var templates = new Dictionary<string, MailTemplate>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            templates.Add(Path.GetFileNameWithoutExtension(name), new MailTemplate(reader.ReadToEnd()));
        }

        return templates.ToFrozenDictionary();
    }

    [GeneratedRegex(@"\{\{([A-Za-z0-9]+)\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"[\p{Cc}\u2028\u2029]+")]
    private static partial Regex LineBreaks();

    /// <summary>What a mail's frame takes from the model beside the template's values: <c>brandBackground</c>, <c>brandForeground</c>, <c>brandName</c>, <c>brandLogoUrl</c>.</summary>
    private sealed record Look(string Background, string Foreground, string Head)
    {
        public static Look Of(IReadOnlyDictionary<string, string> model)
        {
            var (background, foreground, logo) = (model.GetValueOrDefault("brandBackground", ""), model.GetValueOrDefault("brandForeground", ""), model.GetValueOrDefault("brandLogoUrl", ""));
            var isBranded = Colour().IsMatch(background) && Colour().IsMatch(foreground);
            var head = logo.Length == 0 ? ""
                : $"<p style=\"margin:0 0 24px\"><img src=\"{WebUtility.HtmlEncode(logo)}\" alt=\"{WebUtility.HtmlEncode(model.GetValueOrDefault("brandName", ""))}\" style=\"max-width:128px;max-height:64px\"></p>";
            return isBranded ? new Look(background, foreground, head) : new Look("#2f5bea", "#fff", head);
        }
    }

    [GeneratedRegex("^#[0-9a-f]{6}$")]
    private static partial Regex Colour();

    private enum Kind
    {
        Paragraph,
        Heading,
        Button,
        Picture,
    }

    /// <param name="Target">The button's address, or the picture's alternative text.</param>
    private sealed record Block(Kind Kind, string? Condition, string Body, string Label, string Target)
    {
        public static Block Parse(string source)
        {
            string? condition = null;
            if (source[0] == '?')
            {
                var end = source.IndexOfAny([' ', '\n']);
                (condition, source) = (source[1..end], source[(end + 1)..]);
            }

            var kind = source[..Math.Min(3, source.Length)] switch
            {
                "-> " => Kind.Button,
                "!! " => Kind.Picture,
                ['#', ' ', ..] => Kind.Heading,
                _ => Kind.Paragraph,
            };
            if (kind is Kind.Paragraph or Kind.Heading)
            {
                return new Block(kind, condition, source, kind == Kind.Heading ? source[2..] : source, "");
            }

            var bar = source.IndexOf('|');
            return new Block(kind, condition, source, source[3..bar].Trim(), source[(bar + 1)..].Trim());
        }

        public void Write(StringBuilder text, StringBuilder html, IReadOnlyDictionary<string, string> model, Look look)
        {
            var (plainLabel, plainTarget) = (Fill(Label, model, v => v), Fill(Target, model, v => v));
            var (label, target) = (Encode(Label, model), Encode(Target, model));
            switch (Kind)
            {
                case Kind.Heading:
                    text.Append(plainLabel).Append("\n\n");
                    html.Append($"<h1 style=\"font-size:22px;margin:0 0 16px\">{label}</h1>\n");
                    break;
                case Kind.Button:
                    text.Append(plainLabel).Append(":\n").Append(plainTarget).Append("\n\n");
                    html.Append($"<p><a href=\"{target}\" style=\"display:inline-block;background:{look.Background};color:{look.Foreground};text-decoration:none;border-radius:8px;padding:12px 20px\">{label}</a></p>\n");
                    break;
                case Kind.Picture:
                    text.Append('[').Append(plainTarget).Append("]\n\n");
                    html.Append($"<p><img src=\"cid:{label}\" alt=\"{target}\" style=\"max-width:100%\"></p>\n");
                    break;
                default:
                    text.Append(plainLabel).Append("\n\n");
                    html.Append($"<p>{label.Replace("\n", "<br>\n", StringComparison.Ordinal)}</p>\n");
                    break;
            }
        }

        /// <summary>The template's own words are encoded as the values are: it writes text, not HTML.</summary>
        private static string Encode(string body, IReadOnlyDictionary<string, string> model) =>
            Fill(WebUtility.HtmlEncode(body), model, WebUtility.HtmlEncode);
    }
}
