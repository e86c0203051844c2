namespace Events.Tests.EndToEnd.Installation;

/// <summary>Where things lie in the source tree.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The binary that was built together with these tests.</summary>
    public static string Binary { get; } = Path.Combine(AppContext.BaseDirectory, "Events.Platform.dll");

    /// <summary>Screenshots and logs for people; kept out of the repository.</summary>
    public static string Results { get; } = Path.Combine(Root, "tests", "EndToEnd", "TestResults");

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Events.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("These tests run from within the repository.");
    }
}
