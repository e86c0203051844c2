using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Events.Rtc.Signalling.Http;

/// <summary>
/// Which pages may speak to the hub: the platform's (same host, its port), configured ones, and whoever sends no
/// <c>Origin</c> (native clients). The hub has no cookie, so this is the second lock, after the grant.
/// </summary>
internal sealed class OriginPolicy(SignallingOptions options, ILogger<OriginPolicy> logger)
{
    private readonly HashSet<string> _extra = new(options.ExtraOrigins.Select(Normalise), StringComparer.OrdinalIgnoreCase);

    /// <summary>True when the request may pass; <paramref name="origin"/> is null when it named none.</summary>
    public bool Allows(HttpRequest request, out string? origin)
    {
        StringValues header = request.Headers.Origin;
        origin = null;
        if (header.Count == 0)
            return true;
        origin = header.Count == 1 ? header[0] : null;
        // RFC 6454 §6.2: scheme, host, port and nothing else; "null" is no one's origin.
        if (origin is null
            || !Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || !Normalise(origin).Equals($"{uri.Scheme}://{uri.Authority}", StringComparison.OrdinalIgnoreCase))
            return false;
        return (uri.Port == options.PlatformHttpPort && uri.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase))
            || _extra.Contains(Normalise(origin));
    }

    /// <summary>Puts the check, and the CORS answers that a browser asks for, before the hub's endpoints.</summary>
    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        if (!Allows(context.Request, out string? origin))
        {
            RtcSignallingLog.OriginRefused(logger, Printable(origin));
            await Problems.Of(new RtcError("origin_refused", "Pages of this origin may not use this node; see EVENTS_ORIGINS.")).ExecuteAsync(context);
            return;
        }

        if (origin is not null)
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlAllowCredentials = "true"; // the SignalR client asks with credentials by default
            headers.Append("Vary", "Origin");
            if (HttpMethods.IsOptions(context.Request.Method))
            {
                headers.AccessControlAllowMethods = "GET, POST, DELETE";
                headers.AccessControlAllowHeaders = "Content-Type, X-Requested-With, X-SignalR-User-Agent, Cache-Control";
                headers.AccessControlMaxAge = "600";
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }
        }

        await next(context);
    }

    private static string Normalise(string origin) => origin.TrimEnd('/');

    /// <summary>A stranger's text for the log: short and without control characters.</summary>
    private static string Printable(string? text) =>
        text is null ? "(several)" : new string([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
