using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace Events.Rtc.Signalling.Http;

/// <summary>Requests that one address may make; an IPv6 subscriber holds a /64, so that counts as one.</summary>
internal sealed class AddressBudget(SignallingOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress> _limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        address => RateLimitPartition.GetTokenBucketLimiter(Subscriber(address), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.HttpRequestBurst,
            TokensPerPeriod = options.HttpRequestsPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));

    public bool TryTake(IPAddress? address)
    {
        using RateLimitLease lease = _limiter.AttemptAcquire(address ?? IPAddress.None);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();

    private static IPAddress Subscriber(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
