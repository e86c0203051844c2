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

    [Fact]
    public async Task An_order_waits_for_its_file_and_its_page_keeps_its_key()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Slow Files");
        await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{fair.EventId}/questions", new() { ["label"] = "Your poster", ["kind"] = "file" });
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync($"/e/{fair.Slug}/tickets");
        await person.Find("more-tickets").First.ClickAsync();
        await person.Find("order-name").FillAsync("Pia Poster");
        await person.Find("order-email").FillAsync("pia@people.example");
        await person.Find("consent-storing").CheckAsync();

        // Refused at first: the field is empty again, and takes the same file.
        await person.Page.RouteAsync("**/files?*", route => route.FulfillAsync(new() { Status = 503, ContentType = "application/problem+json", Body = """{"code":"busy","detail":"The store is away."}""" }));
        var poster = new FilePayload { Name = "poster.txt", MimeType = "text/plain", Buffer = "A poster"u8.ToArray() };
        await person.Page.Locator("input[type=file]").SetInputFilesAsync(poster);
        await person.Page.GetByText("The store is away.").WaitForAsync();
        Assert.Equal("", await person.Page.Locator("input[type=file]").InputValueAsync());

        // Slow then: the order is not sent without it.
        var arrives = new TaskCompletionSource();
        var orders = new List<string>();
        await person.Page.UnrouteAllAsync();
        await person.Page.RouteAsync("**/files?*", async route =>
        {
            await arrives.Task;
            await route.ContinueAsync();
        });
        person.Page.Request += (_, request) =>
        {
            if (request.Method == "POST" && request.Url.EndsWith("/orders", StringComparison.Ordinal))
            {
                orders.Add(request.PostData ?? "");
            }
        };
        await person.Page.Locator("input[type=file]").SetInputFilesAsync(poster);
        await person.Page.GetByText("Sending…").WaitForAsync();
        await person.Find("place-order").ClickAsync();
        Assert.Contains("still being sent", await person.Page.Locator("input[type=file]").EvaluateAsync<string>("input => input.validationMessage"), StringComparison.Ordinal);
        arrives.SetResult();
        await person.Page.GetByText("poster.txt").WaitForAsync();
        Assert.Empty(orders);
        await person.Find("place-order").ClickAsync();
        await person.Page.Locator("[data-testid=order][data-state=confirmed]").WaitForAsync();
        var answers = JsonNode.Parse(Assert.Single(orders))!["tickets"]![0]!["answers"]!.AsObject();
        Assert.Single(answers);
        Assert.Empty(person.Errors);
    }

    [Fact]
    public async Task Skipping_to_the_content_keeps_the_key_in_the_address()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Kept Keys");
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync($"/e/{fair.Slug}/tickets#invitation={fair.InvitationKey}");
        await person.Page.GetByText("You are invited").WaitForAsync();
        await person.Page.Keyboard.PressAsync("Tab");
        await person.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("content", await person.Page.EvaluateAsync<string>("() => document.activeElement.id"));
        Assert.EndsWith($"#invitation={fair.InvitationKey}", person.Page.Url, StringComparison.Ordinal);
        await person.Page.GetByText("You are invited").WaitForAsync();
        Assert.Empty(person.Errors);
    }

    [Fact]
    public async Task The_keyboard_arrives_on_a_page_that_had_to_be_fetched()
    {
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync("/");
        await person.Page.GetByRole(AriaRole.Link, new() { Name = "My tickets" }).ClickAsync();
        await person.Page.GetByRole(AriaRole.Heading, new() { Name = "My tickets" }).WaitForAsync();
        await person.Page.WaitForFunctionAsync("() => document.activeElement.id === 'content'");
        Assert.Empty(person.Errors);
    }

    [Fact]
    public async Task Who_was_here_when_the_site_was_renewed_gets_to_the_next_page_all_the_same()
    {
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync("/");
        await person.Find("listing").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var gone = 0;
        await person.Page.RouteAsync("**/assets/MyTicketsPage-*.js", route => gone++ == 0 ? route.FulfillAsync(new() { Status = 404 }) : route.ContinueAsync());
        await person.Page.GetByRole(AriaRole.Link, new() { Name = "My tickets" }).ClickAsync();
        await person.Page.GetByRole(AriaRole.Heading, new() { Name = "My tickets" }).WaitForAsync();
        Assert.Equal(2, gone);
        Assert.Empty(person.Errors);
    }
}
