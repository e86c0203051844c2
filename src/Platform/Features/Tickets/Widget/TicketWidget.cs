using System.Collections.Frozen;
using System.Net;
using System.Reflection;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets.Widget;

/// <param name="Origins">Like https://www.example.org; at most 50. Empty: the sale is shown in no frame.</param>
public sealed record WidgetOrigins(IReadOnlyList<string>? Origins);

/// <param name="Html">What goes into the organiser's page.</param>
public sealed record WidgetDetails(IReadOnlyList<string> Origins, string FrameUrl, string ScriptUrl, string Html);

/// <summary>
/// The ticket sale inside of organisers' own web sites: <c>/embed/events/{slug}</c> is a page for a frame, <c>/embed.js</c> the script that makes the
/// frame. Only sites that the organiser has listed may frame it. It knows no cookies, so being framed gives nobody anything.
/// </summary>
internal static class TicketWidget
{
    private const int MaxOrigins = 50;

    private static readonly FrozenDictionary<string, string> Files = Load();

    public static void MapWidget(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/embed/events/{slug}", FrameAsync);
        routes.MapGet("/embed.js", (HttpResponse response) => Serve(response, "embed.js", "text/javascript; charset=utf-8", isForAll: true));
        routes.MapGet("/embed/widget.js", (HttpResponse response) => Serve(response, "widget.js", "text/javascript; charset=utf-8", isForAll: false));
        routes.MapGet("/embed/widget.css", (HttpResponse response) => Serve(response, "widget.css", "text/css; charset=utf-8", isForAll: false));
        routes.MapGet("/api/v1/events/{id:guid}/widget", GetAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPut("/api/v1/events/{id:guid}/widget", PutAsync).RequireAuthorization(AccountCookie.Scheme);
    }

    /// <summary>An origin as a browser writes it: https, or http of a developer's own machine; null for anything else.</summary>
    public static string? OriginOf(string? text) =>
        text is { Length: <= 255 } && Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri) && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "" }
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        && uri.IdnHost.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '[' or ']' or ':')
            ? $"{uri.Scheme}://{(uri.HostNameType == UriHostNameType.IPv6 ? $"[{uri.IdnHost.Trim('[', ']')}]" : uri.IdnHost)}{(uri.IsDefaultPort ? "" : $":{uri.Port}")}"
            : null;

    private static async Task<Results<Ok<WidgetDetails>, ProblemHttpResult>> GetAsync(Guid id, SignedIn account, Database database, NodeOptions options, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var managed = await EventGuard.ManagedAsync(connection, account, id);
        return managed.Error is { } error ? error.ToResult() : TypedResults.Ok(Details(managed.Value!, await OriginsAsync(connection, id), options));
    }

    private static async Task<Results<Ok<WidgetDetails>, ProblemHttpResult>> PutAsync(Guid id, WidgetOrigins request, EventManager manager, Database database, NodeOptions options, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var origins = (request.Origins ?? []).Select(OriginOf).ToArray();
        checks.Require(request.Origins is not null && origins.Length <= MaxOrigins && origins.All(o => o is not null), "origins_invalid", $"'origins' lists at most {MaxOrigins} web sites like https://www.example.org, without a path.");
        return (await TicketSetup.ManageAsync<WidgetDetails>(checks, id, manager, database, "widget.changed", async (connection, row) =>
        {
            var distinct = origins.Select(o => o!).Distinct().ToArray();
            await connection.ExecuteAsync(
                "insert into platform.ticket_widgets (event_id, origins) values (@id, @distinct) on conflict (event_id) do update set origins = excluded.origins, changed_at = now()", new { id, distinct });
            return Details(row, distinct, options);
        }, cancel)).ToOk();
    }

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> FrameAsync(string slug, HttpResponse response, Database database, NodeOptions options, CancellationToken cancel)
    {
        if (!CreateEvent.IsSlug(slug))
        {
            return EventsApi.NotFound.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        if (await EventQueries.FindAsync(connection, slug) is not { IsPublic: true } row)
        {
            return EventsApi.NotFound.ToResult();
        }

        var origins = await OriginsAsync(connection, row.Id);
        var headers = response.Headers;

        // Frames within frames: each of them must be on the list (Content Security Policy Level 3, frame-ancestors), so a listed site cannot be framed by another to show it.
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {(origins.Count == 0 ? "'none'" : string.Join(' ', origins))}";
        headers.XFrameOptions = default; // it knows no lists; browsers that know frame-ancestors would ignore it anyhow
        headers["Cross-Origin-Opener-Policy"] = default;
        headers.CacheControl = "no-cache";
        var page = Files["widget.html"]
            .Replace("{{id}}", row.Id.ToString(), StringComparison.Ordinal)
            .Replace("{{page}}", WebUtility.HtmlEncode(new Uri(options.PublicUrl, $"/e/{row.Slug}/tickets").ToString()), StringComparison.Ordinal)
            .Replace("{{background}}", row.Background ?? "", StringComparison.Ordinal)
            .Replace("{{foreground}}", row.Foreground ?? "", StringComparison.Ordinal)
            .Replace("{{logo}}", WebUtility.HtmlEncode(row.Branding.LogoUrl ?? ""), StringComparison.Ordinal)
            .Replace("{{when}}", WebUtility.HtmlEncode(EventTimes.InWords(row)), StringComparison.Ordinal)
            .Replace("{{name}}", WebUtility.HtmlEncode(row.Name), StringComparison.Ordinal);
        return TypedResults.Content(page, "text/html; charset=utf-8");
    }

    private static WidgetDetails Details(EventRow row, IReadOnlyList<string> origins, NodeOptions options)
    {
        var (frame, script) = (new Uri(options.PublicUrl, $"/embed/events/{row.Slug}").ToString(), new Uri(options.PublicUrl, "/embed.js").ToString());
        return new WidgetDetails(origins, frame, script, $"<script async src=\"{script}\" data-event=\"{row.Slug}\"></script>");
    }

    private static async Task<IReadOnlyList<string>> OriginsAsync(NpgsqlConnection connection, Guid eventId) =>
        await connection.QuerySingleOrDefaultAsync<string[]>("select origins from platform.ticket_widgets where event_id = @eventId", new { eventId }) ?? [];

    private static ContentHttpResult Serve(HttpResponse response, string file, string contentType, bool isForAll)
    {
        response.Headers.CacheControl = "public, max-age=3600";
        if (isForAll)
        {
            response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        }

        return TypedResults.Content(Files[file], contentType);
    }

    private static FrozenDictionary<string, string> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var files = new Dictionary<string, string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("Widget/", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            files.Add(name["Widget/".Length..], reader.ReadToEnd());
        }

        return files.ToFrozenDictionary();
    }
}
