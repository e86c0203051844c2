using System.Text;
using System.Text.RegularExpressions;
using Events.Tests.EndToEnd.Installation;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>What the installation mailed: without a mail server, files in its data directory.</summary>
internal static partial class Mails
{
    /// <summary>The first link of the latest mail to an address whose path begins so; waits until it is there.</summary>
    public static Task<string> LinkAsync(RunningInstallation installation, string email, string path) =>
        Until.Some($"a mail to {email} with a link to {path}", TimeSpan.FromSeconds(20), () => Task.FromResult(Find(Path.Combine(installation.DataDirectory, "mail"), email, path)));

    private static string? Find(string directory, string email, string path) =>
        !Directory.Exists(directory) ? null
            // Names are UUIDv7: by name is by time.
            : Directory.GetFiles(directory, "*.eml").OrderDescending(StringComparer.Ordinal).Select(File.ReadAllText)
                .Where(m => m.Contains($"\r\nTo: {email}\r\n", StringComparison.OrdinalIgnoreCase))
                .Select(m => Encoding.UTF8.GetString(Convert.FromBase64String(Plain().Match(m).Groups[1].Value)))
                .Select(text => Link().Matches(text).Select(l => l.Value).FirstOrDefault(l => new Uri(l).AbsolutePath.StartsWith(path, StringComparison.Ordinal)))
                .FirstOrDefault(l => l is not null);

    [GeneratedRegex(@"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex Plain();

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Link();
}
