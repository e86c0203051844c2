using System.Net;
using System.Net.Http.Json;
using Dapper;
using Events.Platform.Features.Nodes;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class NodesTests(PlatformFixture fixture)
{
    private readonly string _node = $"media-{Guid.NewGuid():N}";

    private static object Joined(long seq, string room, string participant) =>
        new { seq, at = DateTimeOffset.UtcNow, type = "participant.joined", data = new { room, participantId = participant, identity = participant, name = "Someone", role = "attendee" } };

    private static object Left(long seq, string room, string participant) =>
        new { seq, at = DateTimeOffset.UtcNow, type = "participant.left", data = new { room, participantId = participant, identity = participant, name = "Someone", role = "attendee", reason = "left" } };

    private async Task<long> PostAsync(Guid epoch, params object[] events)
    {
        using var node = fixture.Node();
        return (await node.PostJsonAsync($"/internal/nodes/{_node}/events", new { epoch, events }, HttpStatusCode.OK)).GetProperty("ack").GetInt64();
    }

    private async Task<int> CountAsync(Scene scene) =>
        (await fixture.Client().GetJsonAsync($"/api/v1/events/{scene.EventId}")).GetProperty("sessions").EnumerateArray()
            .Single(s => s.GetProperty("id").GetGuid() == scene.SessionId).GetProperty("participants").GetInt32();

    [Fact]
    public async Task Presence_follows_the_events_and_what_comes_again_counts_once()
    {
        var scene = await fixture.SceneAsync();
        var room = scene.SessionId.ToString();
        var epoch = Guid.NewGuid();
        Assert.Equal(2, await PostAsync(epoch, Joined(1, room, "a"), Joined(2, room, "b")));
        Assert.Equal(2, await CountAsync(scene));
        Assert.Equal(3, await PostAsync(epoch, Joined(2, room, "b"), Left(3, room, "a")));
        Assert.Equal(1, await CountAsync(scene));

        // Deliveries that were overtaken: acknowledged with what is known, applied no more.
        Assert.Equal(3, await PostAsync(epoch, Joined(1, room, "a"), Joined(2, room, "b")));
        Assert.Equal(1, await CountAsync(scene));
    }

    [Fact]
    public async Task A_new_epoch_counts_from_one_again()
    {
        var scene = await fixture.SceneAsync();
        var room = scene.SessionId.ToString();
        Assert.Equal(7, await PostAsync(Guid.NewGuid(), Joined(7, room, "a")));
        Assert.Equal(1, await PostAsync(Guid.NewGuid(), Left(1, room, "a")));
        Assert.Equal(0, await CountAsync(scene));
    }

    /// <summary>A process that was killed reports nobody's leaving.</summary>
    [Fact]
    public async Task Who_was_on_a_node_before_it_started_is_gone()
    {
        var scene = await fixture.SceneAsync();
        var room = scene.SessionId.ToString();
        var epoch = Guid.NewGuid();
        Assert.Equal(2, await PostAsync(epoch, Joined(1, room, "a"), Joined(2, room, "b")));
        Assert.Equal(4, await PostAsync(epoch, new { seq = 3, at = DateTimeOffset.UtcNow, type = "node.started", data = new { } }, Joined(4, room, "c")));
        Assert.Equal(1, await CountAsync(scene));
        Assert.Equal(4, await PostAsync(epoch, new { seq = 3, at = DateTimeOffset.UtcNow, type = "node.started", data = new { } })); // Once.
        Assert.Equal(1, await CountAsync(scene));
    }

    [Fact]
    public async Task Two_deliveries_at_once_apply_each_event_once()
    {
        var scene = await fixture.SceneAsync();
        var room = scene.SessionId.ToString();
        var epoch = Guid.NewGuid();
        var acks = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(epoch, [.. Enumerable.Range(1, 20).Select(i => i % 2 == 1 ? Joined(i, room, $"p{i}") : Left(i, room, $"p{i - 3}"))])));
        Assert.All(acks, ack => Assert.Equal(20, ack));
        Assert.Equal(1, await CountAsync(scene));
    }

    [Fact]
    public async Task One_event_that_cannot_be_applied_does_not_hold_up_the_next()
    {
        var scene = await fixture.SceneAsync();
        var room = scene.SessionId.ToString();
        Assert.Equal(6, await PostAsync(
            Guid.NewGuid(),
            new { seq = 1, at = DateTimeOffset.UtcNow, type = "participant.joined", data = new { room = 5 } },
            new { seq = 2, at = DateTimeOffset.UtcNow, type = "participant.joined", data = (object?)null },
            Joined(3, room, "nul\0byte"),
            new { seq = 4, at = DateTimeOffset.UtcNow, type = "recording.progress", data = new { recordingId = "no id", progress = 2 } },
            new { seq = 5, at = DateTimeOffset.UtcNow, type = "of.the.future", data = new { } },
            Joined(6, room, "a")));
        Assert.Equal(1, await CountAsync(scene));
    }

    [Fact]
    public async Task A_batch_out_of_order_or_without_the_key_is_refused()
    {
        using var node = fixture.Node();
        await node.PostAsJsonAsync($"/internal/nodes/{_node}/events", new { epoch = Guid.NewGuid(), events = new[] { Joined(2, "r", "a"), Joined(1, "r", "b") } }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "events_out_of_order");
        await node.PostAsJsonAsync($"/internal/nodes/{_node}/events", new { epoch = Guid.Empty, events = Array.Empty<object>() }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "batch_invalid");
        await node.PostAsJsonAsync("/internal/nodes/a%20b/events", new { epoch = Guid.NewGuid(), events = Array.Empty<object>() }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "node_invalid");
        await fixture.Client().PostAsJsonAsync($"/internal/nodes/{_node}/events", new { epoch = Guid.NewGuid(), events = Array.Empty<object>() }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "node_key_invalid");
    }

    /// <summary>Whose row is gone, and whose stays, whatever a node's clock said as they came.</summary>
    [Fact]
    public async Task Presence_is_set_right_by_what_the_node_says_and_by_no_clock()
    {
        var (here, gone, coming) = ($"here-{Guid.NewGuid():N}", $"gone-{Guid.NewGuid():N}", $"coming-{Guid.NewGuid():N}");
        await ComesAsync(here, TimeSpan.Zero);
        await ComesAsync(gone, TimeSpan.FromHours(1));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var port = PlatformFixture.FreePort();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        await using var node = builder.Build();
        node.MapGet("/node/rooms", async () =>
        {
            // Comes after the node has looked, and is in a row before the platform has its answer.
            await ComesAsync(coming, TimeSpan.FromHours(-1));
            return Results.Json(new { rooms = new[] { new { participants = new[] { new { participantId = here } } } } });
        });
        await node.StartAsync();
        using var http = new HttpClient();
        using var watch = new NodeWatch(fixture.Options with { MediaHttpPort = port }, fixture.Keys, fixture.Database, TimeProvider.System, NullLogger<NodeWatch>.Instance);
        await watch.LookAsync(http, CancellationToken.None);

        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        var left = (await connection.QueryAsync<string>("select participant_id from platform.room_participants where node = 'media' and participant_id = any(@All) order by 1", new { All = new[] { here, gone, coming } })).AsList();
        Assert.Equal([coming, here], left);
        await connection.ExecuteAsync("delete from platform.room_participants where participant_id = any(@left)", new { left });
    }

    /// <param name="clock">How far the node's is ahead.</param>
    private async Task ComesAsync(string participant, TimeSpan clock)
    {
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync(
            "insert into platform.room_participants (node, participant_id, room, identity, name, role, joined_at) values ('media', @participant, 'room', 'x', 'Vera', 'attendee', now() + @clock)", new { participant, clock });
    }
}
