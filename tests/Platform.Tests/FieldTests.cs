using System.Text.RegularExpressions;

namespace Events.Tests.Platform;

/// <summary>docs/field.md names a test for each complaint that we claim to have answered.</summary>
public sealed partial class FieldTests
{
    [Fact]
    public void Every_test_that_the_document_names_is_there()
    {
        var root = Root();
        var sources = Directory.EnumerateFiles(Path.Combine(root, "tests"), "*.cs", SearchOption.AllDirectories).Where(f => !Built().IsMatch(f)).Select(File.ReadAllText).ToList();
        var named = Named().Matches(File.ReadAllText(Path.Combine(root, "docs", "field.md"))).Select(m => (Class: m.Groups[1].Value, Method: m.Groups[2].Value)).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, n => Assert.Contains(sources, s => Regex.IsMatch(s, $@"\bclass {n.Class}\b") && Regex.IsMatch(s, $@"\[(Fact|Theory)\b[\s\S]*?\bpublic .*\b{n.Method}\(")));
    }

    private static string Root()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Events.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests do not run inside of the repository.");
    }

    [GeneratedRegex(@"/(obj|bin)/")]
    private static partial Regex Built();

    [GeneratedRegex(@"`([A-Z][A-Za-z]+(?:Tests|Scenarios))\.([A-Za-z0-9_]+)`")]
    private static partial Regex Named();
}
