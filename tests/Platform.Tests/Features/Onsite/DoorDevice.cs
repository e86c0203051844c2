using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Onsite;

/// <summary>A device at a shop's door, played over the API.</summary>
/// <param name="Client">With the device's token.</param>
internal sealed record DoorDevice(Shop Shop, Guid Id, string Token, HttpClient Client)
{
    /// <param name="shop">Whose door.</param>
    /// <param name="entrance">What is asked for beside the name.</param>
    /// <param name="name">Of the device.</param>
    public static async Task<DoorDevice> EnrolAsync(Shop shop, object? entrance = null, string name = "Door A")
    {
        var enrolment = await shop.Organiser.PostJsonAsync(PathOf(shop), Named(entrance, name), HttpStatusCode.Created);
        var (token, id) = await EnrolAsync(shop.Fixture, enrolment);

        // It has stood there since yesterday: what it scanned in the last hours is not from before there was a device.
        await shop.ScalarAsync<int>("update platform.check_in_devices set created_at = now() - interval '1 day' where id = @id; select 1", new { id });
        return new DoorDevice(shop, id, token, shop.Fixture.Bearer(token));
    }

    public static async Task<(string Token, Guid Id)> EnrolAsync(PlatformFixture fixture, JsonElement enrolment)
    {
        var answer = await fixture.Client().PostJsonAsync("/onsite/v1/enrol", new { key = KeyOf(enrolment) }, HttpStatusCode.OK);
        return (answer.GetProperty("token").GetString()!, answer.GetProperty("deviceId").GetGuid());
    }

    public static string KeyOf(JsonElement enrolment) => enrolment.GetProperty("url").GetString()!.Split("#enrol=")[1];

    public static string PathOf(Shop shop) => $"/api/v1/events/{shop.EventId}/check-in/devices";

    /// <summary>A ticket shown while the platform decides.</summary>
    public async Task<JsonElement> AskAsync(string? code = null, Guid? ticketId = null, string kind = "in", Guid? id = null) =>
        (await SendAsync(new { id = id ?? Guid.CreateVersion7(), code, ticketId, at = DateTimeOffset.UtcNow, kind, decision = "ask" }))[0];

    /// <summary>What it scanned while it was offline, by a clock that may be wrong.</summary>
    public Task<JsonElement> SendAsync(params object[] scans) => SendAsync(TimeSpan.Zero, scans);

    public async Task<JsonElement> SendAsync(TimeSpan clockAhead, object[] scans)
    {
        using var response = await PostAsync(scans, clockAhead);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("items");
    }

    public Task<HttpResponseMessage> PostAsync(object[] scans, TimeSpan clockAhead = default) => Client.PostAsJsonAsync("/onsite/v1/scans", new { clock = DateTimeOffset.UtcNow + clockAhead, scans });

    /// <summary>A holder let in while offline.</summary>
    public static object Admitted(Guid id, JsonElement ticket, DateTimeOffset at, string kind = "in") => new { id, code = Code(ticket), at, kind, decision = "admitted" };

    public async Task RevokeAsync()
    {
        using var response = await Shop.Organiser.DeleteAsync($"{PathOf(Shop)}/{Id}");
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    public static string Result(JsonElement answer) => answer.GetProperty("result").GetString()!;

    public static string? Reason(JsonElement answer) => answer.GetProperty("reason").GetString();

    public static string Code(JsonElement ticket) => ticket.GetProperty("code").GetString()!;

    public static Guid IdOf(JsonElement thing) => thing.GetProperty("id").GetGuid();

    private static Dictionary<string, object?> Named(object? entrance, string name)
    {
        var body = entrance?.GetType().GetProperties().ToDictionary(p => p.Name, p => p.GetValue(entrance)) ?? [];
        body["name"] = name;
        return body;
    }
}
