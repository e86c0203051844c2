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

    /// <summary>Page addresses are resolved in the browser: they all get the one page. Unknown API addresses stay problems.</summary>
    public static void MapWebClient(this WebApplication app)
    {
        app.MapFallback("/api/{**rest}", UnknownRoute).ExcludeFromDescription();
        app.MapFallback("/internal/{**rest}", UnknownRoute).ExcludeFromDescription();
        app.MapFallback("/{**page:nonfile}", (HttpContext context) =>
        {
            if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            {
                return new ApiError(405, "method_not_allowed", "A page is only read.").ToResult();
            }

            context.Response.Headers.CacheControl = "no-cache";
            return Root() is { } root
                ? Results.File(Path.Combine(root, "index.html"), "text/html; charset=utf-8")
                : Results.Text("The web client has not been built. Run ./run.sh, or npm ci && npm run build in src/Platform/Web.\n", statusCode: 503);
        }).ExcludeFromDescription();
    }

    private static IResult UnknownRoute() => ApiError.NotFound("route_not_found", "There is no such address in this API; /openapi/v1.json lists them.").ToResult();

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
