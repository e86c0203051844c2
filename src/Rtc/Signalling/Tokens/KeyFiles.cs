using System.Text;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>Key files, which only their owner may read. A reader sees all of one or none.</summary>
internal static class KeyFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>What the file holds; made if it does not exist, by exactly one of those who start at once.</summary>
    public static string LoadOrCreate(string directory, string name, Func<string> make)
    {
        string path = Path.Combine(directory, name);
        if (File.Exists(path))
            return File.ReadAllText(path);

        // Written and synced under a name of its own, then linked to its place: of several roles exactly one succeeds, and the
        // others find the key of the first.
        string draft = Draft(directory, name, make());
        try
        {
            _ = LinuxFiles.TryLink(draft, path);
        }
        finally
        {
            File.Delete(draft);
        }

        LinuxFiles.SyncDirectory(directory);
        return File.ReadAllText(path);
    }

    /// <summary>Puts another content in the file's place.</summary>
    public static void Replace(string directory, string name, string content)
    {
        File.Move(Draft(directory, name, content), Path.Combine(directory, name), overwrite: true);
        LinuxFiles.SyncDirectory(directory);
    }

    private static string Draft(string directory, string name, string content)
    {
        string draft = Path.Combine(directory, $".{name}.{Guid.NewGuid():N}");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using FileStream stream = new(draft, options);
        stream.Write(Encoding.ASCII.GetBytes(content));
        stream.Flush(flushToDisk: true);
        return draft;
    }
}
