using Events.Platform.Roles;
using Microsoft.AspNetCore.HttpOverrides;

namespace Events.Platform.Composition;

/// <summary>
/// Behind a reverse proxy, who calls and by which scheme is what the proxy says. It is believed only from the proxies that the operator names: whoever else says so
/// could choose the address that limits go by.
/// </summary>
internal static class Proxies
{
    public static void UseProxies(this WebApplication app, NodeOptions options)
    {
        if (options.Proxies.Count == 0)
        {
            return;
        }

        // From the last hop backwards, up to the first that is none of ours.
        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in options.Proxies)
        {
            forwarded.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(forwarded);
    }
}
