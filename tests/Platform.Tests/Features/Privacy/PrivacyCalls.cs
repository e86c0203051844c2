using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Privacy;

/// <summary>What a person does to get at, or to be rid of, their data.</summary>
internal static partial class PrivacyCalls
{
    /// <summary>Asks, and takes the token out of the mail.</summary>
    public static async Task<string> AskAsync(this PlatformFixture fixture, string email, string kind)
    {
        var before = Mails(fixture, email, kind).Count;
        var answer = await fixture.Client().PostJsonAsync("/api/v1/privacy/requests", new { email, kind }, HttpStatusCode.Accepted);
        Assert.Equal("""{"status":"mail_sent"}""", answer.GetRawText());
        await Eventually.TrueAsync(() => Task.FromResult(Mails(fixture, email, kind).Count > before), $"the link for {kind} is mailed");
        return Token().Match(Mails(fixture, email, kind)[^1]).Groups[1].Value;
    }

    public static Task<JsonElement> ConfirmAsync(this PlatformFixture fixture, string token) =>
        fixture.Client().PostJsonAsync("/api/v1/auth/confirm", new { token }, HttpStatusCode.OK);

    /// <summary>Asks, confirms and waits until the request is settled.</summary>
    public static async Task<JsonElement> SettleAsync(this PlatformFixture fixture, string email, string kind)
    {
        var request = (await fixture.ConfirmAsync(await fixture.AskAsync(email, kind))).GetProperty("request");
        return await fixture.Client().EventuallyAsync($"/api/v1/privacy/requests/{request.GetProperty("id").GetGuid()}", r => r.GetProperty("settledAt").ValueKind != JsonValueKind.Null);
    }

    public static async Task<Uri> DownloadAsync(this PlatformFixture fixture, string email)
    {
        Match link = Match.Empty;
        await Eventually.TrueAsync(
            () => Task.FromResult((link = Mailbox.Texts(fixture.Options.MailDirectory, email).Select(t => Download().Match(t)).LastOrDefault(m => m.Success) ?? Match.Empty).Success), "the archive's link is mailed");
        return new Uri(link.Value);
    }

    private static List<string> Mails(PlatformFixture fixture, string email, string kind) =>
        [.. Mailbox.Texts(fixture.Options.MailDirectory, email).Where(t => t.Contains(kind == "erasure" ? "Erase what we hold about you" : "Get what we hold about you", StringComparison.OrdinalIgnoreCase))];

    [GeneratedRegex(@"token=([A-Za-z0-9_-]{43})")]
    private static partial Regex Token();

    [GeneratedRegex(@"https?://\S+/media/\S+")]
    private static partial Regex Download();
}
