using System.Net;
using System.Net.Sockets;
using Events.Platform.Composition;
using Events.Platform.Roles;

namespace Events.Platform.Features.Accounts;

/// <summary>How often signing in may be tried: from one address, and for one e-mail address.</summary>
internal sealed class SignInLimits(NodeOptions options) : AttemptLimits(options.AttemptsPerAddress, perEmail: 10, TimeSpan.FromMinutes(1));

/// <summary>How often a mail with a link may be asked for: nobody's mailbox is to be filled by a stranger.</summary>
internal sealed class LinkLimits(NodeOptions options) : AttemptLimits(options.AttemptsPerAddress, perEmail: 5, TimeSpan.FromMinutes(10));

/// <summary>Limits by network address and by e-mail address. Nobody is locked out for longer than the window.</summary>
internal abstract class AttemptLimits(int perAddress, int perEmail, TimeSpan window)
{
    private readonly SlidingWindows<string> _byAddress = new(perAddress, TimeSpan.FromMinutes(1));
    private readonly SlidingWindows<string> _byEmail = new(perEmail, window);

    /// <param name="from">The network address.</param>
    /// <param name="email">Checked before: what is kept of it is a key for as long as the window.</param>
    public bool Admits(IPAddress? from, string email) => Admits(from) && AdmitsAddressee(email);

    /// <summary>Only the network address's limit.</summary>
    public bool Admits(IPAddress? from) => _byAddress.TryTake(NetworkOf(from));

    /// <summary>Only the mailbox's own limit: for one request that writes to many, or several times to one.</summary>
    public bool AdmitsAddressee(string email, int mails = 1) => _byEmail.TryTake(email.Trim().ToLowerInvariant(), mails);

    /// <summary>One site of IPv6 has at least a /64 (RFC 6177 §2), so that counts as one address.</summary>
    public static string NetworkOf(IPAddress? address)
    {
        if (address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
        {
            return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
        }

        return address?.MapToIPv4().ToString() ?? "unknown";
    }
}
