using System.Globalization;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>An organisation of the demo's organiser with a live event as it looks in the middle of its work, made over the API.</summary>
internal sealed record Fair(PlatformApi Api, string OrganisationId, string EventId, string Slug, string Name, JsonObject Order, string InvitationKey, string ScarceTypeId, string ScarceQuotaId, string TypeId)
{
    public string Setup(string tab) => $"/organise/events/{EventId}/{tab}";

    public static async Task<Fair> OpenAsync(PlatformApi api, string name)
    {
        await api.SignInAsync();
        var organisation = await api.CallAsync(HttpMethod.Post, "/api/v1/organisations", new() { ["name"] = $"{name} Collective" });
        var organisationId = Id(organisation);
        var made = await api.CallAsync(HttpMethod.Post, $"/api/v1/organisations/{organisationId}/events", new()
        {
            ["name"] = name,
            ["description"] = "Two days on queues.\n\nBring a question.",
            ["timeZone"] = "Europe/Stockholm",
            ["startsAt"] = At(-60),
            ["endsAt"] = At(2 * 24 * 60),
            ["businessType"] = "conference",
        });
        var path = $"/api/v1/events/{Id(made)}";
        var stage = await PostAsync("sessions", new() { ["name"] = "Main stage", ["kind"] = "stage" });
        var area = await PostAsync("areas", new() { ["name"] = "Operations", ["kind"] = "stage" });
        var speaker = await PostAsync("speakers", new() { ["name"] = "Mirela Ionescu", ["headline"] = "Head of operations", ["bio"] = "Keeps queues short." });
        foreach (var (title, from) in new[] { ("Opening", -30), ("Why queues form", 60), ("The second day", 24 * 60) })
        {
            await PostAsync("schedule", new() { ["title"] = title, ["startsAt"] = At(from), ["endsAt"] = At(from + 45), ["sessionId"] = Id(stage), ["areaId"] = Id(area), ["speakerIds"] = new JsonArray(Id(speaker)) });
        }

        var seats = await PostAsync("quotas", new() { ["name"] = "Seats", ["capacity"] = 50 });
        var dinner = await PostAsync("quotas", new() { ["name"] = "Dinner", ["capacity"] = 0 });
        var type = await PostAsync("ticket-types", new() { ["name"] = "Community", ["description"] = "Every talk.", ["quotaId"] = Id(seats) });
        var scarce = await PostAsync("ticket-types", new() { ["name"] = "Dinner", ["quotaId"] = Id(dinner) });
        var crew = await PostAsync("ticket-types", new() { ["name"] = "Crew", ["quotaId"] = Id(seats), ["visibility"] = "invited" });
        await PostAsync("questions", new() { ["label"] = "Where do you work?", ["kind"] = "text" });
        await api.CallAsync(HttpMethod.Put, $"{path}/consent", new() { ["storing"] = "I agree that my name and address are stored.", ["sharing"] = "They may be shared with sponsors." });
        await PostAsync("vouchers", new() { ["code"] = "EARLY", ["percentOff"] = 20 });
        var invitation = await PostAsync($"ticket-types/{Id(crew)}/invitations", new() { ["email"] = $"ravi.{Guid.NewGuid():N}@people.example" });
        var order = await api.CallAsync(HttpMethod.Post, $"{path}/orders", OrderOf(Id(type), "Astrid Lindqvist", 1), Guid.NewGuid().ToString());
        return new Fair(api, organisationId, Id(made), PlatformApi.Text(made, "slug"), name, order, PlatformApi.Text(invitation, "key"), Id(scarce), Id(dinner), Id(type));

        Task<JsonObject> PostAsync(string what, JsonObject body) => api.CallAsync(HttpMethod.Post, $"{path}/{what}", body);
    }

    /// <summary>One more ticket of the first kind.</summary>
    public Task<JsonObject> BuyAsync(string name) => Api.CallAsync(HttpMethod.Post, $"/api/v1/events/{EventId}/orders", OrderOf(TypeId, name, 1), Guid.NewGuid().ToString());

    /// <summary>The demo's organiser in a browser, at a page, without signing in once more: an account may ten times a minute.</summary>
    public static async Task SignInAsync(RoomPage organiser, PlatformApi api, string path)
    {
        await api.SignInAsync();
        await organiser.Page.Context.AddCookiesAsync(api.Cookies.Select(c => new Cookie { Name = c.Name, Value = c.Value, Domain = c.Domain, Path = c.Path, HttpOnly = c.HttpOnly, SameSite = SameSiteAttribute.Lax }));
        await organiser.Page.GotoAsync(path);
        await organiser.Find("account-link").WaitForAsync();
    }

    public static string Id(JsonObject thing) => PlatformApi.Text(thing, "id");

    public static string At(int minutesFromNow) => DateTimeOffset.UtcNow.AddMinutes(minutesFromNow).ToString("O", CultureInfo.InvariantCulture);

    private static JsonObject OrderOf(string typeId, string name, int? consent) => new()
    {
        ["email"] = "astrid@people.example",
        ["name"] = name,
        ["tickets"] = new JsonArray(new JsonObject { ["ticketTypeId"] = typeId }),
        ["consent"] = new JsonObject { ["version"] = consent, ["storing"] = true, ["sharing"] = false },
    };
}
