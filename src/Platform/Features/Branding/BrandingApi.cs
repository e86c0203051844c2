using Dapper;
using Events.MediaRegistry.Blobs;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Branding;

/// <summary>How an event looks: on its pages, in its mails, on its tickets, in the widget.</summary>
internal static class BrandingApi
{
    public static void AddBranding(this IServiceCollection services) => services.AddSingleton<PictureMaker>();

    public static void MapBranding(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/branding/{id:guid}/{kind}/{sha256}", ServeAsync);
        var organisers = routes.MapGroup("/api/v1/events/{id:guid}/branding").RequireAuthorization(AccountCookie.Scheme);
        organisers.MapPut("", SetColoursAsync).TakesIdempotencyKey();
        organisers.MapPut("/{kind}", SetPictureAsync);
        organisers.MapDelete("/{kind}", RemovePictureAsync);
        routes.MapOrganisationBranding();
    }

    /// <summary>Without colours, those of the organisation hold.</summary>
    private static async Task<Results<Ok<EventBranding>, ProblemHttpResult>> SetColoursAsync(Guid id, NewColours request, HttpRequest http, EventManager manager, Database database, PublicListing listing, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var colours = BrandColours.Read(request, checks);
        var outcome = await TicketSetup.ManageAsync<EventBranding>(checks, id, manager, database, "event.branded", async (connection, row) =>
        {
            if (IfMatch.Refuses(http, row.BrandingVersion) is { } changed)
            {
                return changed;
            }

            await connection.ExecuteAsync(
                """
                insert into platform.event_branding (event_id, background, foreground) values (@id, @Background, @Foreground)
                on conflict (event_id) do update set background = excluded.background, foreground = excluded.foreground, version = event_branding.version + 1
                """,
                new { id, colours.Background, colours.Foreground });
            return (await EventQueries.FindAsync(connection, id.ToString()))!.Branding;
        }, cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    private static async Task<Results<Ok<EventBranding>, ProblemHttpResult>> SetPictureAsync(
        Guid id, string kind, HttpContext context, SignedIn account, Database database, IBlobStore blobs, PictureMaker maker, PublicListing listing, CancellationToken cancel)
    {
        if (kind is not ("logo" or "cover"))
        {
            return UploadedPicture.NotFound.ToResult();
        }

        await using (var connection = await database.OpenAsync(cancel))
        {
            if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } refused)
            {
                return refused.ToResult();
            }
        }

        var uploaded = await UploadedPicture.ReadAsync(context, kind == "logo" ? PictureShape.Logo : PictureShape.Cover, maker, blobs, cancel);
        if (uploaded.Value is not { } picture)
        {
            return uploaded.Error!.ToResult();
        }

        var outcome = await ChangeAsync(id, account, database, async transaction =>
        {
            await RemoveAsync(transaction, id, kind);
            var asset = await picture.RegisterAsync(transaction, blobs, "event_picture", kind, cancel);
            await transaction.Connection!.ExecuteAsync("insert into platform.event_pictures (event_id, kind, asset_id, sha256, mime_type) values (@id, @kind, @asset, @Sha256, @MimeType)", new { id, kind, asset, picture.Sha256, picture.MimeType });
            return true;
        }, cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    private static async Task<Results<Ok<EventBranding>, ProblemHttpResult>> RemovePictureAsync(Guid id, string kind, SignedIn account, Database database, PublicListing listing, CancellationToken cancel)
    {
        var outcome = await ChangeAsync(id, account, database, transaction => RemoveAsync(transaction, id, kind), cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    /// <param name="id">The event.</param>
    /// <param name="account">Who asks.</param>
    /// <param name="database">Where.</param>
    /// <param name="work">False: there is no such picture.</param>
    /// <param name="cancel">Rolls back.</param>
    private static Task<Outcome<EventBranding>> ChangeAsync(Guid id, SignedIn account, Database database, Func<NpgsqlTransaction, Task<bool>> work, CancellationToken cancel) =>
        database.TryInTransactionAsync<EventBranding>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                return (await EventGuard.ManagedAsync(connection, account, id)).Error is { } refused ? refused
                    : await work(transaction) ? (await EventQueries.FindAsync(connection, id.ToString()))!.Branding
                    : UploadedPicture.NotFound;
            },
            cancel);

    private static Task<bool> RemoveAsync(NpgsqlTransaction transaction, Guid id, string kind) =>
        UploadedPicture.RemoveAsync(transaction, "delete from platform.event_pictures where event_id = @id and kind = @kind returning asset_id", new { id, kind });

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> ServeAsync(Guid id, string kind, string sha256, HttpResponse response, Database database, IBlobStore blobs, CancellationToken cancel)
    {
        string? mimeType = null;
        if (FieldChecks.IsWellFormed(sha256) && FieldChecks.IsWellFormed(kind))
        {
            await using var connection = await database.OpenAsync(cancel);
            mimeType = await connection.QuerySingleOrDefaultAsync<string>("select mime_type from platform.event_pictures where event_id = @id and kind = @kind and sha256 = @sha256", new { id, kind, sha256 });
        }

        return await UploadedPicture.ServeAsync(mimeType, sha256, response, blobs, cancel);
    }
}
