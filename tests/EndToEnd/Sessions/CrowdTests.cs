using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>The list of people in a room of thousands.</summary>
[Collection(SharedInstallation.Name)]
public sealed class CrowdTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    /// <summary>As if the server had said so: three thousand browsers are more than a test has.</summary>
    private const string Crowd = """
        () => {
          const rtc = window.eventsRtc;
          for (let i = 1; i <= 3000; i++) {
            const name = `Person ${String(i).padStart(4, '0')}`;
            rtc.roster.joined({ participantId: `p${i}`, identity: `p${i}.1`, name, role: 'attendee', canPublish: false, hand: null, moderates: false, reconnecting: false, tracks: [] });
          }
          rtc.events.emit('roster', { joined: [], left: [] });
        }
        """;

    [Fact]
    public async Task A_list_of_thousands_holds_the_lines_that_are_seen_and_each_is_found()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A crowd");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ada.Page.EvaluateAsync(Crowd);
        var opening = await ada.Page.EvaluateAsync<double>(
            """
            async () => {
              const start = performance.now();
              document.querySelector('[data-testid=roster-toggle]').click();
              await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
              return performance.now() - start;
            }
            """);
        var items = ada.Find("roster-item");
        await items.First.WaitForAsync();
        Output.WriteLine($"opened in {opening:0} ms with {await items.CountAsync()} lines");
        Assert.InRange(await items.CountAsync(), 20, 120);
        await Assertions.Expect(ada.Find("roster").GetByText("3001")).ToBeVisibleAsync();

        // With the mouse or a finger, and with the keyboard from a line's own button.
        var list = ada.Page.GetByRole(AriaRole.List, new() { Name = "People" });
        Assert.Equal(54, Math.Round((await items.Nth(1).BoundingBoxAsync())!.Height));
        await list.EvaluateAsync("element => element.scrollTo(0, element.scrollHeight)");
        var last = ada.Page.Locator("[data-testid=roster-item][data-participant=p3000]");
        await Assertions.Expect(last).ToBeInViewportAsync();
        await Assertions.Expect(last).ToHaveAttributeAsync("aria-posinset", "3001");
        await Assertions.Expect(last).ToHaveAttributeAsync("aria-setsize", "3001");
        Assert.InRange(await items.CountAsync(), 20, 120);
        await last.GetByTestId("person-actions").FocusAsync();
        await list.EvaluateAsync("element => element.scrollTo(0, 0)");
        await Assertions.Expect(last).ToHaveCountAsync(0);
        await Assertions.Expect(list).ToBeFocusedAsync();

        await ada.Find("roster-search").FillAsync("person 1234");
        await Assertions.Expect(items).ToHaveCountAsync(1);
        await items.GetByTestId("person-actions").ClickAsync();
        await ada.Find("do-invite").WaitForAsync();
        await ada.ScreenshotAsync("crowd");
        Assert.Empty(ada.Errors);
    }
}
