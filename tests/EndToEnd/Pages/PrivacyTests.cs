using System.Net;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>A person gets their data, and then is rid of it, from the account page on.</summary>
[Collection(SharedInstallation.Name)]
public sealed class PrivacyTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    [Fact]
    public async Task From_the_account_page_a_person_downloads_their_data_and_has_it_erased()
    {
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        var email = $"pia-{Guid.NewGuid():N}@people.example";
        await person.Page.GotoAsync("/sign-up");
        await person.Find("sign-up-name").FillAsync("Pia Private");
        await person.Find("sign-up-email").FillAsync(email);
        await person.Find("sign-up-submit").ClickAsync();
        await person.Find("mail-sent").WaitForAsync();
        await person.Page.GotoAsync(await Mails.LinkAsync(Installation, email, "/auth/confirm"));
        var signingUp = person.Page.Url;
        await person.Page.GetByRole(AriaRole.Button).ClickAsync();
        await person.Find("account-link").WaitForAsync();

        await person.Page.GotoAsync("/account");
        await person.Find("privacy-access").ClickAsync();
        await ConfirmAsync(person, email, "Send me my data", signingUp);
        var download = await Mails.LinkAsync(Installation, email, "/media/");
        using (var client = new HttpClient())
        using (var zip = await client.GetAsync(download))
        {
            Assert.Equal(HttpStatusCode.OK, zip.StatusCode);
            Assert.Equal("PK"u8.ToArray(), (await zip.Content.ReadAsByteArrayAsync())[..2]);
        }

        await person.Page.GotoAsync("/account");
        await person.Find("privacy-requests").GetByText("Done").WaitForAsync();
        await person.Find("privacy-erasure").ClickAsync();
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Mail me the link" }).ClickAsync();
        await ConfirmAsync(person, email, "Erase everything about me", signingUp);

        // Signed out: the account page leads to signing in.
        await Until.True("the session has ended", TimeSpan.FromSeconds(20), async () => await person.Page.EvaluateAsync<int>("async () => (await fetch('/api/v1/me')).status") == 401);
        await person.Page.GotoAsync("/account");
        await person.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).First.WaitForAsync();
        Assert.Equal(0, await person.Find("privacy-erasure").CountAsync());
    }

    /// <summary>Opens the links that came until one's page has this button, and presses it.</summary>
    private async Task ConfirmAsync(RoomPage person, string email, string button, string before) => await Until.Some($"the page with '{button}'", TimeSpan.FromSeconds(20), async () =>
    {
        var link = await Mails.LinkAsync(Installation, email, "/auth/confirm");
        if (link == before)
        {
            return null;
        }

        await person.Page.GotoAsync(link);
        var press = person.Page.GetByRole(AriaRole.Button, new() { Name = button });
        if (await press.CountAsync() == 0)
        {
            return null;
        }

        await press.ClickAsync();
        await person.Page.GetByRole(AriaRole.Heading, new() { Name = "Your request is queued" }).WaitForAsync();
        return link;
    });
}
