using System.Net;
using System.Net.Sockets;

namespace Events.Platform.Composition;

/// <summary>The address that a customer gave leads into a private network, or to this machine.</summary>
internal sealed class PrivateAddressException(string host) : IOException($"'{host}' has an address that is not public.");

/// <summary>
/// HTTP to addresses that customers give us. The name is resolved once, every address of it is looked at, and the connection goes to
/// those very addresses, so that a name that changes its mind between look and call (DNS rebinding) gains nothing. No redirects,
/// no proxy, no cookies; bounded answers.
/// </summary>
internal static class PublicHttp
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    /// <param name="privateToo">In Development, where identity providers and receivers run on the developer's machine.</param>
    /// <param name="timeout">Of one whole call.</param>
    /// <param name="maxBytes">Of one answer's body; a longer one fails as <see cref="HttpRequestException"/>.</param>
    public static HttpClient Create(bool privateToo, TimeSpan timeout, int maxBytes)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            MaxResponseHeadersLength = 32, // KB
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // an address that moved is followed
            MaxConnectionsPerServer = 64,
            ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, privateToo, cancel),
        };
        return new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = maxBytes };
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool privateToo, CancellationToken cancel)
    {
        var addresses = await Dns.GetHostAddressesAsync(target.Host, cancel);
        if (!privateToo && !addresses.All(PublicAddresses.Contains))
        {
            throw new PrivateAddressException(target.Host);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Which addresses the public internet has (the IANA special-purpose registries, RFC 6890).</summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] SpecialV4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork GlobalV6 = IPNetwork.Parse("2000::/3"); // RFC 4291 §2.4: all that is assigned of global unicast

    /// <summary>Inside of 2000::/3, what is no public host or carries an IPv4 address of its own: protocols and Teredo, documentation, 6to4.</summary>
    private static readonly IPNetwork[] SpecialV6 = [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

    public static bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetwork
            ? !SpecialV4.Any(n => n.Contains(address))
            : GlobalV6.Contains(address) && !SpecialV6.Any(n => n.Contains(address));
    }
}
