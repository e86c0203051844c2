using Microsoft.Extensions.FileProviders;

namespace Events.Platform.Composition;

/// <summary>Serves what Vite built: hashed assets for ever, the page itself never from a cache.</summary>
internal static class WebClient
{
    public static void UseWebClient(this WebApplication app)
    {
        if (Root() is not { } root)
        {
            return;
        }

        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new PhysicalFileProvider(root),
            OnPrepareResponse = context => context.Context.Response.Headers.CacheControl =
                context.Context.Request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache",
        });
    }

    /// <summary>
    /// Page addresses are resolved in the browser: whatever is asked for as a page, and is no route or file, gets the one page, or the door's. A
    /// middleware rather than a fallback route, which would take the place of 405 and 415 for known routes.
    /// </summary>
    public static void UsePages(this WebApplication app) => app.Use((context, next) =>
    {
        var request = context.Request;
        var isPage = context.GetEndpoint() is null && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && !request.Path.StartsWithSegments("/api") && !request.Path.StartsWithSegments("/external") && !request.Path.StartsWithSegments("/onsite") && !request.Path.StartsWithSegments("/internal") && !Path.HasExtension(request.Path);
        if (!isPage)
        {
            return next(context);
        }

        context.Response.Headers.CacheControl = "no-cache";
        var page = request.Path == "/scan" ? "scan.html" : "index.html"; // the door's page, which opens without a network
        return Root() is { } root
            ? Results.File(Path.Combine(root, page), "text/html; charset=utf-8").ExecuteAsync(context)
            : Results.Text("The web client has not been built. Run ./run.sh, or npm ci && npm run build in src/Platform/Web.\n", statusCode: 503).ExecuteAsync(context);
    });

    /// <summary>Beside the binary when published, in the source tree (bin/Release/net10.0 up to the project) when built.</summary>
    private static string? Root() =>
        SourceTrees().FirstOrDefault(d => File.Exists(Path.Combine(d, "index.html")));

    private static IEnumerable<string> SourceTrees()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            yield return Path.Combine(at.FullName, "wwwroot");
            yield return Path.Combine(at.FullName, "src", "Platform", "wwwroot");
        }
    }
}
