using System.Text.Json;
using Events.Rtc;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Journal;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Rtc.Signalling;

public sealed class RtcSignallingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events-composition-").FullName;
    private readonly JwtSigningKey _key = JwtSigningKey.Generate();

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Open_mode_is_refused_outside_of_development()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Services.AddSingleton<IRtcServer>(new FakeRtcServer());
        builder.Services.AddRtcSignalling(Options with { OpenWhip = true });
        await using WebApplication app = builder.Build();
        Assert.Throws<InvalidOperationException>(() => app.MapRtcSignalling());
    }

    [Fact]
    public async Task Before_the_real_rooms_people_meet_and_the_journal_tells_of_them()
    {
        await using MediaNode node = await MediaNode.StartAsync(realRooms: true);
        await using HubClient ada = await node.ConnectAsync();
        await using HubClient bob = await node.ConnectAsync();
        Assert.True((await ada.CallAsync("join", new { grant = node.Grant(identity: "ada") })).GetProperty("ok").GetBoolean());
        string token = (await bob.CallAsync("join", new { grant = node.Grant(identity: "bob") })).GetProperty("resumeToken").GetString()!;
        Assert.Equal("bob", (await ada.EventAsync("participantJoined")).GetProperty("identity").GetString());

        await using HubClient bobAgain = await node.ConnectAsync();
        Assert.Equal(2, (await bobAgain.CallAsync("resume", new { resumeToken = token })).GetProperty("participants").GetArrayLength()); // the caller among them
        Assert.StartsWith("sdp", (await bobAgain.CallAsync("publish", new { sdp = "hello", tracks = Array.Empty<object>() })).GetProperty("error").GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.True((await bobAgain.CallAsync("leave")).GetProperty("ok").GetBoolean());
        await ada.EventAsync("participantLeft");

        EventJournal journal = node.Service<EventJournal>();
        await journal.FlushAsync();
        List<string> types = [.. journal.Pending(10, long.MaxValue).Select(record => JsonDocument.Parse(record.Json).RootElement.GetProperty("type").GetString()!)];
        Assert.Equal(["participant.joined", "participant.joined", "participant.left"], types);
        using JsonDocument left = JsonDocument.Parse(journal.Pending(10, long.MaxValue)[2].Json);
        Assert.Equal("left", left.RootElement.GetProperty("data").GetProperty("reason").GetString());
        Assert.Equal("bob", left.RootElement.GetProperty("data").GetProperty("identity").GetString());
    }

    [Fact]
    public void Options_out_of_bounds_are_refused_at_start()
    {
        ServiceCollection services = new();
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { NodeKey = SecretRing.Of("short") }));
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { NodeName = "../up" }));
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { GrantPublicKeys = [] }));
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { HubCallBurst = 0 }));
    }

    private SignallingOptions Options => new()
    {
        GrantPublicKeys = [_key.ExportPublicPem()],
        NodeKey = SecretRing.Of(MediaNode.NodeKey),
        DataDirectory = _directory,
        NodeName = "media-1",
    };
}
