using System.Security.Cryptography;
using System.Text;
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

        // Hashes have one length and no common prefix to measure.
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(shown)), SHA256.HashData(Encoding.UTF8.GetBytes(keys.NodeKey)))
            ? await next(invocation)
            : KeyInvalid.ToResult();
    }
}
