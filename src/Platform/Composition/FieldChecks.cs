using System.Globalization;
using System.Text;
using Events.Platform.Features.Mail;

namespace Events.Platform.Composition;

/// <summary>Checks of a request's fields that collect what is wrong, so that a caller learns of the first one by name.</summary>
internal sealed class FieldChecks
{
    /// <summary>The first mistake, or null.</summary>
    public ApiError? Error { get; private set; }

    /// <summary>A text that must be there, trimmed.</summary>
    /// <param name="field">As the caller wrote it.</param>
    /// <param name="value">What was sent.</param>
    /// <param name="most">Characters.</param>
    /// <param name="code">Start of the error's code; the field when left out.</param>
    public string Text(string field, string? value, int most, string? code = null)
    {
        code ??= field;
        var text = value?.Trim() ?? "";
        Require(text.Length > 0, $"{code}_missing", $"'{field}' must not be empty.");
        Require(text.Length <= most, $"{code}_too_long", $"'{field}' has at most {most} characters.");
        Require(!text.Any(char.IsControl) && IsWellFormed(text) && (text.Length == 0 || ReadsAsWritten(text)), $"{code}_invalid", $"'{field}' must be plain text.");
        return text;
    }

    public void Require(bool holds, string code, string detail)
    {
        if (!holds)
        {
            Error ??= ApiError.BadRequest(code, detail);
        }
    }

    /// <summary>An e-mail address that must be there.</summary>
    public string Email(string field, string? value, string? code = null)
    {
        var text = value?.Trim() ?? "";
        Require(MailAddresses.IsValid(text), $"{code ?? field}_invalid", $"'{field}' must be an e-mail address.");
        return text;
    }

    /// <summary>
    /// Whether a line of text can be seen, and stands where it is written: no embedding, override or isolate (UAX #9 §2), which would turn around what a page writes behind
    /// a name, and no line of its own. Marks of direction and joiners stay: languages and emoji need them.
    /// </summary>
    public static bool ReadsAsWritten(string text) =>
        text.AsSpan().IndexOfAny("\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u2028\u2029") < 0
        && text.EnumerateRunes().Any(r => Rune.GetUnicodeCategory(r) is not (UnicodeCategory.Format or UnicodeCategory.SpaceSeparator or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.OtherNotAssigned));

    /// <summary>PostgreSQL takes no U+0000 and UTF-8 no lone surrogate.</summary>
    public static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i]))))
            {
                return false;
            }
        }

        return true;
    }
}
