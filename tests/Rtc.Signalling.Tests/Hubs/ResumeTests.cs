using System.Text.Json;
using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Hubs;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Hubs;

public sealed class ResumeTests : IAsyncLifetime
{
    private MediaNode _node = null!;

    private FakeParticipant Participant => _node.Server.Participants.Values.Single();

    public async Task InitializeAsync() => _node = await MediaNode.StartAsync(options => options with { HubQueueLength = 50 });

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Within_the_grace_time_a_new_connection_takes_the_participant_over()
    {
        string token = await JoinAndDrop();
        _node.Time.Advance(TimeSpan.FromSeconds(9.9));

        await using HubClient again = await _node.ConnectAsync();
        JsonElement answer = await again.CallAsync("resume", new { resumeToken = token });

        Assert.True(RtcHubTests.Ok(answer));
        Assert.Equal(Participant.ParticipantId, answer.GetProperty("you").GetProperty("participantId").GetString());
        Assert.Equal(token, answer.GetProperty("resumeToken").GetString());
        Participant.Events!.ParticipantLeft("p7");
        Assert.Equal("p7", (await again.EventAsync("participantLeft")).GetProperty("participantId").GetString());
        _node.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.False(Participant.IsGone);
        Assert.True(RtcHubTests.Ok(await again.CallAsync("leave")));
    }

    [Fact]
    public async Task After_the_grace_time_the_participant_has_left()
    {
        string token = await JoinAndDrop();
        _node.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("connection_lost", Participant.LeftBecause);
        await using HubClient again = await _node.ConnectAsync();
        Assert.Equal("resume_expired", RtcHubTests.Code(await again.CallAsync("resume", new { resumeToken = token })));
        Assert.Equal(0, _node.Service<ResumeRegistry>().Count);
    }

    [Fact]
    public async Task A_resume_while_the_old_socket_still_stands_ends_the_old_one()
    {
        await using HubClient old = await _node.ConnectAsync();
        string token = await Join(old);
        await using HubClient next = await _node.ConnectAsync();

        Assert.True(RtcHubTests.Ok(await next.CallAsync("resume", new { resumeToken = token })));

        Assert.Equal("resumed_elsewhere", (await old.EventAsync("closed")).GetProperty("code").GetString());
        await old.Ended.WaitAsync(Wait.Deadline);
        _node.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.False(Participant.IsGone);
        Assert.True(RtcHubTests.Ok(await next.CallAsync("mute", new { trackId = "t", muted = true })));
    }

    [Fact]
    public async Task A_connection_that_was_superseded_speaks_for_nobody_from_then_on_and_is_told_why()
    {
        await using HubClient old = await _node.ConnectAsync();
        string token = await Join(old);
        IParticipantEvents former = Participant.Events!;
        old.Pause();
        SubscribeOffer large = new(1, new string('x', 1_000_000), []);
        for (int i = 0; i < 30; i++)
            former.SubscribeOffer(large); // more than the socket takes, so that the old connection still stands
        await using HubClient next = await _node.ConnectAsync();
        Assert.True(RtcHubTests.Ok(await next.CallAsync("resume", new { resumeToken = token })));

        Task<JsonElement> left = old.CallAsync("leave");
        former.ParticipantLeft("p6"); // by a worker that has not heard of the resume yet
        old.Continue();
        Assert.Equal("not_joined", RtcHubTests.Code(await left));
        Assert.Equal("resumed_elsewhere", (await old.EventAsync("closed")).GetProperty("code").GetString());
        Assert.False(Participant.IsGone);
        Participant.Events!.ParticipantLeft("p7");
        Assert.Equal("p7", (await next.EventAsync("participantLeft")).GetProperty("participantId").GetString());
    }

    [Fact]
    public async Task An_explicit_leave_ends_at_once_and_for_good()
    {
        await using HubClient client = await _node.ConnectAsync();
        string token = await Join(client);
        Assert.True(RtcHubTests.Ok(await client.CallAsync("leave")));
        Assert.Equal("left", Participant.LeftBecause);
        Assert.Equal("resume_expired", RtcHubTests.Code(await client.CallAsync("resume", new { resumeToken = token })));
    }

    [Fact]
    public async Task After_the_end_of_its_grant_a_session_cannot_be_resumed()
    {
        await using HubClient client = await _node.ConnectAsync();
        string token = await Join(client);
        _node.Time.Advance(TimeSpan.FromMinutes(6));
        client.Drop();
        await Wait.Until(() => Participant.Events is null, "the loss is seen");

        await using HubClient again = await _node.ConnectAsync();
        Assert.Equal("grant_expired", RtcHubTests.Code(await again.CallAsync("resume", new { resumeToken = token })));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_dropped_and_resumes_with_a_snapshot()
    {
        await using HubClient slow = await _node.ConnectAsync();
        string token = await Join(slow);
        slow.Pause();
        IParticipantEvents events = Participant.Events!;
        SubscribeOffer large = new(1, new string('x', 100_000), []);
        // Socket buffers swallow the first few MB; then the queue fills.
        await Wait.Until(
            () =>
            {
                for (int i = 0; i < 20; i++)
                    events.SubscribeOffer(large);
                return Participant.Events is null;
            },
            "the slow client is dropped");

        await using HubClient again = await _node.ConnectAsync();
        Assert.True(RtcHubTests.Ok(await again.CallAsync("resume", new { resumeToken = token })));
        slow.Continue();
    }

    [Fact]
    public async Task Foreign_tokens_find_nothing()
    {
        await using HubClient client = await _node.ConnectAsync();
        await Join(client);
        await using HubClient thief = await _node.ConnectAsync();
        Assert.Equal("resume_expired", RtcHubTests.Code(await thief.CallAsync("resume", new { resumeToken = new string('A', 43) })));
    }

    private async Task<string> Join(HubClient client) =>
        (await client.CallAsync("join", new { grant = _node.Grant() })).GetProperty("resumeToken").GetString()!;

    private async Task<string> JoinAndDrop()
    {
        await using HubClient client = await _node.ConnectAsync();
        string token = await Join(client);
        client.Drop();
        await Wait.Until(() => Participant.Events is null, "the loss is seen");
        return token;
    }
}
