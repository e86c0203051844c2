using Events.Platform.Roles;

namespace Events.Platform.Composition;

/// <summary>Headers that keep a page from being framed, sniffed, or made to talk to strangers.</summary>
internal static class SecurityHeaders
{
    public static void UseSecurityHeaders(this WebApplication app, NodeOptions options) => app.Use((context, next) =>
    {
        // The media node has the page's host and a port of its own. A policy cannot name an IPv6 address (CSP 3 §2.3.1, host-part): there the port stands alone.
        var host = context.Request.Host.Host;
        var media = $"{(host.StartsWith('[') ? "*" : host)}:{options.MediaHttpPort}";
        var (http, socket) = context.Request.IsHttps ? ("https", "wss") : ("http", "ws");
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            $"default-src 'self'; connect-src 'self' {http}://{media} {socket}://{media}; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; "
            + "script-src 'self'; style-src 'self'; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        if (context.Request.IsHttps && !options.IsDevelopment)
        {
            headers.StrictTransportSecurity = "max-age=31536000"; // a year, this host only: others of the domain are not ours to decide
        }

        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=()";
        return next(context);
    });
}
