using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Features.Privacy;

/// <summary>Whose data it is about.</summary>
/// <param name="Email">The address that was proven by the link; compared without case.</param>
/// <param name="UserId">The account of that address when the request was confirmed; null: none.</param>
public sealed record PersonalSubject(string Email, Guid? UserId);

/// <summary>When a part is erased. Parts of one turn do not depend on each other.</summary>
public enum ErasureTurn
{
    /// <summary>Decides whether it may be: what can still refuse.</summary>
    First,

    /// <summary>Ends sessions, so that nothing new comes in.</summary>
    Second,

    Middle,

    /// <summary>Holds the addresses by which other parts find what is the person's.</summary>
    Late,

    /// <summary>Receives what other parts have sent meanwhile.</summary>
    Last,
}

/// <summary>
/// What one feature holds about a person. Every column that holds personal data belongs to one implementation, which a test holds against the
/// migrated database. Registered as a singleton <see cref="IPersonalData"/>.
/// </summary>
internal interface IPersonalData
{
    /// <summary>"tickets": stable, stored, unique; the name of its file in the archive.</summary>
    string Name { get; }

    ErasureTurn Turn => ErasureTurn.Middle;

    /// <summary>Columns that it exports and erases: "platform.orders" → "email", "name", …</summary>
    IReadOnlyDictionary<string, string[]> Columns { get; }

    /// <summary>Why this person cannot be erased yet, and what to do about it; locks what could change the answer.</summary>
    Task<ApiError?> RefusalAsync(PersonalSubject subject, NpgsqlTransaction transaction) => Task.FromResult<ApiError?>(null);

    /// <summary>The organisations that this data was given to.</summary>
    Task<IEnumerable<Guid>> OrganisersAsync(PersonalSubject subject, NpgsqlConnection connection) => Task.FromResult<IEnumerable<Guid>>([]);

    /// <summary>Writes everything about the person.</summary>
    Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel);

    /// <summary>
    /// Leaves pseudonymous ids only. Runs in a transaction of its own together with the note that it is done; what it does outside the database it
    /// may do twice.
    /// </summary>
    Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel);
}

/// <summary>What stands where a person was.</summary>
internal static class ErasedPerson
{
    public const string Name = "Erased person";

    /// <summary>RFC 6761 §6.4 keeps .invalid from ever resolving. In SQL: <c>id || '@erased.invalid'</c>.</summary>
    public const string Domain = "@erased.invalid";

    /// <summary>Whether nobody is left to read mail to it.</summary>
    public static bool IsAddress(string email) => email.EndsWith(Domain, StringComparison.Ordinal);
}
