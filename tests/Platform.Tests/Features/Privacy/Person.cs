using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Features.Onsite;
using Events.Tests.Platform.Features.Sso;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Privacy;

/// <summary>Somebody who touched every feature, with words that stand nowhere else.</summary>
internal sealed record Person(Guid UserId, string Email, Company Company, Shop Shop, Guid OrderId, IReadOnlyList<string> Words, byte[] File)
{
    public static async Task<Person> PlantAsync(PlatformFixture fixture)
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var connectionId = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        string Word(string stem) => $"{stem}{Guid.NewGuid():N}"[..20];
        var (email, name, other) = ($"{Word("zora")}@{company.Domain}", $"Zora {Word("Quill")}", $"{Word("other")}@people.example");
        var (phone, answer, fileName, subject) = ($"+41 79 {Random.Shared.NextInt64(1_000_000_000, 9_999_999_999)}", Word("gluten"), Word("cv"), Word("subject"));
        var file = Encoding.ASCII.GetBytes($"%PDF-1.7\n% {Word("content")}\n%%EOF");
        var words = new List<string> { email, name, phone, answer, fileName, subject, Encoding.ASCII.GetString(file)[11..^6] };

        // Account, profile, company sign-in.
        using var client = fixture.Client();
        await client.PostJsonAsync("/api/v1/auth/sign-up", new { email, name }, HttpStatusCode.Accepted);
        var user = await client.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email), password = PlatformFixture.Password }, HttpStatusCode.OK);
        var userId = user.GetProperty("user").GetProperty("id").GetGuid();
        await client.PatchJsonAsync("/api/v1/me/profile", new { personal = new { phone, company = answer }, settings = new { timeZone = "Europe/Zurich" } });
        using (var browser = fixture.Client())
        using (var back = await Company.SignInAsync(browser, provider, connectionId, subject, email))
        {
            Assert.Equal(HttpStatusCode.Redirect, back.StatusCode);
        }

        // A member of the organisation; a host of its event, who enters (as a guest first), is in a room, and records.
        await company.ExecuteAsync("insert into platform.event_roles (event_id, user_id, role) values (@EventId, @userId, 'cohost')", new { company.Scene.EventId, userId });
        await company.Admin.PostJsonAsync($"/api/v1/organisations/{company.Scene.OrganiserId}/invitations", new { email, role = "regular_member" }, HttpStatusCode.Accepted);
        await company.Admin.PostJsonAsync($"/api/v1/events/{company.Scene.EventId}/team", new { email, role = "cohost" }, HttpStatusCode.Accepted);
        await company.ExecuteAsync("insert into platform.organization_members (user_id, organiser_id, role) values (@userId, @OrganiserId, 'organization_admin')", new { company.Scene.OrganiserId, userId });
        var enter = $"/api/v1/events/{company.Scene.EventId}/entry";
        words.Add(Word("Masked"));
        var asGuest = await fixture.Client().PostJsonAsync(enter, new { name = words[^1] }, HttpStatusCode.OK);
        client.DefaultRequestHeaders.Authorization = new("Bearer", asGuest.GetProperty("token").GetString());
        var entry = await client.PostJsonAsync(enter, new { }, HttpStatusCode.OK);
        client.DefaultRequestHeaders.Authorization = null;
        var participant = entry.GetProperty("participant");
        Assert.Equal(name, participant.GetProperty("name").GetString());
        using (var pass = fixture.Bearer(entry.GetProperty("token").GetString()!))
        {
            await pass.PostJsonAsync($"/api/v1/sessions/{company.Scene.SessionId}/recordings", new { }, HttpStatusCode.Created);
        }

        var identity = participant.GetProperty("id").GetString();
        await fixture.Node().PostJsonAsync(
            $"/internal/nodes/media-{Guid.NewGuid():N}/events",
            new { epoch = Guid.NewGuid(), events = new[] { new { seq = 1, at = DateTimeOffset.UtcNow, type = "participant.joined", data = new { room = company.Scene.SessionId, participantId = identity, identity, name, role = "organiser" } } } },
            HttpStatusCode.OK);

        // A ticket with an answer and a file, and one passed on; an unpaid order; a queue; an invitation.
        var shop = await Shop.OpenAsync(fixture, capacity: 3);
        var text = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "Diet", kind = "text", required = false }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        var question = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "CV", kind = "file", required = false }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        using var upload = await fixture.Client().PostAsync($"/api/v1/events/{shop.EventId}/questions/{question}/files?name={fileName}.pdf", new ByteArrayContent(file));
        var key = (await upload.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("key").GetString()!;
        var ordered = await OrderAsync(shop, client, email, name, new Dictionary<string, object> { [text.ToString()] = answer, [question.ToString()] = key });

        // Seen at two doors, and at a booth.
        var booth = await DoorDevice.EnrolAsync(shop, new { role = "lead" }, "Booth");
        await booth.Client.PostJsonAsync("/onsite/v1/leads", new { code = DoorDevice.Code(ordered.GetProperty("tickets")[0]), consent = true }, HttpStatusCode.OK);
        foreach (var door in new[] { "Door A", "Door B" })
        {
            await (await DoorDevice.EnrolAsync(shop, name: door)).AskAsync(DoorDevice.Code(ordered.GetProperty("tickets")[0]));
        }

        var passed = await OrderAsync(shop, client, email, name, new Dictionary<string, object> { [text.ToString()] = answer });
        using (var sent = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{passed.GetProperty("tickets")[0].GetProperty("id").GetGuid()}/transfer", passed, new { name = "Otto Other", email = other }))
        {
            Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        }

        await shop.BuyAsync(shop.Order(other));
        await shop.Fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { email, name, ticketTypeId = shop.TypeId }, HttpStatusCode.Created);
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types/{await shop.AddTypeAsync(visibility: "invited")}/invitations", new { email }, HttpStatusCode.Created);
        var till = await Shop.OpenAsync(fixture, capacity: 3, priceMinor: 2500);
        await OrderAsync(till, client, email, name, null);

        // The operator looked at the account, and said why.
        using var staff = await StaffAsync(fixture);
        await staff.GetJsonAsync($"/api/v1/staff/users?email={Uri.EscapeDataString(email)}&reason={Uri.EscapeDataString($"{name} called about a ticket")}");
        return new Person(userId, email, company, shop, ordered.GetProperty("id").GetGuid(), words, file);
    }

    public static async Task<HttpClient> StaffAsync(PlatformFixture fixture)
    {
        var staff = fixture.Client();
        var before = Mailbox.Texts(fixture.Options.MailDirectory, PlatformFixture.StaffEmail).Count;
        await staff.PostJsonAsync("/api/v1/auth/links", new { email = PlatformFixture.StaffEmail }, HttpStatusCode.Accepted);
        await staff.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(PlatformFixture.StaffEmail, before + 1) }, HttpStatusCode.OK);
        return staff;
    }

    private static async Task<JsonElement> OrderAsync(Shop shop, HttpClient client, string email, string name, object? answers)
    {
        var order = new { email, name, tickets = new[] { new { ticketTypeId = shop.TypeId, answers } }, consent = new { version = (int?)null, storing = true, sharing = false } };
        using var response = await shop.SendAsync(order, client: client);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
