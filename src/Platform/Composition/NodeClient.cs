using System.Net.Http.Headers;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Composition;

/// <summary>Calls our own roles: every request shows the node key of the moment.</summary>
internal static class NodeClient
{
    public static HttpClient Create(NodeOptions options, NodeKeys keys) => new(new ShowsKey(keys.NodeKey, LocalCertificate.CreateHandler(options)));

    private sealed class ShowsKey(SecretRing key, HttpMessageHandler next) : DelegatingHandler(next)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Current);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
