using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace Events.Platform.Features.Accounts;

/// <summary>How often signing in may be tried: from one address, and for one e-mail address.</summary>
internal sealed class SignInLimits : IDisposable
{
    /// <summary>A hall behind one address signs in together; guessing needs thousands.</summary>
    private const int PerAddress = 60;

    private const int PerEmail = 10;

    private readonly PartitionedRateLimiter<string> _byAddress = Limiter(PerAddress);
    private readonly PartitionedRateLimiter<string> _byEmail = Limiter(PerEmail);

    public bool Admits(IPAddress? from, string email)
    {
        using var address = _byAddress.AttemptAcquire(Network(from));
        if (!address.IsAcquired)
        {
            return false;
        }

        using var account = _byEmail.AttemptAcquire(email.ToLowerInvariant());
        return account.IsAcquired;
    }

    public void Dispose()
    {
        _byAddress.Dispose();
        _byEmail.Dispose();
    }

    /// <summary>One site of IPv6 has at least a /64 (RFC 6177 §2), so that counts as one address.</summary>
    private static string Network(IPAddress? address)
    {
        if (address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
        {
            return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
        }

        return address?.MapToIPv4().ToString() ?? "unknown";
    }

    private static PartitionedRateLimiter<string> Limiter(int perMinute) => PartitionedRateLimiter.Create<string, string>(key =>
        RateLimitPartition.GetSlidingWindowLimiter(key, _ => new SlidingWindowRateLimiterOptions
        {
            PermitLimit = perMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));
}
