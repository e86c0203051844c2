using System.Text.RegularExpressions;

namespace Events.Tests.Platform;

/// <summary>docs/field.md names a test for each complaint that we claim to have answered.</summary>
public sealed partial class FieldTests
{
    [Fact]
    public void Every_test_that_the_document_names_is_there()
    {
        var named = Named().Matches(File.ReadAllText(Document())).Select(m => (Class: m.Groups[1].Value, Method: m.Groups[2].Value)).ToList();
        Assert.NotEmpty(named);
        var classes = typeof(FieldTests).Assembly.GetTypes().ToLookup(t => t.Name);
        Assert.All(named, n => Assert.Contains(classes[n.Class], c => c.GetMethod(n.Method) is { } method && method.IsDefined(typeof(FactAttribute), inherit: true)));
    }

    private static string Document()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, "docs", "field.md");
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new FileNotFoundException("docs/field.md");
    }

    [GeneratedRegex(@"`([A-Z][A-Za-z]+Tests)\.([A-Za-z0-9_]+)`")]
    private static partial Regex Named();
}
