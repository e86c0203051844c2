using System.Text;

namespace Events.Platform.Composition;

/// <summary>
/// Rows of comma-separated values (RFC 4180): CRLF behind each, quotes where needed. A spreadsheet takes a cell that begins with <c>= + - @</c> for a
/// formula, which could run what a stranger wrote into a form: such cells get a leading apostrophe, which it shows as text.
/// </summary>
internal static class CsvWriter
{
    /// <summary>Tells Excel that the file is UTF-8; other readers skip it.</summary>
    public const char ByteOrderMark = '\uFEFF';

    public static void AppendRow(StringBuilder text, IEnumerable<string> cells)
    {
        var isFirst = true;
        foreach (var cell in cells)
        {
            if (!isFirst)
            {
                text.Append(',');
            }

            isFirst = false;
            Append(text, IsFormula(cell) ? $"'{cell}" : cell);
        }

        text.Append("\r\n");
    }

    /// <summary>Also behind blanks, which spreadsheets skip, and in the full-width forms that some take for the same.</summary>
    private static bool IsFormula(string cell) => cell.Length > 0 && (cell[0] is '\t' or '\r' or '\n' || cell.AsSpan().TrimStart() is [('=' or '+' or '-' or '@' or '＝' or '＋' or '－' or '＠'), ..]);

    private static void Append(StringBuilder text, string cell)
    {
        if (cell.AsSpan().IndexOfAny("\",\r\n;") < 0)
        {
            text.Append(cell);
            return;
        }

        text.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
    }
}
