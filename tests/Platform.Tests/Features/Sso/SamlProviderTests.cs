using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>Signing in by an identity provider that we have not written: pysaml2.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class SamlProviderTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_person_signs_in_by_a_real_provider()
    {
        var directory = Directory.CreateTempSubdirectory("events-saml-").FullName;
        try
        {
            var (key, certificate) = SamlStandIn.NewCertificate();
            await File.WriteAllTextAsync(Path.Combine(directory, "key.pem"), key.ExportPkcs8PrivateKeyPem());
            await File.WriteAllTextAsync(Path.Combine(directory, "cert.pem"), certificate.ExportCertificatePem());
            var port = PlatformFixture.FreePort();
            await using var provider = await ChildProgram.StartAsync("/usr/bin/python3", ChildProgram.Source("samlProvider.py"), port.ToString(), directory);
            using var http = new HttpClient();
            var company = await Company.FoundAsync(fixture);
            var connection = await company.ConnectAsync(await http.GetStringAsync($"http://127.0.0.1:{port}/metadata"));
            var id = connection.GetProperty("id").GetGuid();

            // Our metadata is good enough for it to import.
            using var ours = await fixture.Client().GetAsync(connection.GetProperty("metadataUrl").GetString());
            Assert.Equal("application/samlmetadata+xml", ours.Content.Headers.ContentType!.MediaType);
            using var imported = await http.PostAsync($"http://127.0.0.1:{port}/sp", new StringContent(await ours.Content.ReadAsStringAsync()));
            Assert.Equal(HttpStatusCode.OK, imported.StatusCode);

            foreach (var sign in new[] { "assertion", "response", "both" })
            {
                using var browser = fixture.Client();
                var asked = await Company.StartAsync(browser, id, "/e/some-event");
                var answer = await http.GetAsync($"{asked.AbsoluteUri}&user=alice@{company.Domain}&sign={sign}");
                Assert.True(answer.IsSuccessStatusCode, provider.Errors);
                var fields = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
                using var response = await PostAsync(browser, id, Encoding.UTF8.GetBytes(fields.GetProperty("xml").GetString()!), fields.GetProperty("relayState").GetString()!);
                Assert.True(response.StatusCode == HttpStatusCode.SeeOther, $"{sign}: {await response.Content.ReadAsStringAsync()}");
                using var finished = await browser.GetAsync(response.Headers.Location);
                Assert.True(finished.StatusCode == HttpStatusCode.Redirect, $"{sign}: {await finished.Content.ReadAsStringAsync()}");
                Assert.Equal("/e/some-event", finished.Headers.Location!.OriginalString);
                var me = (await browser.GetJsonAsync("/api/v1/me")).GetProperty("user");
                Assert.Equal($"alice@{company.Domain}", me.GetProperty("email").GetString());
                Assert.Equal("Person alice", me.GetProperty("name").GetString());
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_response_counts_once_and_in_the_browser_that_asked()
    {
        using var provider = new SamlStandIn();
        var company = await Company.FoundAsync(fixture);
        var connection = await company.ConnectAsync(provider.Metadata());
        var id = connection.GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        var asked = await Company.StartAsync(browser, id);
        Assert.StartsWith("https://idp.example/sso?tenant=1&SAMLRequest=", asked.AbsoluteUri, StringComparison.Ordinal);
        var relayState = OidcStandIn.Parameter(asked, "RelayState");
        var claims = new SamlClaims(connection.GetProperty("acsUrl").GetString()!, connection.GetProperty("metadataUrl").GetString()!, RequestId(asked), $"bob@{company.Domain}");
        var bytes = SamlStandIn.Bytes(provider.Signed(claims));

        using var accepted = await PostAsync(browser, id, bytes, relayState);
        Assert.Equal(HttpStatusCode.SeeOther, accepted.StatusCode);
        await PostAsync(browser, id, bytes, relayState).ShouldRefuseAsync(HttpStatusCode.Forbidden, "saml_replayed");

        // Neither the address that the first browser is led to nor the response works in another one, even one with a sign-in of its own.
        using var thief = fixture.Client();
        var thiefAsked = await Company.StartAsync(thief, id);
        await thief.GetAsync(accepted.Headers.Location).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");
        var swapped = accepted.Headers.Location!.OriginalString.Replace(relayState, OidcStandIn.Parameter(thiefAsked, "RelayState"), StringComparison.Ordinal);
        await thief.GetAsync(swapped).ShouldRefuseAsync(HttpStatusCode.Forbidden, "saml_unsolicited");

        using var finished = await browser.GetAsync(accepted.Headers.Location);
        Assert.Equal(HttpStatusCode.Redirect, finished.StatusCode);
        await browser.GetAsync(accepted.Headers.Location).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");
        Assert.Equal(0, await company.ScalarAsync<int>("select count(*)::int from platform.users where email = @Email", new { Email = $"mallory@{company.Domain}" }));
    }

    [Fact]
    public async Task What_is_no_response_is_refused_with_a_code()
    {
        using var provider = new SamlStandIn();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider.Metadata())).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        await browser.PostAsync($"/sso/{id}/acs", new StringContent("{}")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "saml_malformed");
        await browser.PostAsync($"/sso/{id}/acs", new FormUrlEncodedContent([new("SAMLResponse", "%%%"), new("RelayState", "x")])).ShouldRefuseAsync(HttpStatusCode.BadRequest, "saml_malformed");
        await PostAsync(browser, id, "<a/>"u8.ToArray(), "x").ShouldRefuseAsync(HttpStatusCode.Forbidden, "saml_malformed");
        await PostAsync(browser, Guid.NewGuid(), "<a/>"u8.ToArray(), "x").ShouldRefuseAsync(HttpStatusCode.NotFound, "sso_connection_not_found");
        await PostAsync(browser, id, RandomNumberGenerator.GetBytes(400_000), "x").ShouldRefuseAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Fact]
    public async Task Certificates_overlap_and_the_old_one_is_taken_away()
    {
        using var provider = new SamlStandIn();
        using var next = new SamlStandIn();
        using var afterNext = new SamlStandIn();
        var company = await Company.FoundAsync(fixture);
        var connection = await company.ConnectAsync(provider.Metadata());
        var path = $"{company.Path}/connections/{connection.GetProperty("id").GetGuid()}";
        Assert.Equal(1, connection.GetProperty("certificates").GetArrayLength());

        var overlapping = await company.Admin.PatchJsonAsync(path, new { metadata = next.Metadata() });
        Assert.Equal([Hash(next), Hash(provider)], Pinned(overlapping));
        Assert.Equal([Hash(afterNext), Hash(next)], Pinned(await company.Admin.PatchJsonAsync(path, new { metadata = afterNext.Metadata() })));
        using (var removed = await company.Admin.DeleteAsync($"{path}/certificates/{Hash(next)}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await company.Admin.DeleteAsync($"{path}/certificates/{Hash(afterNext)}").ShouldRefuseAsync(HttpStatusCode.Conflict, "sso_certificate_last");
        await company.Admin.DeleteAsync($"{path}/certificates/{Hash(next)}").ShouldRefuseAsync(HttpStatusCode.NotFound, "sso_certificate_not_found");
        await company.Admin.PatchAsync(path, Http.Json(new { metadata = next.Metadata().Replace(SamlStandIn.EntityId, "https://other.example", StringComparison.Ordinal) })).ShouldRefuseAsync(HttpStatusCode.BadRequest, "sso_issuer_changes");

        static string Hash(SamlStandIn of) => Convert.ToHexStringLower(SHA256.HashData(of.Der));
        static string[] Pinned(JsonElement of) => [.. of.GetProperty("certificates").EnumerateArray().Select(c => c.GetProperty("sha256").GetString()!)];
    }

    public static Task<HttpResponseMessage> PostAsync(HttpClient browser, Guid id, byte[] response, string relayState) =>
        browser.PostAsync($"/sso/{id}/acs", new FormUrlEncodedContent([new("SAMLResponse", Convert.ToBase64String(response)), new("RelayState", relayState)]));

    public static string RequestId(Uri asked)
    {
        using var packed = new MemoryStream(Convert.FromBase64String(OidcStandIn.Parameter(asked, "SAMLRequest")));
        using var reader = new StreamReader(new System.IO.Compression.DeflateStream(packed, System.IO.Compression.CompressionMode.Decompress));
        return SamlStandIn.Parse(reader.ReadToEnd()).DocumentElement!.GetAttribute("ID");
    }
}
