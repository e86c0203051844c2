using Dapper;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// What was ordered without an account belongs to the account whose address it was ordered with, once that address is proven: from the next time on that
/// somebody signs in, and at once for what is ordered after that. The key that the guest was given still opens the order.
/// </summary>
internal static class GuestOrders
{
    /// <summary>In SQL: the account of the address <c>@Email</c>, if anybody has proven that it is theirs.</summary>
    public const string ProvenOwner = "(select u.id from platform.users u where lower(u.email) = lower(@Email) and u.email_verified_at is not null and u.disabled_at is null)";

    /// <summary>Takes over what an account's address was used for; nothing while it is not proven.</summary>
    public static Task<int> ClaimAsync(NpgsqlConnection connection, Guid userId) => connection.ExecuteAsync(
        """
        update platform.orders set user_id = @userId where id in (
            select o.id from platform.orders o join platform.users u on lower(u.email) = lower(o.email)
            where u.id = @userId and u.email_verified_at is not null and u.disabled_at is null and o.user_id is null order by o.id for no key update of o)
        """,
        new { userId });
}
