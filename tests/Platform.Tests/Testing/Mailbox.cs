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

    public static List<string> Texts(string directory, string email) =>
        [.. Mails(directory, email).Select(m => Encoding.UTF8.GetString(Convert.FromBase64String(Plain().Match(m).Groups[1].Value)))];

    /// <summary>Names are UUIDv7: by name is by time.</summary>
    private static List<string> Mails(string directory, string email) => !Directory.Exists(directory) ? []
        : [.. Directory.GetFiles(directory, "*.eml").Order(StringComparer.Ordinal).Select(Read)
            .Where(m => m.Contains($"\r\nTo: {email}\r\n", StringComparison.OrdinalIgnoreCase))];

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (FileNotFoundException)
        {
            return ""; // Of a person whom another test had erased since the folder was listed.
        }
    }

    /// <summary>Waits until an address has this many mails with these words in their text, and not more.</summary>
    public static async Task MailsAsync(this PlatformFixture fixture, string email, string words, int count)
    {
        await Eventually.TrueAsync(() => Task.FromResult(Count() >= count), $"{email} has {count} mails with '{words}'");
        Assert.Equal(count, Count());

        int Count() => Texts(fixture.Options.MailDirectory, email).Count(m => m.Contains(words, StringComparison.Ordinal));
    }

    /// <summary>The attachments' names and contents of the only mail to an address; waits until it is there.</summary>
    public static async Task<Dictionary<string, byte[]>> AttachmentsAsync(this PlatformFixture fixture, string email)
    {
        List<string> mails = [];
        await Eventually.TrueAsync(
            () =>
            {
                mails = Mails(fixture.Options.MailDirectory, email);
                return Task.FromResult(mails.Count > 0);
            },
            $"{email} has a mail");
        return Attachment().Matches(Assert.Single(mails)).ToDictionary(m => m.Groups[1].Value, m => Convert.FromBase64String(m.Groups[2].Value));
    }

    [GeneratedRegex(@"filename=""([^""]+)""\r\n(?:[A-Za-z-]+: .*\r\n)*\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex Attachment();

    [GeneratedRegex(@"token=([A-Za-z0-9_-]{43})")]
    private static partial Regex Token();

    [GeneratedRegex(@"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n([A-Za-z0-9+/=\r\n]+?)\r\n--")]
    private static partial Regex Plain();
}
