using System.Net;
using System.Text.Json;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Onsite;

[Collection(nameof(PlatformCollection))]
public sealed class DevicesTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_device_is_registered_enrolled_once_seen_and_revoked()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var path = DoorDevice.PathOf(shop);
        var enrolment = await shop.Organiser.PostJsonAsync(path, new { name = "Door A", ticketTypeIds = new[] { shop.TypeId } }, HttpStatusCode.Created);
        Assert.StartsWith("data:image/png;base64,iVBOR", enrolment.GetProperty("qr").GetString(), StringComparison.Ordinal);
        Assert.Contains("/scan#enrol=", enrolment.GetProperty("url").GetString(), StringComparison.Ordinal);
        Assert.Equal("waiting", await StateAsync());
        var (token, id) = await DoorDevice.EnrolAsync(fixture, enrolment);
        Assert.Equal("active", await StateAsync());
        using var device = fixture.Bearer(token);
        var self = await device.GetJsonAsync("/onsite/v1/device");
        await fixture.Client().PostAsync("/onsite/v1/enrol", Http.Json(new { key = DoorDevice.KeyOf(enrolment) })).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "enrolment_invalid");
        Assert.Equal(("Door A", "scanner", shop.EventId), (self.GetProperty("name").GetString(), self.GetProperty("role").GetString(), self.GetProperty("event").GetProperty("id").GetGuid()));
        Assert.Equal(shop.TypeId, self.GetProperty("entrance").GetProperty("ticketTypeIds")[0].GetGuid());
        Assert.NotEmpty(self.GetProperty("keys").EnumerateArray());
        Assert.NotEqual(JsonValueKind.Null, (await DeviceAsync()).GetProperty("lastSeenAt").ValueKind);

        // Enrolled anew, the token of a lost phone ends, once the new one is there.
        var again = await shop.Organiser.PostJsonAsync($"{path}/{id}/enrolment", null, HttpStatusCode.OK);
        await device.GetJsonAsync("/onsite/v1/device");
        var (newToken, _) = await DoorDevice.EnrolAsync(fixture, again);
        await device.GetAsync("/onsite/v1/device").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "device_token_invalid");
        using var replaced = fixture.Bearer(newToken);
        await replaced.GetJsonAsync("/onsite/v1/device");

        var pending = await shop.Organiser.PostJsonAsync($"{path}/{id}/enrolment", null, HttpStatusCode.OK);
        for (var times = 0; times < 2; times++)
        {
            using var revoked = await shop.Organiser.DeleteAsync($"{path}/{id}");
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        }

        Assert.Equal("revoked", await StateAsync());
        foreach (var address in new[] { "device", "tickets", "conflicts" })
        {
            await replaced.GetAsync($"/onsite/v1/{address}").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "device_revoked");
        }

        await fixture.Client().PostAsync("/onsite/v1/enrol", Http.Json(new { key = DoorDevice.KeyOf(pending) })).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "enrolment_invalid");
        await shop.Organiser.PostAsync($"{path}/{id}/enrolment", null).ShouldRefuseAsync(HttpStatusCode.NotFound, "device_not_found");
        await replaced.GetAsync("/onsite/v1/nothing").ShouldRefuseAsync(HttpStatusCode.NotFound, "route_not_found");
        Assert.Equal(
            ["check_in_device.registered", "check_in_device.enrolled", "check_in_device.enrolment_renewed", "check_in_device.enrolled", "check_in_device.enrolment_renewed", "check_in_device.revoked"],
            (await shop.ScalarAsync<string>("select string_agg(action, ' ' order by id) from platform.audit_log where subject_id = @id", new { id })).Split(' '));
        Assert.Equal(0, await shop.ScalarAsync<int>("select count(*)::int from platform.check_in_devices where encode(token_hash, 'escape') like '%' || @newToken || '%'", new { newToken }));

        async Task<JsonElement> DeviceAsync() => (await shop.Organiser.GetJsonAsync(path)).GetProperty("items")[0];
        async Task<string?> StateAsync() => (await DeviceAsync()).GetProperty("state").GetString();
    }

    [Fact]
    public async Task An_enrolment_whose_answer_was_lost_is_made_again_until_its_token_is_used()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var path = DoorDevice.PathOf(shop);
        var enrolment = await shop.Organiser.PostJsonAsync(path, new { name = "Door A" }, HttpStatusCode.Created);
        var (lost, id) = await DoorDevice.EnrolAsync(fixture, enrolment);
        var (token, sameId) = await DoorDevice.EnrolAsync(fixture, enrolment);
        Assert.Equal(id, sameId);
        await fixture.Bearer(lost).GetAsync("/onsite/v1/device").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "device_token_invalid");
        await fixture.Bearer(token).GetJsonAsync("/onsite/v1/device");
        await RefusedAsync(enrolment);

        // A key that the device does not know yet is not used up by what it does with its old token; the minutes count from the first use.
        var renewed = await shop.Organiser.PostJsonAsync($"{path}/{id}/enrolment", null, HttpStatusCode.OK);
        await fixture.Bearer(token).GetJsonAsync("/onsite/v1/device");
        await DoorDevice.EnrolAsync(fixture, renewed);
        Assert.InRange(await shop.ScalarAsync<double>("select extract(epoch from enrol_until - now())::float8 from platform.check_in_devices where id = @id", new { id }), 500, 600);
        await shop.ScalarAsync<int>("update platform.check_in_devices set enrol_until = enrol_until - interval '9 minutes', enrol_used_at = enrol_used_at - interval '9 minutes' where id = @id; select 1", new { id });
        await DoorDevice.EnrolAsync(fixture, renewed);
        await shop.ScalarAsync<int>("update platform.check_in_devices set enrol_until = enrol_until - interval '1 minute' where id = @id; select 1", new { id });
        await RefusedAsync(renewed);

        Task<JsonElement> RefusedAsync(JsonElement used) => fixture.Client().PostAsync("/onsite/v1/enrol", Http.Json(new { key = DoorDevice.KeyOf(used) })).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "enrolment_invalid");
    }

    [Fact]
    public async Task An_expired_enrolment_opens_nothing_and_bad_devices_are_refused()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (path, other) = (DoorDevice.PathOf(shop), await Shop.OpenAsync(fixture, capacity: 5));
        var enrolment = await shop.Organiser.PostJsonAsync(path, new { name = "Late" }, HttpStatusCode.Created);
        await shop.ScalarAsync<int>("update platform.check_in_devices set enrol_until = now() where event_id = @EventId; select 1", new { shop.EventId });
        await fixture.Client().PostAsync("/onsite/v1/enrol", Http.Json(new { key = DoorDevice.KeyOf(enrolment) })).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "enrolment_invalid");
        await fixture.Client().PostAsync("/onsite/v1/enrol", Http.Json(new { key = new string('x', 5_000) })).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "enrolment_invalid");
        await shop.Organiser.PostAsync(path, Http.Json(new { name = "" })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "name_missing");
        await shop.Organiser.PostAsync(path, Http.Json(new { name = "A", role = "king" })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "role_unknown");
        await shop.Organiser.PostAsync(path, Http.Json(new { name = "A", ticketTypeIds = new[] { other.TypeId } })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "ticket_type_ids_invalid");
        await shop.Organiser.PostAsync(path, Http.Json(new { name = "A", opensAt = "2026-05-01T09:00:00Z", closesAt = "2026-05-01T08:00:00Z" })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "closes_at_invalid");
        foreach (var (method, address) in new[] { (HttpMethod.Get, path), (HttpMethod.Post, path), (HttpMethod.Get, path[..^8]), (HttpMethod.Get, $"{path[..^8]}/conflicts") })
        {
            using var request = new HttpRequestMessage(method, address) { Content = method == HttpMethod.Post ? Http.Json(new { name = "A" }) : null };
            await other.Organiser.SendAsync(request).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        }
    }

    [Fact]
    public async Task A_device_opens_its_own_event_only()
    {
        var (here, there) = (await Shop.OpenAsync(fixture, capacity: 5), await Shop.OpenAsync(fixture, capacity: 5));
        var device = await DoorDevice.EnrolAsync(here);
        var foreign = (await there.BuyAsync()).GetProperty("tickets")[0];
        var byCode = await device.AskAsync(DoorDevice.Code(foreign));
        Assert.Equal(("refused", "wrong_event", JsonValueKind.Null), (DoorDevice.Result(byCode), DoorDevice.Reason(byCode), byCode.GetProperty("ticket").ValueKind));
        var byHand = await device.AskAsync(ticketId: DoorDevice.IdOf(foreign));
        Assert.Equal(("refused", "ticket_unknown", JsonValueKind.Null), (DoorDevice.Result(byHand), DoorDevice.Reason(byHand), byHand.GetProperty("ticket").ValueKind));
        Assert.Equal(0, await there.ScalarAsync<int>("select count(*)::int from platform.check_in_scans where ticket_id = @Id", new { Id = DoorDevice.IdOf(foreign) }));
        Assert.Empty((await device.Client.GetJsonAsync("/onsite/v1/tickets")).GetProperty("items").EnumerateArray());
    }
}
