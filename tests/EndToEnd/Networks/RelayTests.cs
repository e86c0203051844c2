using System.Text.Json;
using Events.Tests.EndToEnd.Browsers;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Networks;

/// <summary>TURN through a real coturn, with credentials of the platform's making.</summary>
[Collection(DistantCollection.Name)]
public sealed class RelayTests(DistantInstallation installation, ITestOutputHelper output) : DistantTest(installation, output)
{
    /// <summary>Every peer connection of the page uses relays alone, as behind a firewall that knows one server only.</summary>
    private const string RelayOnly = """
        (() => {
          const Real = window.RTCPeerConnection;
          window.RTCPeerConnection = class extends Real {
            constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'relay' }); }
            setConfiguration(configuration) { super.setConfiguration({ ...configuration, iceTransportPolicy: 'relay' }); }
          };
        })();
        """;

    private const string Gather = """
        async ([urls, username, credential]) => {
          const pc = new RTCPeerConnection({ iceServers: [{ urls, username, credential }], iceTransportPolicy: 'relay' });
          const candidates = [], errors = [];
          const done = new Promise((resolve) => {
            pc.addEventListener('icecandidateerror', (e) => {
              errors.push(e.errorCode);
              if (e.errorCode !== 701) resolve(); // 701: an address family without a way there
            });
            pc.addEventListener('icecandidate', (e) => e.candidate?.candidate && resolve(candidates.push(e.candidate.candidate)));
          });
          pc.createDataChannel('x');
          await pc.setLocalDescription();
          await Promise.race([done, new Promise((late) => setTimeout(late, 40000))]);
          pc.close();
          return { candidates, errors };
        }
        """;

    [Fact]
    public async Task Who_reaches_a_relay_only_publishes_and_watches_through_it()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Over a relay");
        var relayed = await PersonAsync(Installation.PublicUrl);
        await relayed.Page.AddInitScriptAsync(RelayOnly);
        var direct = await PersonAsync(Installation.PublicUrl);
        foreach (var (person, name) in new[] { (relayed, "Rela"), (direct, "Dirk") })
        {
            await person.OpenAsGuestAsync(session, name);
            await person.JoinAsync();
        }

        foreach (var person in new[] { relayed, direct })
        {
            await person.SeeOthersAsync(1);
            await person.SeesMotionAsync(TimeSpan.FromSeconds(30));
        }

        var paths = await relayed.PathsAsync();
        Output.WriteLine(string.Join(", ", paths));
        Assert.Equal(2, paths.Count);
        Assert.All(paths, path => Assert.Equal("relay", path.Type));
        Assert.DoesNotContain(await direct.PathsAsync(), path => path.Type == "relay");
    }

    [Fact]
    public async Task Coturn_lets_in_what_is_signed_and_not_over_and_nothing_else()
    {
        var person = await PersonAsync(Installation.PublicUrl);
        await person.Page.GotoAsync("/");
        var now = DateTimeOffset.UtcNow;

        var good = await GatherAsync(person, Coturn.Credentials(now.AddHours(1)));
        Assert.NotEmpty(good.Candidates);
        Assert.All(good.Candidates, c => Assert.Contains($" {Internet.RelayAddress} ", c, StringComparison.Ordinal));

        foreach (var refused in new[] { Coturn.Credentials(now.AddSeconds(-60)), Coturn.Credentials(now.AddHours(1), "another secret, not coturn's"), Extended(now) })
        {
            var (candidates, errors) = await GatherAsync(person, refused);
            Assert.Empty(candidates);
            Assert.Contains(401, errors);
        }
    }

    /// <summary>An old name's signature under a later end.</summary>
    private static (string, string) Extended(DateTimeOffset now) =>
        ($"{now.AddHours(9).ToUnixTimeSeconds()}:someone", Coturn.Credentials(now.AddSeconds(-60)).Credential);

    private async Task<(IReadOnlyList<string> Candidates, IReadOnlyList<int> Errors)> GatherAsync(RoomPage person, (string Username, string Credential) credentials)
    {
        var answer = await person.Page.EvaluateAsync<JsonElement>(Gather, (object[])[Coturn.Urls.Split(','), credentials.Username, credentials.Credential]);
        Output.WriteLine(answer.ToString());
        return (
            [.. answer.GetProperty("candidates").EnumerateArray().Select(c => c.GetString()!)],
            [.. answer.GetProperty("errors").EnumerateArray().Select(e => e.GetInt32())]);
    }
}
