using Dapper;
using Events.Platform.Composition;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Accounts;

/// <summary>The account. Its row stays as an id that what it made refers to, with nobody behind it; a new sign-up with the address is a new account.</summary>
internal sealed class AccountPersonalData : IPersonalData
{
    private static readonly ApiError Staff = ApiError.Conflict("staff_account", "This account is the operator's staff. Have the operator take the address off EVENTS_STAFF and restart, then ask again.");

    public string Name => "account";

    public ErasureTurn Turn => ErasureTurn.Second;

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]>
    {
        ["platform.users"] = ["email", "name", "password_hash", "personal", "payment", "settings"],
    };

    public async Task<ApiError?> RefusalAsync(PersonalSubject subject, NpgsqlTransaction transaction) =>
        await transaction.Connection!.ExecuteScalarAsync<bool>("select exists (select 1 from platform.admin_users where user_id = @UserId and disabled_at is null)", subject) ? Staff : null;

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("account", "select id, email, name, password_hash is not null as has_password, email_verified_at, personal, payment, settings, created_at, disabled_at from platform.users where id = @UserId"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(
        """
        update platform.users set email = id || @Domain, name = @Erased, password_hash = null, email_verified_at = null, personal = '{}', payment = '{}', settings = '{}',
               disabled_at = coalesce(disabled_at, now()), security_stamp = gen_random_uuid()
        where id = @UserId;
        delete from platform.admin_users where user_id = @UserId
        """,
        new { subject.UserId, ErasedPerson.Domain, Erased = ErasedPerson.Name });
}
