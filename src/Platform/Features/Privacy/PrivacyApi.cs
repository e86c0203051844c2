using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Links;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Staff;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Privacy;

/// <param name="Kind">"access" or "erasure".</param>
public sealed record NewPrivacyRequest(string? Email, string? Kind);

public sealed record PrivacyRequestPage(IReadOnlyList<PrivacyRequest> Items, string? Next);

/// <summary>How often a request may be asked for: it costs its addressee a mail.</summary>
internal sealed class PrivacyLimits(NodeOptions options) : AttemptLimits(options.AttemptsPerAddress, perEmail: 5, TimeSpan.FromMinutes(10));

/// <summary>Access to and erasure of what is held about a person, with or without an account.</summary>
internal static class PrivacyApi
{
    private const int MaxPage = 200;

    private static readonly ApiError NotFound = ApiError.NotFound("privacy_request_not_found", "There is no such request.");
    private static readonly ApiError TooMany = new(429, "too_many_attempts", "Too many requests were asked for; wait a few minutes.");

    public static void AddPrivacy(this IServiceCollection services)
    {
        services.AddSingleton<PrivacyLimits>();
        services.AddSingleton<PrivacyRequests>();
        services.AddSingleton<ExportFile>();
        services.AddSingleton<ITimerHandler, PrivacyWorker>();
        services.AddSingleton<ITimerHandler, ExportUpkeep>();
        foreach (var part in typeof(IPersonalData).Assembly.GetTypes().Where(t => t.IsClass && !t.IsAbstract && t.IsAssignableTo(typeof(IPersonalData))))
        {
            services.AddSingleton(typeof(IPersonalData), part);
        }
    }

    public static void MapPrivacy(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/privacy/requests", AskAsync);
        routes.MapGet("/api/v1/privacy/requests/{id:guid}", GetAsync);
        routes.MapGet("/api/v1/me/privacy/requests", MineAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/organisations/{id:guid}/privacy/requests", OfOrganisationAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/staff/privacy/requests", (Database database, CancellationToken cancel, Guid? after = null, int limit = 50) => PageAsync(database, "true", null, after, limit, cancel))
            .RequireStaff();
    }

    /// <summary>Mails a link, to whatever address: only its reader learns whether there is anything.</summary>
    private static async Task<Results<Accepted<LinkAnswer>, ProblemHttpResult>> AskAsync(
        NewPrivacyRequest request, Database database, LinkMails links, PrivacyLimits limits, HttpContext context, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var email = checks.Email("email", request.Email);
        checks.Require(request.Kind is PrivacyRequests.Access or PrivacyRequests.Erasure, "kind_unknown", "'kind' is access or erasure.");
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        if (!limits.Admits(context.Connection.RemoteIpAddress, email))
        {
            context.Response.Headers.RetryAfter = "600";
            return TooMany.ToResult();
        }

        await database.InTransactionAsync(
            async transaction =>
            {
                await links.PrivacyAsync(transaction, request.Kind == PrivacyRequests.Erasure ? MagicLinks.PrivacyErasure : MagicLinks.PrivacyAccess, email);
                return 0;
            },
            cancel);
        return TypedResults.Accepted((string?)null, AskForLink.Sent);
    }

    /// <summary>For whoever was told the id when the link was used; it says nothing about the person.</summary>
    private static async Task<Results<Ok<PrivacyRequest>, ProblemHttpResult>> GetAsync(Guid id, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<PrivacyRequest>($"select {PrivacyRequests.Columns} from platform.privacy_requests r where r.id = @id", new { id }) is { } found
            ? TypedResults.Ok(found) : NotFound.ToResult();
    }

    private static Task<Ok<PrivacyRequestPage>> MineAsync(SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50) =>
        PageAsync(database, "r.user_id = @of", account.UserId, after, limit, cancel);

    private static async Task<Results<Ok<PrivacyRequestPage>, ProblemHttpResult>> OfOrganisationAsync(
        Guid id, SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ReadAudit) is { } refused)
            {
                return refused.ToResult();
            }
        }

        return await PageAsync(database, "exists (select 1 from platform.privacy_request_organisers o where o.request_id = r.id and o.organiser_id = @of)", id, after, limit, cancel);
    }

    /// <summary>Latest first; <c>after</c> is the last id of the page before.</summary>
    private static async Task<Ok<PrivacyRequestPage>> PageAsync(Database database, string filter, Guid? of, Guid? after, int limit, CancellationToken cancel)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var connection = await database.OpenAsync(cancel);
        var rows = (await connection.QueryAsync<PrivacyRequest>(
            $"select {PrivacyRequests.Columns} from platform.privacy_requests r where {filter} and (@after::uuid is null or r.id < @after) order by r.id desc limit @Take", new { of, after, Take = limit + 1 })).AsList();
        var items = rows.Take(limit).ToList();
        return TypedResults.Ok(new PrivacyRequestPage(items, rows.Count > limit ? items[^1].Id.ToString() : null));
    }
}
