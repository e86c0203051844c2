using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Caching.Memory;

namespace Events.Rtc.Signalling.Http;

/// <summary>
/// Requests that one address may make; an IPv6 subscriber holds a /64, so that counts as one. A bucket is filled when it is asked for and forgotten once it would be full:
/// no timer runs for it (docs/decisions/0013-limits-without-a-timer.md).
/// </summary>
internal sealed class AddressBudget(int burst, int perSecond) : IDisposable
{
    private static readonly RtcError TooManyRequests = new("too_many_requests", "Too many requests from this address; wait a second.");

    private readonly MemoryCache _buckets = new(new MemoryCacheOptions());
    private readonly MemoryCacheEntryOptions _untilFull = new()
    {
        SlidingExpiration = TimeSpan.FromSeconds(1 + ((double)burst / perSecond)),
    };

    private readonly Lock _gate = new();

    public bool TryTake(IPAddress? address)
    {
        lock (_gate)
        {
            TokenBucketRateLimiter bucket = BucketOf(Subscriber(address ?? IPAddress.None));
            bucket.TryReplenish();
            using RateLimitLease lease = bucket.AttemptAcquire();
            return lease.IsAcquired;
        }
    }

    /// <summary>Stands before an endpoint.</summary>
    public Task GuardAsync(HttpContext context, RequestDelegate next) =>
        TryTake(context.Connection.RemoteIpAddress) ? next(context) : Refuse(context).ExecuteAsync(context);

    /// <summary>The answer to who has used its budget up.</summary>
    public static ProblemHttpResult Refuse(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problems.Of(TooManyRequests);
    }

    public void Dispose() => _buckets.Dispose();

    private TokenBucketRateLimiter BucketOf(IPAddress subscriber)
    {
        if (!_buckets.TryGetValue(subscriber, out TokenBucketRateLimiter? bucket) || bucket is null)
        {
            bucket = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
            {
                TokenLimit = burst,
                TokensPerPeriod = perSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
                AutoReplenishment = false,
            });
            _buckets.Set(subscriber, bucket, _untilFull);
        }

        return bucket;
    }

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
