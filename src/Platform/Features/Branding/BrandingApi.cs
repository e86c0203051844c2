using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Media;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Branding;

/// <param name="Background">"#rrggbb"; null: the platform's own look.</param>
/// <param name="Foreground">Of text on it; left out, light or dark, whichever reads better.</param>
public sealed record NewColours(string? Background, string? Foreground);

/// <summary>How an event looks: on its pages, in its mails, on its tickets, in the widget.</summary>
internal static class BrandingApi
{
    /// <summary>5 MB at 90 kB/s.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);

    private static readonly ApiError NoPicture = ApiError.NotFound("picture_not_found", "The event has no such picture.");

    public static void AddBranding(this IServiceCollection services) => services.AddSingleton<PictureMaker>();

    public static void MapBranding(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/branding/{id:guid}/{kind}/{sha256}", ServeAsync);
        var organisers = routes.MapGroup("/api/v1/events/{id:guid}/branding").RequireAuthorization(AccountCookie.Scheme);
        organisers.MapPut("", SetColoursAsync).TakesIdempotencyKey();
        organisers.MapPut("/{kind}", SetPictureAsync);
        organisers.MapDelete("/{kind}", RemovePictureAsync);
    }

    private static async Task<Results<Ok<EventBranding>, ProblemHttpResult>> SetColoursAsync(Guid id, NewColours request, HttpRequest http, EventManager manager, Database database, PublicListing listing, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var background = Contrast.ColourOf(request.Background);
        var foreground = request.Foreground is null && background is not null ? Contrast.TextOn(background) : Contrast.ColourOf(request.Foreground);
        checks.Require((request.Background is null || background is not null) && (request.Foreground is null || (foreground is not null && background is not null)), "colour_invalid", "'background' and 'foreground' are colours like #1a5f7a; the second needs the first.");
        checks.Require(background is null || foreground is null || Contrast.Ratio(background, foreground) >= Contrast.Least, "contrast_too_low", $"Text of this colour cannot be read on it: the contrast must be at least {Contrast.Least}:1.");
        var outcome = await TicketSetup.ManageAsync<EventBranding>(checks, id, manager, database, async (connection, row) =>
        {
            if (IfMatch.Refuses(http, row.BrandingVersion) is { } changed)
            {
                return changed;
            }

            await connection.ExecuteAsync(
                """
                insert into platform.event_branding (event_id, background, foreground) values (@id, @background, @foreground)
                on conflict (event_id) do update set background = excluded.background, foreground = excluded.foreground, version = event_branding.version + 1
                """,
                new { id, background, foreground });
            return (await EventQueries.FindAsync(connection, id.ToString()))!.Branding;
        }, cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    /// <summary>The body is the picture.</summary>
    private static async Task<Results<Ok<EventBranding>, ProblemHttpResult>> SetPictureAsync(
        Guid id, string kind, HttpContext context, SignedIn account, Database database, IBlobStore blobs, PictureMaker maker, PublicListing listing, CancellationToken cancel)
    {
        if (kind is not ("logo" or "cover"))
        {
            return NoPicture.ToResult();
        }

        await using (var connection = await database.OpenAsync(cancel))
        {
            if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } refused)
            {
                return refused.ToResult();
            }
        }

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
                return new ApiError(408, "request_timeout", $"The picture did not come within {MostTime.TotalSeconds:0} seconds.").ToResult();
            }
        }

        if (await maker.MakeAsync(kind, upload.ToArray(), cancel) is not { } picture)
        {
            return new ApiError(415, "picture_invalid", $"Send a {PictureMaker.Accepted} picture of at most 40 megapixels; it is told by its bytes, not by its name.").ToResult();
        }

        using var content = new MemoryStream(picture.Bytes);
        var blob = await blobs.PutAsync(content, cancel);
        var outcome = await database.TryInTransactionAsync<EventBranding>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } refused)
                {
                    return refused;
                }

                await RemoveAsync(transaction, id, kind);
                var asset = await AssetStore.RegisterAsync(transaction, new NewDocument("event_picture", Guid.CreateVersion7(), new AssetFile(blob.Sha256, blob.Size, picture.MimeType, kind + picture.Extension)));
                await connection.ExecuteAsync("insert into platform.event_pictures (event_id, kind, asset_id, sha256, mime_type) values (@id, @kind, @asset, @Sha256, @MimeType)", new { id, kind, asset, blob.Sha256, picture.MimeType });
                return (await EventQueries.FindAsync(connection, id.ToString()))!.Branding;
            },
            cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    private static async Task<Results<Ok<EventBranding>, ProblemHttpResult>> RemovePictureAsync(Guid id, string kind, SignedIn account, Database database, PublicListing listing, CancellationToken cancel)
    {
        var outcome = await database.TryInTransactionAsync<EventBranding>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                return (await EventGuard.ManagedAsync(connection, account, id)).Error is { } refused ? refused
                    : await RemoveAsync(transaction, id, kind) ? (await EventQueries.FindAsync(connection, id.ToString()))!.Branding
                    : NoPicture;
            },
            cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    private static async Task<bool> RemoveAsync(NpgsqlTransaction transaction, Guid id, string kind)
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>("delete from platform.event_pictures where event_id = @id and kind = @kind returning asset_id", new { id, kind }) is not { } asset)
        {
            return false;
        }

        await BlobSweep.SoonAsync(transaction, await Deletion.DeleteAsync(transaction, asset));
        return true;
    }

    /// <summary>For everybody who knows the address, mail programs and widgets too; its hash is 256 bits that only the event's own pages tell.</summary>
    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> ServeAsync(Guid id, string kind, string sha256, HttpResponse response, Database database, IBlobStore blobs, CancellationToken cancel)
    {
        string? mimeType;
        await using (var connection = await database.OpenAsync(cancel))
        {
            mimeType = FieldChecks.IsWellFormed(sha256) && FieldChecks.IsWellFormed(kind)
                ? await connection.QuerySingleOrDefaultAsync<string>("select mime_type from platform.event_pictures where event_id = @id and kind = @kind and sha256 = @sha256", new { id, kind, sha256 }) : null;
        }

        if (mimeType is null || await blobs.OpenReadAsync(sha256, cancellation: cancel) is not { } blob)
        {
            return NoPicture.ToResult();
        }

        var headers = response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable"; // another picture has another address
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        return TypedResults.Stream(blob.Stream, mimeType);
    }
}
