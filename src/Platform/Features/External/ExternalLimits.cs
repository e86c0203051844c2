using System.Globalization;
using System.Threading.RateLimiting;
using Events.Platform.Roles;

namespace Events.Platform.Features.External;

/// <summary>
/// How many calls a token may make: a minute's worth, counted in six segments of ten seconds. What is left is told with every answer
/// (draft-ietf-httpapi-ratelimit-headers-10: <c>RateLimit-Policy</c> and <c>RateLimit</c>), so that a client can slow down in time.
/// </summary>
internal sealed class ExternalLimits(NodeOptions options) : IDisposable
{
    private const int Segments = 6;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<Guid> _limiter = PartitionedRateLimiter.Create<Guid, Guid>(token => RateLimitPartition.GetSlidingWindowLimiter(token, _ => new SlidingWindowRateLimiterOptions
    {
        PermitLimit = options.ExternalPerMinute,
        Window = Window,
        SegmentsPerWindow = Segments,
        QueueLimit = 0,
    }));

    public int PerMinute => options.ExternalPerMinute;

    /// <summary>Whether the call may go on; the headers are set either way, <c>Retry-After</c> when it may not.</summary>
    public bool Admits(Guid tokenId, IHeaderDictionary headers)
    {
        using var lease = _limiter.AttemptAcquire(tokenId);
        var left = lease.IsAcquired ? _limiter.GetStatistics(tokenId)?.CurrentAvailablePermits ?? 0 : 0;
        var segment = (int)Window.TotalSeconds / Segments;
        headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"token\";q={options.ExternalPerMinute};w={(int)Window.TotalSeconds}");
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"token\";r={left};t={segment}");
        if (!lease.IsAcquired)
        {
            headers.RetryAfter = segment.ToString(CultureInfo.InvariantCulture);
        }

        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();
}
