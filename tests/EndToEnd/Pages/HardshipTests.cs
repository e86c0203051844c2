using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>The pages where something is slow, refused for the moment, or gone meanwhile.</summary>
[Collection(SharedInstallation.Name)]
public sealed class HardshipTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    [Fact]
    public async Task Who_is_signed_in_is_taken_for_no_guest_while_the_server_cannot_say()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A door that waits");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await Fair.SignInAsync(ada, api, "/");
        var asked = 0;
        await ada.Page.RouteAsync("**/api/v1/me", route => ++asked < 3
            ? route.FulfillAsync(new() { Status = asked == 1 ? 429 : 503, ContentType = "application/problem+json", Body = """{"code":"too_many_requests","detail":"Wait a moment."}""" })
            : route.ContinueAsync());
        await ada.Page.GotoAsync(RoomPage.PathOf(session));
        await ada.Find("join-publish").WaitForAsync();
        Assert.Equal(0, await ada.Find("join-name").CountAsync());
        Assert.Equal(3, asked);
        Assert.Empty(ada.Errors);
    }
}
