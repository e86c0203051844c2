
namespace Events.Platform.Composition;

/// <summary>Checks of a request's fields that collect what is wrong, so that a caller learns of the first one by name.</summary>
internal sealed class FieldChecks
{
    /// <summary>The first mistake, or null.</summary>
    public ApiError? Error { get; private set; }

    public string Text(string field, string? value, int most)
    {
        var text = value?.Trim() ?? "";
        Require(text.Length > 0, $"{field}_missing", $"'{field}' must not be empty.");
        Require(text.Length <= most, $"{field}_too_long", $"'{field}' has at most {most} characters.");
        Require(!text.Any(char.IsControl) && IsWellFormed(text), $"{field}_invalid", $"'{field}' must be plain text.");
        return text;
    }

    public void Require(bool holds, string code, string detail)
    {
        if (!holds)
        {
            Error ??= ApiError.BadRequest(code, detail);
        }
    }

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
