using Events.MediaRegistry.Blobs;
using Events.MediaRegistry.Playback;
using Events.Platform.Composition;
using Events.Platform.Data.Timers;
using Events.Platform.Data.Work;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Events.Platform.Features.Media;

/// <summary>Serves blobs by signed address: ranges, a strong ETag (the content's hash), cacheable by the one who asked.</summary>
internal static class MediaApi
{
    public static void AddMedia(this IServiceCollection services)
    {
        services.AddSingleton<ITimerHandler, BlobSweep>();
        services.AddRowWorker<OrphanBlobs>();
    }

    public static void MapMedia(this IEndpointRouteBuilder routes) => routes.MapMethods("/media/{sha256}/{fileName}", ["GET", "HEAD"], GetAsync);

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> GetAsync(
        string sha256, string fileName, string? exp, string? sig, SignedUrls urls, IBlobStore blobs, HttpResponse response, CancellationToken cancel)
    {
        switch (urls.Verify(sha256, fileName, exp, sig))
        {
            case SignatureVerdict.Invalid:
                return ApiError.Forbidden("signature_invalid", "This address was not signed here; ask for the recording's playback again.").ToResult();
            case SignatureVerdict.Expired:
                return ApiError.Forbidden("signature_expired", "This address has expired; ask for the recording's playback again.").ToResult();
            default:
                break;
        }

        if (await blobs.OpenReadAsync(sha256, cancellation: cancel) is not { } blob)
        {
            return ApiError.NotFound("blob_not_found", "The file has been deleted.").ToResult();
        }

        response.Headers.CacheControl = "private, max-age=3600";
        return TypedResults.Stream(blob.Stream, MimeTypeOf(fileName), entityTag: new EntityTagHeaderValue($"\"{sha256}\""), enableRangeProcessing: true);
    }

    private static string MimeTypeOf(string fileName) => Path.GetExtension(fileName) switch
    {
        ".mp4" => "video/mp4",
        ".jpg" => "image/jpeg",
        _ => "application/octet-stream",
    };
}
