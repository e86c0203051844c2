using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>A vendor's phone at a booth.</summary>
[Collection(SharedInstallation.Name)]
public sealed class BoothTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Serious = """
        async () => {
          const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
          return [...violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`), ...(wide > 0 ? [`${wide} px too wide`] : [])];
        }
        """;

    [Fact]
    public async Task A_booth_collects_who_agrees_and_nobody_else()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Booth Days");
        var chromium = await Installation.ChromiumAsync();
        var enrolment = new Uri(PlatformApi.Text(await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{fair.EventId}/check-in/devices", new() { ["name"] = "Acme", ["role"] = "lead" }), "url"));
        await using var booth = await chromium.NewPersonAsync(Installation.PlatformUrl, 360, 640, phone: true);
        booth.Page.SetDefaultTimeout(60_000);
        await booth.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark, ReducedMotion = ReducedMotion.Reduce });
        await booth.Page.GotoAsync(enrolment.PathAndQuery + enrolment.Fragment);
        await booth.Find("lead-code").FillAsync(PlatformApi.Text((JsonObject)fair.Order["tickets"]![0]!, "code"));
        Assert.True(await booth.Find("lead-submit").IsDisabledAsync());
        await booth.Find("lead-consent").CheckAsync();
        await booth.Find("lead-submit").ClickAsync();
        await booth.Find("lead-added").GetByText("astrid@people.example").WaitForAsync();
        await booth.Find("leads").GetByText("Astrid Lindqvist").WaitForAsync();
        Assert.False(await booth.Find("lead-consent").IsCheckedAsync()); // the next one is asked again
        await booth.Page.EvaluateAsync(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src", "Platform", "Web", "node_modules", "axe-core", "axe.min.js")));
        var faults = await booth.Page.EvaluateAsync<JsonElement>(Serious);
        Assert.True(faults.GetArrayLength() == 0, faults.ToString());
        var download = await booth.Page.RunAndWaitForDownloadAsync(() => booth.Find("leads-csv").ClickAsync());
        Assert.Contains("astrid@people.example", await File.ReadAllTextAsync((await download.PathAsync())!), StringComparison.Ordinal);
        await booth.Page.GetByRole(AriaRole.Button, new() { Name = "Forget Astrid Lindqvist" }).ClickAsync();
        await booth.Page.GetByText("Nobody yet.").WaitForAsync();
        Assert.Empty(booth.Errors);
    }
}
