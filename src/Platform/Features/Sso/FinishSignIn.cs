using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Mail;
using Npgsql;

namespace Events.Platform.Features.Sso;

/// <summary>
/// From a person that a connection vouches for to an account and its cookie. A known subject is its account. An unknown one gets the account
/// of its mail address, or a new one, only when the organisation has proven the address's domain: then it could read that mailbox, and so any
/// magic link, anyway. An account that this connection knows by another subject is not handed over: addresses get new owners.
/// See docs/decisions/0030.
/// </summary>
internal sealed class FinishSignIn(Database database, SsoSecrets secrets, TimeProvider clock, ILogger<FinishSignIn> log)
{
    private static readonly ApiError EmailInvalid = ApiError.Forbidden("sso_email_invalid", "Your company's sign-in told no usable e-mail address.");
    private static readonly ApiError EmailUnverified = ApiError.Forbidden("sso_email_unverified", "Your identity provider says that your e-mail address is not verified.");
    private static readonly ApiError DomainNotAllowed = ApiError.Forbidden("sso_domain_not_allowed", "Your e-mail address is of a domain that this company sign-in is not for.");
    private static readonly ApiError DomainNotVerified = ApiError.Forbidden("sso_domain_not_verified", "The organisation has not proven that your e-mail address's domain is its own; ask its admin.");
    private static readonly ApiError SubjectChanged = ApiError.Forbidden("sso_subject_changed", "This address belongs to an account that your company signed in as somebody else before; ask its admin to unlink it.");
    private static readonly ApiError NotLinkable = ApiError.Forbidden("sso_account_not_linkable", "This account may not be entered by company sign-in.");
    private static readonly ApiError Disabled = ApiError.Forbidden("account_disabled", "This account is disabled.");

    /// <summary>Takes the browser's state; null when this browser did not begin it.</summary>
    public SignInState? TakeState(HttpContext context, Guid connectionId, string? state) => SignInState.Take(context, secrets, connectionId, state);

    /// <summary>Signs in and leads to where the sign-in was begun from, or refuses.</summary>
    /// <param name="before">Runs first in the same transaction; its error ends the sign-in.</param>
    public async Task<IResult> HandleAsync(HttpContext context, SsoConnection connection, Outcome<VouchedPerson> vouched, string next, CancellationToken cancel, Func<NpgsqlTransaction, Task<ApiError?>>? before = null)
    {
        if (vouched.Error is not null)
        {
            return Refuse(context, connection, vouched.Error);
        }

        var outcome = await database.TryInTransactionAsync<LinkedAccount>(
            async transaction => before is not null && await before(transaction) is { } refused ? refused : await LinkAsync(transaction, connection, vouched.Value!),
            cancel);
        if (outcome.Error is not null)
        {
            return Refuse(context, connection, outcome.Error);
        }

        await AccountCookie.SignInAsync(context, database, outcome.Value!.UserId, null, cancel, new SsoSession(connection.Id, clock.GetUtcNow()));
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.LocalRedirect(next);
    }

    public IResult Refuse(HttpContext context, SsoConnection connection, ApiError error)
    {
        SsoLog.Refused(log, connection.Id, error.Code, error.Detail);
        return SsoPage.Refuse(context, error);
    }

    private static async Task<Outcome<LinkedAccount>> LinkAsync(NpgsqlTransaction transaction, SsoConnection connection, VouchedPerson person)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(person.Subject));
        var account = await FindAsync(transaction, connection, hash);
        if (account is null)
        {
            var made = await FirstTimeAsync(transaction, connection, person, hash);
            if (made.Error is not null)
            {
                return made.Error;
            }

            account = made.Value!;
        }

        if (account.IsDisabled || account.IsStaff)
        {
            return account.IsStaff ? NotLinkable : Disabled;
        }

        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "sso.signed_in", connection.OrganiserId, SubjectType: "sso_connection", SubjectId: connection.Id));
        return account;
    }

    private static Task<LinkedAccount?> FindAsync(NpgsqlTransaction transaction, SsoConnection connection, byte[] hash) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<LinkedAccount>(
            """
            update platform.sso_identities i set last_sign_in_at = now() from platform.users u
            where i.connection_id = @Id and i.subject_hash = @hash and u.id = i.user_id
            returning u.id as user_id, u.disabled_at is not null as is_disabled, exists (select 1 from platform.admin_users a where a.user_id = u.id) as is_staff
            """,
            new { connection.Id, hash },
            transaction);

    private static async Task<Outcome<LinkedAccount>> FirstTimeAsync(NpgsqlTransaction transaction, SsoConnection connection, VouchedPerson person, byte[] hash)
    {
        var db = transaction.Connection!;
        if (await EmailRefusalAsync(db, connection, person) is { } refused)
        {
            return refused;
        }

        var email = person.Email!;
        var made = await db.ExecuteAsync(
            """
            insert into platform.users (id, email, name, email_verified_at) values (@Id, @email, @Name, now())
            on conflict (lower(email)) do nothing
            """,
            new { Id = Guid.CreateVersion7(), email, Name = DisplayName(person) },
            transaction);
        var user = await db.QuerySingleAsync<UserRow>(
            """
            select u.id, u.email, u.name, u.disabled_at is not null as is_disabled, exists (select 1 from platform.admin_users a where a.user_id = u.id) as is_staff
            from platform.users u where lower(u.email) = lower(@email) for update of u
            """,
            new { email },
            transaction);
        if (user.IsStaff)
        {
            return NotLinkable;
        }

        // Whoever made an account without ever proving its address is not to share it with the address's owner.
        await db.ExecuteAsync(
            "update platform.users set email_verified_at = now(), password_hash = null, security_stamp = gen_random_uuid() where id = @Id and email_verified_at is null",
            user,
            transaction);

        // Of two first sign-ins at once one makes the row; the other finds it, with its own subject or with somebody else's.
        await db.ExecuteAsync(
            "insert into platform.sso_identities (connection_id, subject_hash, user_id) values (@Connection, @hash, @User) on conflict do nothing",
            new { Connection = connection.Id, hash, User = user.Id },
            transaction);
        if (await FindAsync(transaction, connection, hash) is not { } linked || linked.UserId != user.Id)
        {
            return SubjectChanged;
        }

        var action = made == 1 ? "sso.account_created" : "sso.account_linked";
        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(user.Id), action, connection.OrganiserId, SubjectType: "sso_connection", SubjectId: connection.Id));
        if (made == 0 && !user.IsDisabled && MailAddresses.IsValid(user.Email))
        {
            await MailOutbox.EnqueueAsync(transaction, new MailMessage(user.Email, "sso-linked", new Dictionary<string, string> { ["name"] = user.Name, ["connection"] = connection.Name }));
        }

        return linked;
    }

    private static async Task<ApiError?> EmailRefusalAsync(NpgsqlConnection db, SsoConnection connection, VouchedPerson person)
    {
        if (person.Email is null)
        {
            return SsoErrors.EmailMissing;
        }

        if (!MailAddresses.IsValid(person.Email))
        {
            return EmailInvalid;
        }

        var domain = person.Email[(person.Email.IndexOf('@') + 1)..].ToLowerInvariant();
        return !person.EmailVerified ? EmailUnverified
            : !connection.Domains.Contains(domain) ? DomainNotAllowed
            : !await Domains.IsVerifiedAsync(db, connection.OrganiserId, domain) ? DomainNotVerified
            : null;
    }

    private static string DisplayName(VouchedPerson person)
    {
        var name = new string([.. (person.Name ?? "").Where(c => !char.IsControl(c))]).Trim();
        return name.Length is > 0 and <= 200 && FieldChecks.IsWellFormed(name) ? name : person.Email![..person.Email!.IndexOf('@')];
    }

    private sealed record LinkedAccount(Guid UserId, bool IsDisabled, bool IsStaff);

    private sealed record UserRow(Guid Id, string Email, string Name, bool IsDisabled, bool IsStaff);
}
