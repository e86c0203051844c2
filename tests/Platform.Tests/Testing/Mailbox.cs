using System.Text;
using System.Text.RegularExpressions;

namespace Events.Tests.Platform.Testing;

/// <summary>Reads the mails that the platform under test wrote into its folder.</summary>
internal static partial class Mailbox
{
    /// <summary>The token of the latest link mailed to the address; waits until there are as many mails as asked for.</summary>
    public static async Task<string> TokenAsync(this PlatformFixture fixture, string email, int mails = 1)
    {
        List<string> texts = [];
        await Eventually.TrueAsync(
            () =>
            {
                texts = Texts(fixture.Options.MailDirectory, email);
                return Task.FromResult(texts.Count >= mails);
            },
            $"{email} has {mails} mails");
        return Token().Match(texts[^1]).Groups[1].Value;
    }

    public static List<string> Texts(string directory, string email)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        // Names are UUIDv7: by name is by time.
        return [.. Directory.GetFiles(directory, "*.eml").Order(StringComparer.Ordinal).Select(File.ReadAllText)
            .Where(m => m.Contains($"\r\nTo: {email}\r\n", StringComparison.OrdinalIgnoreCase))
            .Select(m => Encoding.UTF8.GetString(Convert.FromBase64String(Plain().Match(m).Groups[1].Value)))];
    }

    [GeneratedRegex(@"token=([A-Za-z0-9_-]{43})")]
    private static partial Regex Token();

    [GeneratedRegex(@"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex Plain();
}
