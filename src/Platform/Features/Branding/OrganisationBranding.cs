using Dapper;
using Events.MediaRegistry.Blobs;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Branding;

/// <summary>How an organisation looks, and its events where they have no look of their own.</summary>
/// <param name="Background">"#rrggbb": of buttons and heads.</param>
/// <param name="Foreground">Of text on it: the pair can be read (WCAG AA).</param>
/// <param name="LogoUrl">A path of this platform; 128×128.</param>
/// <param name="Version">Of the colours: their entity tag.</param>
public sealed record OrganisationLook(string? Background, string? Foreground, string? LogoUrl, int Version);

/// <summary>An organisation's own look.</summary>
internal static class OrganisationBranding
{
    public static string LogoPath(Guid organiserId, string sha256) => $"/branding/organisations/{organiserId}/logo/{sha256}";

    public static void MapOrganisationBranding(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/branding/organisations/{id:guid}/logo/{sha256}", ServeAsync);
        var admins = routes.MapGroup("/api/v1/organisations/{id:guid}/branding").RequireAuthorization(AccountCookie.Scheme);
        admins.MapGet("", GetAsync);
        admins.MapPut("", SetColoursAsync);
        admins.MapPut("/logo", SetLogoAsync);
        admins.MapDelete("/logo", RemoveLogoAsync);
    }

    private static async Task<Results<Ok<OrganisationLook>, ProblemHttpResult>> GetAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.View) is { } refused ? refused.ToResult() : TypedResults.Ok(await FindAsync(connection, id));
    }

    private static async Task<Results<Ok<OrganisationLook>, ProblemHttpResult>> SetColoursAsync(Guid id, NewColours request, HttpRequest http, SignedIn account, Database database, PublicListing listing, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var colours = BrandColours.Read(request, checks);
        if (checks.Error is { } wrong)
        {
            return wrong.ToResult();
        }

        return await ChangeAsync(id, account, database, listing, async transaction =>
        {
            var connection = transaction.Connection!;
            if (IfMatch.Refuses(http, (await FindAsync(connection, id)).Version) is { } changed)
            {
                return changed;
            }

            await connection.ExecuteAsync(
                """
                insert into platform.organiser_branding (organiser_id, background, foreground) values (@id, @Background, @Foreground)
                on conflict (organiser_id) do update set background = excluded.background, foreground = excluded.foreground, version = organiser_branding.version + 1
                """,
                new { id, colours.Background, colours.Foreground });
            return null;
        }, cancel);
    }

    private static async Task<Results<Ok<OrganisationLook>, ProblemHttpResult>> SetLogoAsync(
        Guid id, HttpContext context, SignedIn account, Database database, IBlobStore blobs, PictureMaker maker, PublicListing listing, CancellationToken cancel)
    {
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageBranding) is { } refused)
            {
                return refused.ToResult();
            }
        }

        var uploaded = await UploadedPicture.ReadAsync(context, PictureShape.OrganisationLogo, maker, blobs, cancel);
        if (uploaded.Value is not { } picture)
        {
            return uploaded.Error!.ToResult();
        }

        return await ChangeAsync(id, account, database, listing, async transaction =>
        {
            await RemoveAsync(transaction, id);
            var asset = await picture.RegisterAsync(transaction, blobs, "organisation_logo", "logo", cancel);
            await transaction.Connection!.ExecuteAsync("insert into platform.organiser_logos (organiser_id, asset_id, sha256, mime_type) values (@id, @asset, @Sha256, @MimeType)", new { id, asset, picture.Sha256, picture.MimeType });
            return null;
        }, cancel);
    }

    private static Task<Results<Ok<OrganisationLook>, ProblemHttpResult>> RemoveLogoAsync(Guid id, SignedIn account, Database database, PublicListing listing, CancellationToken cancel) =>
        ChangeAsync(id, account, database, listing, async transaction => await RemoveAsync(transaction, id) ? null : UploadedPicture.NotFound, cancel);

    private static async Task<Results<Ok<OrganisationLook>, ProblemHttpResult>> ChangeAsync(
        Guid id, SignedIn account, Database database, PublicListing listing, Func<NpgsqlTransaction, Task<ApiError?>> work, CancellationToken cancel)
    {
        var outcome = await database.TryInTransactionAsync<OrganisationLook>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.organisers where id = @id for no key update", new { id });
                if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageBranding) is { } refused)
                {
                    return refused;
                }

                if (await work(transaction) is { } error)
                {
                    return error;
                }

                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "organisation.branded", id, SubjectType: "organisation", SubjectId: id));
                return await FindAsync(connection, id);
            },
            cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    private static Task<bool> RemoveAsync(NpgsqlTransaction transaction, Guid id) =>
        UploadedPicture.RemoveAsync(transaction, "delete from platform.organiser_logos where organiser_id = @id returning asset_id", new { id });

    private static async Task<OrganisationLook> FindAsync(NpgsqlConnection connection, Guid id)
    {
        var row = await connection.QuerySingleAsync<LookRow>(
            """
            select b.background, b.foreground, coalesce(b.version, 0) as version, l.sha256
            from platform.organisers o left join platform.organiser_branding b on b.organiser_id = o.id left join platform.organiser_logos l on l.organiser_id = o.id where o.id = @id
            """,
            new { id });
        return new OrganisationLook(row.Background, row.Foreground, row.Sha256 is null ? null : LogoPath(id, row.Sha256), row.Version);
    }

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> ServeAsync(Guid id, string sha256, HttpResponse response, Database database, IBlobStore blobs, CancellationToken cancel)
    {
        string? mimeType = null;
        if (FieldChecks.IsWellFormed(sha256))
        {
            await using var connection = await database.OpenAsync(cancel);
            mimeType = await connection.QuerySingleOrDefaultAsync<string>("select mime_type from platform.organiser_logos where organiser_id = @id and sha256 = @sha256", new { id, sha256 });
        }

        return await UploadedPicture.ServeAsync(mimeType, sha256, response, blobs, cancel);
    }

    private sealed record LookRow(string? Background, string? Foreground, int Version, string? Sha256);
}
