using Events.Mixer;
using Events.Platform.Composition;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Roles;

/// <summary>What the platform may ask of a mixer (docs/api.md, "Mixer node"). Every call may be repeated.</summary>
internal static class MixerNodeApi
{
    private static readonly ApiError NotFound = ApiError.NotFound("recording_not_found", "This mixer does not know the recording.");

    public static void MapMixerNode(this IEndpointRouteBuilder routes)
    {
        var node = routes.MapGroup("/node/recordings").AddEndpointFilter(NodeKeyFilter.RequireAsync);
        node.MapPost("", async Task<Results<Accepted<RecordingSnapshot>, ProblemHttpResult>> (StartRecording request, IMixer mixer, CancellationToken cancel) =>
            Answer(await mixer.StartAsync(request, cancel)));
        node.MapPost("/{id}/stop", async Task<Results<Accepted<RecordingSnapshot>, ProblemHttpResult>> (string id, IMixer mixer, CancellationToken cancel) =>
            Answer(await mixer.StopAsync(id, cancel)));
        node.MapPost("/{id}/compose", async Task<Results<Accepted<RecordingSnapshot>, ProblemHttpResult>> (string id, IMixer mixer, CancellationToken cancel) =>
            Answer(await mixer.ComposeAsync(id, cancel)));
        node.MapGet("/{id}", Results<Ok<RecordingSnapshot>, ProblemHttpResult> (string id, IMixer mixer) =>
            mixer.Get(id) is { } recording ? TypedResults.Ok(recording) : NotFound.ToResult());
        node.MapDelete("/{id}", async Task<Results<NoContent, ProblemHttpResult>> (string id, IMixer mixer, CancellationToken cancel) =>
            await mixer.DeleteAsync(id, cancel) ? TypedResults.NoContent() : NotFound.ToResult());
    }

    private static Results<Accepted<RecordingSnapshot>, ProblemHttpResult> Answer(MixerResult result) => result.IsOk
        ? TypedResults.Accepted((string?)null, result.Recording)
        : new ApiError(result.Error.Code == "recording_not_found" ? 404 : 400, result.Error.Code, result.Error.Detail).ToResult();
}
