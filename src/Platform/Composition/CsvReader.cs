using System.Text;

namespace Events.Platform.Composition;

/// <param name="Line">Where it begins; the first is 1.</param>
internal sealed record CsvRow(int Line, IReadOnlyList<string> Cells);

/// <summary>
/// Reads what spreadsheets write (RFC 4180, and what they make of it): commas or, where commas are for decimals, semicolons; any line break; an optional
/// byte order mark. Pure; a quote that is never closed runs to the end of the text.
/// </summary>
internal static class CsvReader
{
    public static IEnumerable<CsvRow> Read(string text)
    {
        var start = text.StartsWith(CsvWriter.ByteOrderMark) ? 1 : 0;
        var separator = SeparatorOf(text.AsSpan(start));
        var (cells, cell) = (new List<string>(), new StringBuilder());
        var (line, rowLine, isQuoted, isEmpty) = (1, 1, false, true);
        for (var i = start; i < text.Length; i++)
        {
            var c = text[i];
            if (isQuoted)
            {
                if (c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                {
                    cell.Append('"');
                    i++;
                }
                else if (c == '"')
                {
                    isQuoted = false;
                }
                else
                {
                    cell.Append(c);
                    line += c == '\n' ? 1 : 0;
                }
            }
            else if (c == '"' && cell.Length == 0)
            {
                (isQuoted, isEmpty) = (true, false);
            }
            else if (c == separator)
            {
                cells.Add(cell.ToString());
                cell.Clear();
                isEmpty = false;
            }
            else if (c is '\r' or '\n')
            {
                if (!isEmpty)
                {
                    cells.Add(cell.ToString());
                    yield return new CsvRow(rowLine, cells);
                    (cells, isEmpty) = ([], true);
                    cell.Clear();
                }

                i += c == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                rowLine = ++line;
            }
            else
            {
                cell.Append(c);
                isEmpty = false;
            }
        }

        if (!isEmpty)
        {
            cells.Add(cell.ToString());
            yield return new CsvRow(rowLine, cells);
        }
    }

    private static char SeparatorOf(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAny('\r', '\n');
        var first = end < 0 ? text : text[..end];
        return first.Contains(';') && !first.Contains(',') ? ';' : ',';
    }
}
