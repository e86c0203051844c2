using System.Text.Json;
using Events.Rtc.Signalling.Hubs;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Hubs;

/// <summary>A client's network goes away: nothing says so, nothing comes any more.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private MediaNode _node = null!;

    private FakeParticipant Participant => _node.Server.Participants.Values.Single();

    // SignalR counts silence in real time; all else is the node's own time.
    public async Task InitializeAsync() => _node = await MediaNode.StartAsync(options => options with { SocketSilence = TimeSpan.FromSeconds(5) });

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Theory]
    [InlineData(25)]
    [InlineData(84)]
    public async Task An_outage_of_such_length_is_no_new_join(int seconds)
    {
        string token = await JoinAndFallSilent();
        string before = Participant.ParticipantId;
        _node.Time.Advance(TimeSpan.FromSeconds(seconds));

        await using HubClient again = await _node.ConnectAsync();
        JsonElement answer = await again.CallAsync("resume", new { resumeToken = token });
        Assert.True(RtcHubTests.Ok(answer));
        Assert.Equal(before, answer.GetProperty("you").GetProperty("participantId").GetString());
    }

    [Fact]
    public async Task After_an_outage_of_two_minutes_the_participant_has_left()
    {
        await JoinAndFallSilent();
        _node.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("connection_lost", Participant.LeftBecause);
    }

    [Fact]
    public async Task An_outage_does_not_outlast_the_grant()
    {
        await JoinAndFallSilent(TimeSpan.FromMinutes(4) + TimeSpan.FromSeconds(30)); // grants of this node live 5 minutes
        _node.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(Participant.IsGone);
        _node.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("connection_lost", Participant.LeftBecause);
    }

    private async Task<string> JoinAndFallSilent(TimeSpan into = default)
    {
        await using HubClient client = await _node.ConnectAsync();
        string token = (await client.CallAsync("join", new { grant = _node.Grant() })).GetProperty("resumeToken").GetString()!;
        await client.SendRawAsync("""{"type":6}"""); // SignalR counts the silence of those that have pinged
        _node.Time.Advance(into);
        await Wait.Until(() => Participant.Events is null, "the silence is heard");
        Assert.Equal(1, _node.Service<ResumeRegistry>().Count);
        return token;
    }
}
