using System.Text;
using Events.Platform.Composition;

namespace Events.Tests.Platform.Composition;

public sealed class CsvTests
{
    [Fact]
    public void What_is_written_is_read_back_with_an_apostrophe_before_formulas_at_most()
    {
        const string alphabet = "ab\",;\r\n\t =+-@'＝ü🎟";
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var rows = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Enumerable.Range(0, random.Next(1, 5)).Select(_ => CellOf(random)).Append("end").ToArray()).ToList();
            ShouldReadBack(rows, seed);
        }

        static string CellOf(Random random)
        {
            var runes = alphabet.EnumerateRunes().ToArray();
            return string.Concat(Enumerable.Range(0, random.Next(0, 6)).Select(_ => runes[random.Next(runes.Length)].ToString()));
        }
    }

    private static void ShouldReadBack(List<string[]> rows, int seed)
    {
        var text = new StringBuilder("head,er\r\n"); // the first line says what separates
        rows.ForEach(r => CsvWriter.AppendRow(text, r));
        var read = CsvReader.Read(text.ToString()).Skip(1).ToList();
        Assert.True(rows.Count == read.Count, $"seed {seed}");
        foreach (var (written, back) in rows.Zip(read))
        {
            Assert.True(written.SequenceEqual(back.Cells.Select((c, i) => c == written[i] ? c : c[1..])), $"seed {seed}");
            Assert.All(back.Cells, c => Assert.False(c.TrimStart() is ['=' or '+' or '-' or '@' or '＝', ..], $"seed {seed}"));
        }
    }

    [Theory]
    [InlineData("a;b\nc;d", "a|b", "c|d")]
    [InlineData("a,b;c\r\nd", "a|b;c", "d")]
    [InlineData("\uFEFFa\r\n\r\n\"b\"\"c\"\r", "a", "b\"c")]
    [InlineData("\"two\nlines\",x\ny", "two\nlines|x", "y")]
    [InlineData("\"never closed,x\ny", "never closed,x\ny")]
    [InlineData("")]
    public void Reads_what_spreadsheets_write(string text, params string[] rows) => Assert.Equal(rows, CsvReader.Read(text).Select(r => string.Join('|', r.Cells)));
}
