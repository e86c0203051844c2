using System.Text.Json;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>Chromium's SCTP and ours: two who publish, and one who only watches, by the data channels of their sessions.</summary>
[Collection(SharedInstallation.Name)]
public sealed class DataChannelTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_thousand_messages_of_each_kind_reach_the_room_and_a_named_one_only_whom_it_names()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Data channels");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var cleo = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsGuestAsync(session, "Ada", data: true);
        await ben.OpenAsGuestAsync(session, "Ben", data: true);
        await cleo.OpenAsGuestAsync(session, "Cleo", data: true);
        await ada.JoinAsync();
        await ben.JoinAsync();
        await cleo.JoinAsync("join-view");
        foreach (var person in new[] { ada, ben, cleo })
        {
            await ListenAsync(person);
            await ChannelsOpenAsync(person);
        }

        // Numbers in messages of 4 to 303 bytes; paced, because lossy ones are dropped when they wait.
        await ada.Page.EvaluateAsync(
            """
            async () => {
              for (let i = 0; i < 1000; i++) {
                const bytes = new Uint8Array(4 + (i * 7) % 300);
                new DataView(bytes.buffer).setUint32(0, i + 1);
                window.eventsRtc.sendData(bytes);
                window.eventsRtc.sendData(bytes.slice(0, 100), { reliable: false });
                if (i % 10 === 9) await new Promise((done) => setTimeout(done, 10));
              }
            }
            """);
        var adaId = await ada.ParticipantIdAsync();
        foreach (var person in new[] { ben, cleo })
        {
            await Until.True("every reliable message", Patience, async () => (await HeardAsync(person)).Reliable.Count >= 1_000);
            var heard = await HeardAsync(person);
            Output.WriteLine($"reliable {heard.Reliable.Count}, lossy {heard.Lossy.Count}");
            Assert.Equal(Enumerable.Range(1, 1_000), heard.Reliable);
            Assert.Equal(heard.Lossy.Count, heard.Lossy.Distinct().Count());
            Assert.InRange(heard.Lossy.Count, 500, 1_000);
            Assert.Equal([adaId], heard.From);
        }

        // The longest there is, to one; the viewer may not send; what comes after shows that nothing came before it.
        await cleo.Page.EvaluateAsync("() => window.eventsRtc.sendData(new Uint8Array([0, 0, 0, 9]))");
        await ben.Page.EvaluateAsync(
            """
            (to) => {
              const bytes = new Uint8Array(16384);
              new DataView(bytes.buffer).setUint32(0, 5000);
              window.eventsRtc.sendData(bytes, { to: [to] });
              window.eventsRtc.sendData(new Uint8Array([0, 0, 0x17, 0x70]));
            }
            """,
            adaId);
        await Until.True("Ben's messages", Patience, async () => (await HeardAsync(ada)).Reliable.Count == 2 && (await HeardAsync(cleo)).Reliable.Count == 1_001);
        Assert.Equal([5_000, 6_000], (await HeardAsync(ada)).Reliable);
        Assert.Equal(6_000, (await HeardAsync(cleo)).Reliable[^1]);
        Assert.Equal(1_000, (await HeardAsync(ben)).Reliable.Count);
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors, .. cleo.Errors]);
    }

    private static Task ListenAsync(RoomPage person) => person.Page.EvaluateAsync(
        """
        () => {
          window.heard = { reliable: [], lossy: [], from: [] };
          window.eventsRtc.events.on('data', ({ from, bytes, reliable }) => {
            if (bytes.length < 4) return;
            window.heard[reliable ? 'reliable' : 'lossy'].push(new DataView(bytes.buffer).getUint32(0));
            if (!window.heard.from.includes(from)) window.heard.from.push(from);
          });
        }
        """);

    /// <summary>A message of one byte, which listeners pass over, is taken by both.</summary>
    private static Task ChannelsOpenAsync(RoomPage person) => Until.True(
        "both channels are open",
        Patience,
        () => person.Page.EvaluateAsync<bool>(
            """
            () => {
              try {
                for (const reliable of [true, false]) window.eventsRtc.sendData(new Uint8Array(1), { reliable });
                return true;
              } catch (error) {
                if (error.code === 'data_not_open') return false;
                throw error;
              }
            }
            """));

    private static async Task<Heard> HeardAsync(RoomPage person) =>
        (await person.Page.EvaluateAsync<JsonElement>("() => window.heard")).Deserialize<Heard>(JsonSerializerOptions.Web)!;

    private sealed record Heard(IReadOnlyList<int> Reliable, IReadOnlyList<int> Lossy, IReadOnlyList<string> From);
}
