using System.Text.Json;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;
using Npgsql;

namespace Events.Platform.Features.Nodes;

/// <summary>
/// Asks the media node now and then who is there, and sets presence right where its events could not: a node whose disk takes nothing has them refused.
/// Seldom, because each answer names everybody.
/// </summary>
internal sealed class NodeWatch(NodeOptions options, NodeKeys keys, Database database, TimeProvider clock, ILogger<NodeWatch> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var http = NodeClient.Create(options, keys);
        http.Timeout = TimeSpan.FromSeconds(3);
        using var timer = new PeriodicTimer(Every, clock);
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                await LookAsync(http, stoppingToken);
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or NpgsqlException or TimeoutException or InvalidOperationException or KeyNotFoundException
                || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                NodesLog.MediaAway(log, e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public async Task LookAsync(HttpClient http, CancellationToken cancel)
    {
        // Read before the node is asked: whoever had a row then, and is not there, has left. Whoever comes meanwhile is not looked at. No clock is, either: that of a node on
        // another machine says nothing here.
        IReadOnlyList<string> before;
        await using (var connection = await database.OpenAsync(cancel))
        {
            before = await Presence.OnAsync(connection, MediaRole.NodeName);
        }

        if (before.Count == 0)
        {
            return;
        }

        using var response = await http.GetAsync(new Uri(options.MediaUrl, "/node/rooms"), cancel);
        response.EnsureSuccessStatusCode();
        using var answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancel), cancellationToken: cancel);
        var present = answer.RootElement.GetProperty("rooms").EnumerateArray()
            .SelectMany(room => room.GetProperty("participants").EnumerateArray())
            .Select(participant => participant.GetProperty("participantId").GetString()!)
            .ToHashSet();
        if (before.Where(id => !present.Contains(id)).ToList() is { Count: > 0 } gone)
        {
            await using var connection = await database.OpenAsync(cancel);
            await Presence.ForgetAsync(connection, MediaRole.NodeName, gone);
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken cancel)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
