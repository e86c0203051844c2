using System.Text.RegularExpressions;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>People's ways through the pages, from end to end: nothing is done over the API that a person could do.</summary>
[Collection(SharedInstallation.Name)]
public sealed class WalkTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    [Fact]
    public async Task From_signing_up_over_an_event_that_goes_live_to_an_attendee_in_its_session()
    {
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await SignUpAsync(organiser, "Ada Holm", $"ada-{Guid.NewGuid():N}@people.example");
        var name = $"Harbour {Guid.NewGuid():N}";
        await MakeEventAsync(organiser, name);
        await FillProgrammeAsync(organiser);
        await OfferTicketsAsync(organiser);
        await organiser.Find("preview").ClickAsync();
        await organiser.Find("previewing").GetByRole(AriaRole.Button).ClickAsync();
        foreach (var state in new[] { "draft", "live" })
        {
            await organiser.Find("tab-setup").ClickAsync();
            await organiser.Find("move-on").ClickAsync();
            await organiser.Page.Locator("dialog button[type=button]:not(.icon-button)").First.ClickAsync();
            await organiser.Page.Locator($"[data-testid=event-state][data-state={state}]").WaitForAsync();
        }

        await using var attendee = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        var email = $"bo-{Guid.NewGuid():N}@people.example";
        await RegisterAsync(attendee, name, email);
        var order = attendee.Page.Url;
        await attendee.Page.ReloadAsync();
        await attendee.Find("qr").WaitForAsync();
        await attendee.Page.GotoAsync("/my/tickets");
        await attendee.Find("kept-orders").GetByText(name).WaitForAsync();
        await attendee.Page.GotoAsync(await Mails.LinkAsync(Installation, email, "/tickets/"));
        await attendee.Find("qr").WaitForAsync();

        await attendee.Page.GotoAsync(order);
        await attendee.Find("order-enter").ClickAsync();
        await attendee.Find("guest-name").FillAsync("Bo Lind");
        await attendee.Find("guest-enter").ClickAsync();
        await attendee.Page.GetByRole(AriaRole.Heading, new() { Name = "Welcome, Bo Lind" }).WaitForAsync();
        await TimesFollowTheZoneAsync(attendee);
        await attendee.Find("now-link").GetByText("First talk").ClickAsync();
        Assert.Equal("Bo Lind", await attendee.Find("join-name").InputValueAsync());
        await attendee.JoinAsync("join-view");
        await attendee.Find("leave").ClickAsync();

        await organiser.Find("tab-registrations").ClickAsync();
        await organiser.Find("orders-search").FillAsync(email[..20]);
        await organiser.Page.GetByRole(AriaRole.Button, new() { Name = "Open the order of Bo Lind" }).ClickAsync();
        await organiser.Find("order-refund").ClickAsync();
        await organiser.Page.Locator("dialog dialog").GetByRole(AriaRole.Button, new() { Name = "Cancel the order" }).ClickAsync();
        await organiser.Page.Locator("[data-testid=order-row][data-state=cancelled]").WaitForAsync();
        await attendee.Page.GotoAsync(order);
        await attendee.Page.Locator("[data-testid=order][data-state=cancelled]").WaitForAsync();
        Assert.Empty((string[])[.. organiser.Errors, .. attendee.Errors]);
    }

    [Fact]
    public async Task Paid_tickets_wait_for_a_payment_account_and_are_paid_and_refunded()
    {
        using var api = Installation.NewApi();
        await api.SignInAsync();
        var organisation = Fair.Id(await api.CallAsync(HttpMethod.Post, "/api/v1/organisations", new() { ["name"] = "Paid Days" }));
        var made = await api.CallAsync(HttpMethod.Post, $"/api/v1/organisations/{organisation}/events", new() { ["name"] = "Paid Days", ["timeZone"] = "UTC", ["startsAt"] = Fair.At(60), ["endsAt"] = Fair.At(180), ["state"] = "draft" });
        var (id, slug) = (Fair.Id(made), PlatformApi.Text(made, "slug"));
        var quota = await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{id}/quotas", new() { ["name"] = "Seats", ["capacity"] = 5 });
        await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{id}/ticket-types", new() { ["name"] = "Seat", ["quotaId"] = Fair.Id(quota), ["priceMinor"] = 2_500, ["currency"] = "CHF" });
        await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{id}/vouchers", new() { ["code"] = "HALF", ["percentOff"] = 50 });

        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await OrganiserAsync(chromium);
        await organiser.Page.GotoAsync($"/organise/events/{id}/setup");
        await MoveOnAsync();
        await organiser.Page.Locator("[data-testid=move-refused][data-code=payment_account_missing]").GetByRole(AriaRole.Link).ClickAsync();
        await organiser.Find("connect-payments").ClickAsync();
        await organiser.Page.GetByText("Connected", new() { Exact = true }).WaitForAsync();
        await organiser.Page.GotoAsync($"/organise/events/{id}/setup");
        await MoveOnAsync();
        await organiser.Page.Locator("[data-testid=event-state][data-state=live]").WaitForAsync();

        await using var buyer = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await buyer.Page.GotoAsync($"/e/{slug}/tickets");
        await buyer.Page.GetByRole(AriaRole.Button, new() { Name = "I have a voucher" }).ClickAsync();
        await buyer.Find("voucher").FillAsync("half");
        await buyer.Page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        await buyer.Find("order-name").FillAsync("Bea Buyer");
        await buyer.Find("order-email").FillAsync("not an address at all");
        await buyer.Find("order-email").EvaluateAsync("input => input.type = 'text'"); // the browser would stop it; the server must too, at the field
        await buyer.Find("place-order").ClickAsync();
        await buyer.Page.Locator(".field--wrong [data-testid=order-email]").WaitForAsync();
        await buyer.Find("order-email").FillAsync("bea@people.example");
        await buyer.Find("place-order").ClickAsync();
        await buyer.Page.Locator("[data-testid=order][data-state=pending]").GetByText(new Regex(@"Pay CHF.12\.50")).WaitForAsync();
        await buyer.Find("pay").ClickAsync();
        await buyer.Page.Locator("[data-testid=order][data-state=confirmed]").WaitForAsync();
        await buyer.Find("qr").WaitForAsync();

        await organiser.Find("tab-registrations").ClickAsync();
        await organiser.Page.GetByRole(AriaRole.Button, new() { Name = "Open the order of Bea Buyer" }).ClickAsync();
        await organiser.Find("order-refund").ClickAsync();
        await organiser.Page.Locator("dialog dialog").GetByRole(AriaRole.Button, new() { Name = "Cancel and refund" }).ClickAsync();
        await organiser.Page.Locator("[data-testid=order-row]:is([data-state=refunding], [data-state=refunded])").WaitForAsync();
        await buyer.Page.ReloadAsync();
        await buyer.Page.Locator("[data-testid=order][data-state=refunded]").WaitForAsync();
        Assert.Empty((string[])[.. organiser.Errors, .. buyer.Errors]);

        async Task MoveOnAsync()
        {
            await organiser.Find("move-on").ClickAsync();
            await organiser.Page.Locator("dialog").GetByRole(AriaRole.Button, new() { Name = "Go live" }).ClickAsync();
        }
    }

    [Fact]
    public async Task Who_waits_for_a_sold_out_ticket_is_offered_one_and_takes_it()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Waiting Days");
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync($"/e/{fair.Slug}/tickets");
        await person.Find("join-waiting-list").ClickAsync();
        await person.Find("waiting-name").FillAsync("Wanda Wait");
        await person.Find("waiting-email").FillAsync("wanda@people.example");
        await person.Find("waiting-submit").ClickAsync();
        await person.Page.Locator("[data-testid=waiting][data-state=waiting]").GetByText("You are next").WaitForAsync();

        await using var organiser = await OrganiserAsync(chromium);
        await organiser.Page.GotoAsync(fair.Setup("tickets"));
        await organiser.Page.GetByRole(AriaRole.Button, new() { Name = "Change the seats “Dinner”" }).ClickAsync();
        await organiser.Find("quota-capacity").FillAsync("1");
        await organiser.Find("quota-save").ClickAsync();

        await person.Page.GotoAsync("/"); // away from the address that has the key: the mail has it too
        await person.Page.GotoAsync(await Mails.LinkAsync(Installation, "wanda@people.example", "/e/"));
        await person.Page.Locator("[data-testid=waiting][data-state=offered]").WaitForAsync();
        await person.Find("order-name").FillAsync("Wanda Wait");
        await person.Find("order-email").FillAsync("wanda@people.example");
        await person.Find("consent-storing").CheckAsync();
        await person.Find("place-order").ClickAsync();
        await person.Page.Locator("[data-testid=order][data-state=confirmed]").WaitForAsync();
        Assert.Empty((string[])[.. organiser.Errors, .. person.Errors]);
    }

    private async Task<RoomPage> OrganiserAsync(Chromium chromium)
    {
        var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await organiser.Page.GotoAsync("/sign-in");
        await organiser.Find("sign-in-demo").ClickAsync();
        await organiser.Find("account-link").WaitForAsync();
        return organiser;
    }

    private async Task SignUpAsync(RoomPage person, string name, string email)
    {
        await person.Page.GotoAsync("/sign-up");
        await person.Find("sign-up-name").FillAsync(name);
        await person.Find("sign-up-email").FillAsync(email);
        await person.Find("sign-up-submit").ClickAsync();
        await person.Find("mail-sent").WaitForAsync();
        await person.Page.GotoAsync(await Mails.LinkAsync(Installation, email, "/auth/confirm"));
        await person.Page.Locator("input[type=password]").FillAsync("a harbour at low tide");
        await person.Page.GetByRole(AriaRole.Button).ClickAsync();
        await person.Find("account-link").WaitForAsync();

        // Out, and in again with the password.
        await person.Find("account-link").ClickAsync();
        await person.Find("sign-out").ClickAsync();
        await person.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await person.Find("sign-in-email").FillAsync(email);
        await person.Find("sign-in-password").FillAsync("a harbour at low tide");
        await person.Find("sign-in-submit").ClickAsync();
        await person.Find("account-link").WaitForAsync();
    }

    private static async Task MakeEventAsync(RoomPage organiser, string name)
    {
        await organiser.Page.GetByRole(AriaRole.Link, new() { Name = "Organise" }).ClickAsync();
        await organiser.Find("new-organisation").ClickAsync();
        await organiser.Find("organisation-name").FillAsync("Harbour Society");
        await organiser.Find("organisation-make").ClickAsync();
        await organiser.Find("new-event").ClickAsync();
        await organiser.Find("event-name").FillAsync(name);

        // It began an hour ago, so that something is on now.
        var local = await organiser.Page.EvaluateAsync<string[]>(
            "() => [-60, 120].map((minutes) => { const at = new Date(Date.now() + minutes * 60000); return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16); })");
        await organiser.Find("event-starts").FillAsync(local[1]);
        await organiser.Find("event-ends").FillAsync(local[0]);
        await organiser.Find("event-make").ClickAsync();
        await organiser.Page.Locator(".field--wrong [data-testid=event-ends]").WaitForAsync(); // the wrong way round
        await organiser.Find("event-starts").FillAsync(local[0]);
        await organiser.Find("event-ends").FillAsync(local[1]);
        await organiser.Find("event-make").ClickAsync();
        await organiser.Page.Locator("[data-testid=event-state][data-state=building]").WaitForAsync();
    }

    private static async Task FillProgrammeAsync(RoomPage organiser)
    {
        await organiser.Find("tab-programme").ClickAsync();
        await organiser.Find("add-room").ClickAsync();
        await organiser.Find("room-name").FillAsync("Quay");
        await organiser.Find("room-add").ClickAsync();
        await organiser.Find("rooms").GetByText("Quay").WaitForAsync();
        await organiser.Find("add-speaker").ClickAsync();
        await organiser.Find("speaker-name").FillAsync("Per Nyström");
        await organiser.Find("speaker-add").ClickAsync();
        await organiser.Find("speakers").GetByText("Per Nyström").WaitForAsync();
        await organiser.Find("add-item").ClickAsync();
        await organiser.Find("item-title").FillAsync("First talk");
        await organiser.Page.GetByLabel("Ends", new() { Exact = true }).FillAsync(await organiser.Page.EvaluateAsync<string>(
            "() => { const at = new Date(Date.now() + 30 * 60000); return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16); }"));
        await organiser.Find("item-room").SelectOptionAsync(new SelectOptionValue { Label = "Quay" });
        await organiser.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Per Nyström" }).CheckAsync();
        await organiser.Find("item-save").ClickAsync();
        await organiser.Find("items").GetByText("First talk").WaitForAsync();
    }

    private static async Task OfferTicketsAsync(RoomPage organiser)
    {
        await organiser.Find("tab-tickets").ClickAsync();
        await organiser.Find("add-quota").ClickAsync();
        await organiser.Find("quota-save").ClickAsync();
        await organiser.Find("quotas").GetByText("0 of 100 taken").WaitForAsync();
        await organiser.Find("add-type").ClickAsync();
        await organiser.Find("type-name").FillAsync("Deck");
        await organiser.Find("type-save").ClickAsync();
        await organiser.Find("types").GetByText("Deck").WaitForAsync();
        await organiser.Find("add-question").ClickAsync();
        await organiser.Find("question-label").FillAsync("Do you sail?");
        await organiser.Find("question-kind").SelectOptionAsync("yes_no");
        await organiser.Find("question-save").ClickAsync();
        await organiser.Find("questions").GetByText("Do you sail?").WaitForAsync();
        await organiser.Find("add-question").ClickAsync();
        await organiser.Find("question-label").FillAsync("On what?");
        await organiser.Find("question-kind").SelectOptionAsync("choice");
        await organiser.Find("question-options").FillAsync("A dinghy\nA ketch");
        await organiser.Find("question-follows").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await organiser.Find("question-when").SelectOptionAsync("yes");
        await organiser.Find("question-save").ClickAsync();
        await organiser.Find("questions").GetByText("On what?").WaitForAsync();
        await organiser.Find("consent-storing").FillAsync("I agree that my name is stored.");
        await organiser.Find("consent-save").ClickAsync();
        await organiser.Page.GetByText("Version 1").WaitForAsync();
    }

    private static async Task RegisterAsync(RoomPage attendee, string name, string email)
    {
        await attendee.Page.GotoAsync("/");
        await attendee.Find("listing-search").FillAsync(name);
        await attendee.Find("listing").GetByText(name).ClickAsync();
        await attendee.Page.GetByText("Per Nyström").First.WaitForAsync();
        await attendee.Find("register").ClickAsync();
        await attendee.Find("order-name").FillAsync("Bo Lind");
        await attendee.Find("order-email").FillAsync(email);
        var follows = attendee.Page.GetByRole(AriaRole.Radio, new() { Name = "A ketch" });
        Assert.Equal(0, await follows.CountAsync());
        await attendee.Page.GetByRole(AriaRole.Radio, new() { Name = "Yes" }).CheckAsync();
        await follows.CheckAsync();
        await attendee.Find("consent-storing").CheckAsync();
        await attendee.Find("place-order").ClickAsync();
        await attendee.Page.Locator("[data-testid=order][data-state=confirmed]").WaitForAsync();
        await attendee.Find("qr").WaitForAsync();
    }

    private static async Task TimesFollowTheZoneAsync(RoomPage attendee)
    {
        var time = attendee.Find("schedule").Locator(".slot__time time").First;
        var before = await time.InnerTextAsync();
        await attendee.Find("zone").SelectOptionAsync("Australia/Eucla"); // a quarter of an hour beside every zone of full hours
        await attendee.Page.Locator("[data-testid=schedule][data-zone='Australia/Eucla']").WaitForAsync();
        Assert.NotEqual(before, await time.InnerTextAsync());
        var calendar = await attendee.Page.APIRequest.GetAsync(await attendee.Find("calendar").GetAttributeAsync("href") ?? "");
        Assert.Contains("SUMMARY:First talk", await calendar.TextAsync(), StringComparison.Ordinal);
    }
}
