using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Rooms;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

/// <summary>Entering events, grants, and that no credential opens a domain that it was not made for.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class EventDomainTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Roles_follow_membership_and_a_refresh_keeps_the_participant()
    {
        var scene = await fixture.SceneAsync();
        var organiser = await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { }, HttpStatusCode.OK);
        Assert.Equal("organiser", organiser.GetProperty("participant").GetProperty("role").GetString());

        var guest = await fixture.Client().PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { name = "Gil" }, HttpStatusCode.OK);
        Assert.Equal("attendee", guest.GetProperty("participant").GetProperty("role").GetString());
        var again = await fixture.Bearer(guest.GetProperty("token").GetString()!).PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { }, HttpStatusCode.OK);
        Assert.Equal(guest.GetProperty("participant").GetProperty("id").GetGuid(), again.GetProperty("participant").GetProperty("id").GetGuid());
        Assert.Equal("Gil", again.GetProperty("participant").GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_guest_who_signs_in_stays_one_participant()
    {
        var scene = await fixture.SceneAsync();
        var entry = $"/api/v1/events/{scene.EventId}/entry";
        var (guest, shown) = await GuestAsync(entry, "Gil");
        var (_, email) = await fixture.AddUserAsync("Gil Gardner");
        using var account = await fixture.SignedInAsync(email);

        // In another tab first, as a mailed link does it: two, until the guest's tab is heard of again.
        var inAnotherTab = await account.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        Assert.Equal(3, await EnteredAsync(scene));
        account.DefaultRequestHeaders.Authorization = shown;
        var here = await account.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        Assert.Equal((Id(inAnotherTab), "Gil Gardner"), (Id(here), here.GetProperty("participant").GetProperty("name").GetString()));
        Assert.Equal(2, await EnteredAsync(scene));
        Assert.Equal(Id(here), Id(await account.PostJsonAsync(entry, new { }, HttpStatusCode.OK)));

        using var api = await ExternalClient.IssueAsync(fixture, scene.OrganiserId);
        var listed = (await api.GetJsonAsync($"/external/v1/events/{scene.EventId}/participants")).GetProperty("items").EnumerateArray().Select(p => p.GetProperty("id").GetGuid()).ToList();
        Assert.Equal(2, listed.Count);
        Assert.DoesNotContain(guest, listed);

        // Signed out, the guest's token stands for nobody: one who is not counted would be in the event.
        using var left = fixture.Client();
        left.DefaultRequestHeaders.Authorization = shown;
        await left.PostAsJsonAsync(entry, new { name = "Gil" }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_invalid");
        var asleep = fixture.Bearer(fixture.EventToken(new EventPass(scene.EventId, guest, "Gil", "attendee"), new PastTime(TimeSpan.FromHours(1))));
        Assert.NotEqual(guest, Id(await asleep.PostJsonAsync(entry, new { name = "Gil" }, HttpStatusCode.OK)));
        Assert.Equal(3, await EnteredAsync(scene));

        // Nor is it taken over by a second account.
        var (_, other) = await fixture.AddUserAsync("Olga Other");
        using var second = await fixture.SignedInAsync(other);
        second.DefaultRequestHeaders.Authorization = shown;
        Assert.NotEqual(Id(here), Id(await second.PostJsonAsync(entry, new { }, HttpStatusCode.OK)));
        Assert.Equal(4, await EnteredAsync(scene));
    }

    [Fact]
    public async Task A_guest_who_signs_in_is_still_put_out_of_what_the_guest_was_put_out_of()
    {
        var scene = await fixture.SceneAsync();
        var entry = $"/api/v1/events/{scene.EventId}/entry";
        var (guest, shown) = await GuestAsync(entry, "Bea");
        await BanAsync(scene.SessionId, guest);
        var (_, email) = await fixture.AddUserAsync("Bea");
        using var account = await fixture.SignedInAsync(email);
        account.DefaultRequestHeaders.Authorization = shown;
        var here = await account.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        using var pass = fixture.Bearer(here.GetProperty("token").GetString()!);
        await pass.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = false }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "participant_removed");

        // A tab may still be in a room as the guest: who is put out there is the account, and the guest's token that is not over yet opens nothing either.
        await BanAsync(scene.StageId, guest);
        using var old = fixture.Bearer(shown.Parameter!);
        foreach (var session in new[] { scene.SessionId, scene.StageId })
        {
            await pass.PostAsJsonAsync($"/api/v1/sessions/{session}/grants", new { publish = false }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "participant_removed");
            await old.PostAsJsonAsync($"/api/v1/sessions/{session}/grants", new { publish = false }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "participant_removed");
        }

        await fixture.Database.InTransactionAsync(async t => { await RoomRecords.ReadmitAsync(t, scene.StageId, guest); return 0; }, default);
        await pass.PostJsonAsync($"/api/v1/sessions/{scene.StageId}/grants", new { publish = false }, HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_token_is_not_renewed_beyond_the_sessions_of_its_account()
    {
        var scene = await fixture.SceneAsync();
        var (_, email) = await fixture.AddUserAsync();
        using var account = await fixture.SignedInAsync(email);
        var entry = $"/api/v1/events/{scene.EventId}/entry";
        var first = await account.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        using var alone = fixture.Bearer(first.GetProperty("token").GetString()!);
        var renewed = await alone.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        Assert.Equal(first.GetProperty("participant").GetProperty("id").GetGuid(), renewed.GetProperty("participant").GetProperty("id").GetGuid());

        Assert.Equal(HttpStatusCode.NoContent, (await account.PostAsync("/api/v1/me/sessions/end", null)).StatusCode);
        using var stolen = fixture.Bearer(renewed.GetProperty("token").GetString()!);
        await stolen.PostAsJsonAsync(entry, new { }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_invalid");

        // Who signs in again goes on as the same participant, with the old token or without.
        using var again = await fixture.SignedInAsync(email);
        again.DefaultRequestHeaders.Authorization = stolen.DefaultRequestHeaders.Authorization;
        var back = await again.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        Assert.Equal(first.GetProperty("participant").GetProperty("id").GetGuid(), back.GetProperty("participant").GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_token_does_not_stand_for_its_account_beside_the_cookie_of_another()
    {
        var scene = await fixture.SceneAsync();
        var entry = $"/api/v1/events/{scene.EventId}/entry";
        var organiser = (await scene.Account.PostJsonAsync(entry, new { }, HttpStatusCode.OK)).GetProperty("token").GetString();
        var (_, email) = await fixture.AddUserAsync("Next One");
        using var next = await fixture.SignedInAsync(email);
        next.DefaultRequestHeaders.Authorization = new("Bearer", organiser);
        await next.PostAsJsonAsync(entry, new { }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_invalid");

        // As the answer says, without it.
        next.DefaultRequestHeaders.Authorization = null;
        var own = (await next.PostJsonAsync(entry, new { }, HttpStatusCode.OK)).GetProperty("participant");
        Assert.Equal(("Next One", "attendee"), (own.GetProperty("name").GetString(), own.GetProperty("role").GetString()));
    }

    [Fact]
    public async Task A_grant_says_what_its_holder_may_do_and_two_tabs_are_two_identities()
    {
        var scene = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        var first = await guest.PostJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = true }, HttpStatusCode.OK);
        var second = await guest.PostJsonAsync($"/api/v1/sessions/{scene.SessionId}/grants", new { publish = false }, HttpStatusCode.OK);
        Assert.NotEqual(first.GetProperty("identity").GetString(), second.GetProperty("identity").GetString());
        Assert.Equal($"http://127.0.0.1:{fixture.Options.MediaHttpPort}", first.GetProperty("mediaUrl").GetString());

        var verifier = new GrantVerifier(JwtVerificationKey.AllFromPem(fixture.Keys.GrantPublicPem), TimeProvider.System);
        var rights = verifier.Verify(first.GetProperty("grant").GetString()).Value!.Rights;
        Assert.Equal(new RoomRights(scene.SessionId.ToString(), first.GetProperty("identity").GetString()!, "Gil Guest", "attendee", true, true, false) { GrantId = first.GetProperty("grantId").GetString(), IssuedAt = rights.IssuedAt }, rights);
        Assert.False(verifier.Verify(second.GetProperty("grant").GetString()).Value!.Rights.CanPublish);
    }

    [Fact]
    public async Task On_a_stage_attendees_only_watch()
    {
        var scene = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        await guest.PostAsJsonAsync($"/api/v1/sessions/{scene.StageId}/grants", new { publish = true }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "publish_not_allowed");
        await guest.PostJsonAsync($"/api/v1/sessions/{scene.StageId}/grants", new { publish = false }, HttpStatusCode.OK);
        await scene.Organiser.PostJsonAsync($"/api/v1/sessions/{scene.StageId}/grants", new { publish = true }, HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_token_of_one_event_opens_nothing_of_another()
    {
        var here = await fixture.SceneAsync();
        var there = await fixture.SceneAsync();
        await here.Organiser.PostAsJsonAsync($"/api/v1/sessions/{there.SessionId}/grants", new { }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await here.Organiser.PostAsJsonAsync($"/api/v1/sessions/{there.SessionId}/recordings", new { }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await here.Organiser.GetAsync($"/api/v1/events/{there.EventId}/recordings").ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await here.Organiser.PostAsJsonAsync($"/api/v1/events/{there.EventId}/entry", new { }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "wrong_event");
        await here.Organiser.PostAsJsonAsync($"/api/v1/sessions/{Guid.NewGuid()}/grants", new { }).ShouldRefuseAsync(HttpStatusCode.NotFound, "session_not_found");
    }

    [Fact]
    public async Task No_other_credential_passes_for_an_event_token()
    {
        var scene = await fixture.SceneAsync();
        var pass = new EventPass(scene.EventId, Guid.NewGuid(), "Eve", "organiser");
        var good = fixture.EventToken(pass);
        var parts = good.Split('.');
        var header = new { alg = "ES256", typ = "event+jwt", kid = KeyId(fixture.Keys.EventsPrivatePem) };
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        using var events = ECDsa.Create();
        events.ImportFromPem(fixture.Keys.EventsPrivatePem);
        var grantSigner = new GrantSigner(JwtSigningKey.FromPem(fixture.Keys.GrantPrivatePem), TimeProvider.System);
        var publicPem = events.ExportSubjectPublicKeyInfoPem();

        var refused = new Dictionary<string, (string Token, string Code)>
        {
            ["room grant"] = (grantSigner.Issue(new RoomRights(scene.SessionId.ToString(), "x", "x", "organiser", true, true, false), TimeSpan.FromHours(1)).Token, "event_token_invalid"),
            ["alg none"] = ($"{Part(new { alg = "none", typ = "event+jwt" })}.{parts[1]}.", "event_token_invalid"),
            ["HS256 with the public key"] = (Hs256(new { alg = "HS256", typ = "event+jwt", header.kid }, parts[1], publicPem), "event_token_invalid"),
            ["expired"] = (fixture.EventToken(pass, new PastTime(TimeSpan.FromHours(1))), "event_token_expired"),
            ["not valid yet"] = (fixture.EventToken(pass, new PastTime(TimeSpan.FromHours(-1))), "event_token_invalid"),
            ["wrong audience"] = (Es256(events, header, Replace(claims, "aud", "rtc")), "event_token_invalid"),
            ["wrong issuer"] = (Es256(events, header, Replace(claims, "iss", "others")), "event_token_invalid"),
            ["wrong type"] = (Es256(events, header with { typ = "rtc+jwt" }, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]))), "event_token_invalid"),
            ["unknown role"] = (Es256(events, header, Replace(claims, "role", "root")), "event_token_invalid"),
            ["tampered"] = ($"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Replace(claims, "role", "speaker")))}.{parts[2]}", "event_token_invalid"),
            ["node key"] = (fixture.Keys.NodeKey.Current, "event_token_invalid"),
            ["garbage"] = ("a.b.c", "event_token_invalid"),
            ["long garbage"] = (new string('x', 5000), "event_token_invalid"),
        };
        var path = $"/api/v1/events/{scene.EventId}/recordings";
        await fixture.Bearer(good).GetJsonAsync(path);
        foreach (var (name, (token, code)) in refused)
        {
            try
            {
                await fixture.Bearer(token).GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, code);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{name} was not refused: {e.Message}", e);
            }
        }

        await scene.Account.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_missing");
        await fixture.Client().GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_missing");
    }

    [Fact]
    public async Task An_event_token_opens_no_other_domain()
    {
        var scene = await fixture.SceneAsync();
        var token = fixture.EventToken(new EventPass(scene.EventId, Guid.NewGuid(), "Eve", "organiser"));
        await fixture.Bearer(token).GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        await fixture.Bearer(token).PostAsJsonAsync($"/api/v1/events/{scene.EventId}/sessions", new { name = "x", kind = "stage" }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        await fixture.Bearer(token).PostAsJsonAsync("/internal/nodes/media/events", new { epoch = Guid.NewGuid(), events = Array.Empty<object>() }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "node_key_invalid");
        var verifier = new GrantVerifier(JwtVerificationKey.AllFromPem(fixture.Keys.GrantPublicPem), TimeProvider.System);
        Assert.Equal("grant_invalid", verifier.Verify(token).Error?.Code);
    }

    [Fact]
    public async Task A_guest_whose_token_expired_comes_back_as_the_same_one_for_some_hours()
    {
        var scene = await fixture.SceneAsync();
        var path = $"/api/v1/events/{scene.EventId}/entry";
        var first = (await fixture.Client().PostJsonAsync(path, new { name = "Grace" }, HttpStatusCode.OK)).GetProperty("participant").GetProperty("id").GetGuid();
        var pass = new EventPass(scene.EventId, first, "Grace", "attendee");
        var asleep = fixture.EventToken(pass, new PastTime(TimeSpan.FromHours(1)));
        var again = await fixture.Bearer(asleep).PostJsonAsync(path, new { name = "Grace" }, HttpStatusCode.OK);
        Assert.Equal((first, 900), (again.GetProperty("participant").GetProperty("id").GetGuid(), again.GetProperty("expiresIn").GetInt32()));

        var longAgo = fixture.EventToken(pass, new PastTime(TimeSpan.FromHours(13)));
        var another = await fixture.Bearer(longAgo).PostJsonAsync(path, new { name = "Grace" }, HttpStatusCode.OK);
        Assert.NotEqual(first, another.GetProperty("participant").GetProperty("id").GetGuid());
        await fixture.Bearer(asleep).GetAsync($"/api/v1/events/{scene.EventId}/recordings").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_expired");

        // An account's token is worth nothing without the account.
        var organiser = (await scene.Account.PostJsonAsync(path, new { }, HttpStatusCode.OK)).GetProperty("participant").GetProperty("id").GetGuid();
        var taken = fixture.EventToken(new EventPass(scene.EventId, organiser, "Host", "organiser", Sessions: "of the account"), new PastTime(TimeSpan.FromHours(1)));
        var stranger = (await fixture.Bearer(taken).PostJsonAsync(path, new { name = "Host" }, HttpStatusCode.OK)).GetProperty("participant");
        Assert.NotEqual(organiser, stranger.GetProperty("id").GetGuid());
        Assert.Equal("attendee", stranger.GetProperty("role").GetString());
    }

    [Fact]
    public async Task An_expired_token_may_still_ask_to_enter_again()
    {
        var scene = await fixture.SceneAsync();
        var expired = fixture.EventToken(new EventPass(scene.EventId, Guid.NewGuid(), "Eve", "organiser"), new PastTime(TimeSpan.FromHours(1)));
        var entry = await fixture.Bearer(expired).PostJsonAsync($"/api/v1/events/{scene.EventId}/entry", new { name = "Eve" }, HttpStatusCode.OK);
        Assert.Equal("attendee", entry.GetProperty("participant").GetProperty("role").GetString());
    }

    private async Task<(Guid Id, AuthenticationHeaderValue Shown)> GuestAsync(string entry, string name)
    {
        var answer = await fixture.Client().PostJsonAsync(entry, new { name }, HttpStatusCode.OK);
        return (Id(answer), new("Bearer", answer.GetProperty("token").GetString()));
    }

    private static Guid Id(JsonElement entry) => entry.GetProperty("participant").GetProperty("id").GetGuid();

    private static async Task<int> EnteredAsync(Scene scene) => (await scene.Account.GetJsonAsync($"/api/v1/events/{scene.EventId}/dashboard")).GetProperty("people").GetProperty("entered").GetInt32();

    private Task BanAsync(Guid session, Guid participant) => fixture.Database.InTransactionAsync(async t => { await RoomRecords.BanAsync(t, session, participant); return 0; }, default);

    private static string KeyId(string pem)
    {
        using var key = JwtSigningKey.FromPem(pem);
        return key.KeyId;
    }

    private static string Part(object value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));

    private static string Es256(ECDsa key, object header, string claims)
    {
        var input = $"{Part(header)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    private static string Hs256(object header, string body, string secret)
    {
        var input = $"{Part(header)}.{body}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(input)))}";
    }

    private static string Replace(JsonElement claims, string name, string value)
    {
        var copy = claims.EnumerateObject().ToDictionary(p => p.Name, p => (object)p.Value);
        copy[name] = value;
        return JsonSerializer.Serialize(copy);
    }

    private sealed class PastTime(TimeSpan ago) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow - ago;
    }
}
