using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Composition;

/// <summary>Lets only the installation's own roles through: they show the node key.</summary>
internal static class NodeKeyFilter
{
    private const string Prefix = "Bearer ";

    private static readonly ApiError KeyInvalid = new(401, "node_key_invalid", "Show the node key as 'Authorization: Bearer <node key>'.");

    public static async ValueTask<object?> RequireAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var keys = invocation.HttpContext.RequestServices.GetRequiredService<NodeKeys>();
        var header = invocation.HttpContext.Request.Headers.Authorization.ToString();
        var shown = header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? header[Prefix.Length..].Trim() : "";
        return keys.NodeKey.Accepts(shown) ? await next(invocation) : KeyInvalid.ToResult();
    }
}
