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

    public bool Admits(IPAddress? from, string email) => Admits(from, [email]);

    /// <summary>An attempt that reaches several mailboxes counts for each of them.</summary>
    public bool Admits(IPAddress? from, IEnumerable<string?> emails) =>
        _byAddress.TryTake(Network(from)) && emails.OfType<string>().Select(email => email.Trim().ToLowerInvariant()).Distinct().All(AdmitsAddressee);

    /// <summary>Only the mailbox's own limit: for one request that writes to many.</summary>
    public bool AdmitsAddressee(string email) => _byEmail.TryTake(email.ToLowerInvariant());

    /// <summary>One site of IPv6 has at least a /64 (RFC 6177 §2), so that counts as one address.</summary>
    private static string Network(IPAddress? address)
    {
        if (address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
        {
            return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
        }

        return address?.MapToIPv4().ToString() ?? "unknown";
    }
}
