using Events.Platform.Composition;
using Events.Platform.Features.Accounts;
using Events.Platform.Roles;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// How often anybody may order, hand a ticket on, or queue: each holds seats, and sends mail to whom it names. Without a bound a stranger holds all of a
/// small event, or fills a mailbox with tickets. Per e-mail address it is 20 mails within ten minutes, more where more is admitted from one network address; an order is not
/// torn apart, so its tickets may be more than what is left.
/// </summary>
internal sealed class OrderLimits(NodeOptions options) : AttemptLimits(options.AttemptsPerAddress, perEmail: Math.Max(20, options.AttemptsPerAddress / 3), TimeSpan.FromMinutes(10))
{
    public static readonly ApiError TooMany = new(429, "too_many_attempts", "Too many orders from here, or for this address; try again in a minute.");
}
