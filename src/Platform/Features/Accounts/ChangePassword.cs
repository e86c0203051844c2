using System.Globalization;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Links;
using Events.Platform.Features.Mail;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Events.Platform.Features.Accounts;

/// <param name="Current">The present password; not needed within ten minutes of signing in by link.</param>
public sealed record PasswordRequest(string? Current, string? Password);

/// <summary>Sets the password. Every other session ends; the owner of the mailbox is told.</summary>
internal static class ChangePassword
{
    private static readonly ApiError Wrong = ApiError.Forbidden("current_password_wrong", "'current' is not the present password. Or sign in by link, and set a new one within ten minutes.");
    private static readonly ApiError TooMany = new(429, "too_many_attempts", "Too many attempts; wait a minute.");

    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        PasswordRequest request, SignedIn account, HttpContext context, Database database, IPasswordHasher<PasswordOwner> hasher, SignInLimits limits, LinkMails links, TimeProvider clock, CancellationToken cancel)
    {
        if (!limits.Admits(context.Connection.RemoteIpAddress, account.UserId.ToString()))
        {
            return TooMany.ToResult();
        }

        var isFresh = AccountCookie.IsFreshFromLink(context.User, clock.GetUtcNow());
        var error = await database.InTransactionAsync(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var user = await connection.QuerySingleAsync<Row>("select email, name, password_hash from platform.users where id = @UserId for update", account, transaction);
                if (!isFresh && !(user.PasswordHash is { } hash && request.Current is { Length: <= Passwords.MaxLength } current && Passwords.Matches(hasher, hash, current)))
                {
                    return Wrong;
                }

                if (Passwords.Refusal(request.Password ?? "", user.Email) is { } refused)
                {
                    return refused;
                }

                await connection.ExecuteAsync(
                    "update platform.users set password_hash = @Hash, security_stamp = gen_random_uuid() where id = @UserId",
                    new { Hash = Passwords.Hash(hasher, request.Password!), account.UserId },
                    transaction);
                await MagicLinks.EndAllAsync(transaction, account.UserId);
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "password.changed", SubjectType: "user", SubjectId: account.UserId));
                if (MailAddresses.IsValid(user.Email))
                {
                    await MailOutbox.EnqueueAsync(transaction, new MailMessage(user.Email, "password-changed", new Dictionary<string, string>
                    {
                        ["name"] = user.Name,
                        ["at"] = clock.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
                        ["signInUrl"] = links.PublicUrl.AbsoluteUri,
                    }));
                }

                return null;
            },
            cancel);
        if (error is not null)
        {
            return error.ToResult();
        }

        await AccountCookie.SignInAsync(context, database, account.UserId, null, cancel);
        return TypedResults.NoContent();
    }

    /// <summary>Signs out everywhere, here too.</summary>
    public static async Task<NoContent> EndSessionsAsync(SignedIn account, HttpContext context, Database database, CancellationToken cancel)
    {
        await database.InTransactionAsync(
            async transaction =>
            {
                await transaction.Connection!.ExecuteAsync("update platform.users set security_stamp = gen_random_uuid() where id = @UserId", account, transaction);
                await MagicLinks.EndAllAsync(transaction, account.UserId);
                return 0;
            },
            cancel);
        return await AccountsApi.SignOutAsync(context);
    }

    private sealed record Row(string Email, string Name, string? PasswordHash);
}
