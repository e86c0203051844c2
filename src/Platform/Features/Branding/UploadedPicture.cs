using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Composition;
using Events.Platform.Features.Media;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Branding;

/// <summary>A picture that was sent, made anew and stored: on its way to whom it belongs to.</summary>
internal sealed record UploadedPicture(string Sha256, byte[] Bytes, string MimeType, string Extension)
{
    /// <summary>5 MB at 90 kB/s.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);

    public static readonly ApiError NotFound = ApiError.NotFound("picture_not_found", "There is no such picture.");

    /// <summary>The body is the picture.</summary>
    public static async Task<Outcome<UploadedPicture>> ReadAsync(HttpContext context, PictureShape shape, PictureMaker maker, IBlobStore blobs, CancellationToken cancel)
    {
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = PictureMaker.MaxBytes;
        using var upload = new MemoryStream();
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel))
        {
            patience.CancelAfter(MostTime);
            try
            {
                await context.Request.Body.CopyToAsync(upload, patience.Token); // Kestrel ends it at the bound with 413
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return new ApiError(408, "request_timeout", $"The picture did not come within {MostTime.TotalSeconds:0} seconds.");
            }
        }

        if (await maker.MakeAsync(shape, upload.ToArray(), cancel) is not { } picture)
        {
            return new ApiError(415, "picture_invalid", $"Send a {PictureMaker.Accepted} picture of at most 40 megapixels; it is told by its bytes, not by its name.");
        }

        using var content = new MemoryStream(picture.Bytes);
        var blob = await blobs.PutAsync(content, cancel);
        return new UploadedPicture(blob.Sha256, picture.Bytes, picture.MimeType, picture.Extension);
    }

    /// <summary>Makes it an asset, in the transaction that says whose.</summary>
    public async Task<Guid> RegisterAsync(NpgsqlTransaction transaction, IBlobStore blobs, string ownerType, string name, CancellationToken cancel)
    {
        using var content = new MemoryStream(Bytes);
        return await AssetStore.RegisterAsync(transaction, new NewDocument(ownerType, Guid.CreateVersion7(), new AssetFile(Sha256, Bytes.Length, MimeType, name + Extension)), blobs, content, cancel);
    }

    /// <summary>Deletes the asset that a statement takes away; false: there was none.</summary>
    public static async Task<bool> RemoveAsync(NpgsqlTransaction transaction, string deleteReturningAsset, object values)
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>(deleteReturningAsset, values, transaction) is not { } asset)
        {
            return false;
        }

        await BlobSweep.SoonAsync(transaction, await Deletion.DeleteAsync(transaction, asset));
        return true;
    }

    /// <summary>For everybody who knows the address, mail programs and widgets too; its hash is 256 bits that only pages with the picture tell.</summary>
    /// <param name="mimeType">Null: nobody's picture.</param>
    /// <param name="sha256">Where its bytes are.</param>
    /// <param name="response">Gets the headers.</param>
    /// <param name="blobs">Have the bytes.</param>
    /// <param name="cancel">Ends the reading.</param>
    public static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> ServeAsync(string? mimeType, string sha256, HttpResponse response, IBlobStore blobs, CancellationToken cancel)
    {
        if (mimeType is null || await blobs.OpenReadAsync(sha256, cancellation: cancel) is not { } blob)
        {
            return NotFound.ToResult();
        }

        var headers = response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable"; // another picture has another address
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        return TypedResults.Stream(blob.Stream, mimeType);
    }
}
