using System.Text.Json;
using Events.Platform.Composition;
using Events.Rtc.Signalling.Tokens;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Events.Platform.Features.Nodes;

/// <param name="Epoch">Of the node's journal.</param>
/// <param name="Events">In order.</param>
public sealed record NodeBatch(Guid Epoch, IReadOnlyList<NodeEvent>? Events);

/// <param name="Seq">Counts from 1 within the epoch.</param>
/// <param name="At">When it happened, by the node's clock.</param>
/// <param name="Type">See docs/api.md, "Events of nodes".</param>
/// <param name="Data">As the type says.</param>
public sealed record NodeEvent(long Seq, DateTimeOffset At, string? Type, JsonElement Data);

public sealed record NodeAck(long Ack);

/// <summary>Where nodes report what happened on them; they show the node key.</summary>
internal static class NodesApi
{
    // The journal sends up to 512 KB, or one event of up to 1 MB (JournalDelivery).
    private const int MaxBatchBytes = 4 * 1024 * 1024;
    private const int MaxEvents = 1_000;

    public static void AddNodes(this IServiceCollection services)
    {
        services.AddSingleton<NodeEvents>();
        services.AddHostedService<NodeWatch>();
    }

    public static void MapNodes(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/internal/nodes/{node}/events", ReceiveAsync).WithMetadata(new RequestSizeLimitAttribute(MaxBatchBytes)).AddEndpointFilter(NodeKeyFilter.RequireAsync).ExcludeFromDescription();

    private static async Task<Results<Ok<NodeAck>, ProblemHttpResult>> ReceiveAsync(string node, NodeBatch batch, NodeEvents events, CancellationToken cancel)
    {
        if (!GrantFormat.IsRoomName(node))
        {
            return ApiError.BadRequest("node_invalid", "A node's name is 1 to 64 of letters, digits and ._~-.").ToResult();
        }

        if (batch.Epoch == Guid.Empty || batch.Events is not { Count: <= MaxEvents } list || list.Any(e => e is null || e.Seq < 1))
        {
            return ApiError.BadRequest("batch_invalid", $"A batch has an epoch and up to {MaxEvents} events with a 'seq' from 1.").ToResult();
        }

        if (list.Zip(list.Skip(1)).Any(pair => pair.First.Seq >= pair.Second.Seq))
        {
            return ApiError.BadRequest("events_out_of_order", "The events of a batch must be in order of 'seq'.").ToResult();
        }

        return TypedResults.Ok(new NodeAck(await events.ApplyAsync(node, batch.Epoch, list, cancel)));
    }
}
