using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Links;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Privacy;
using Events.Platform.Features.Sso;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace Events.Platform.Features.Accounts;

/// <param name="Token">From the link.</param>
/// <param name="Password">Only with a link that makes an account; left out, the account is entered by links alone.</param>
public sealed record ConfirmRequest(string? Token, string? Password);

/// <param name="Status">"signed_in"; "accepted": the invitation stands and a link to sign in is on its way; or "queued": the request about one's data.</param>
public sealed record ConfirmAnswer(string Status, AccountUser? User, PrivacyRequest? Request = null);

/// <summary>
/// The explicit click: consumes a link. Links of minutes sign in; an invitation lives for days and so never does, it mails a fresh
/// link instead.
/// </summary>
internal sealed class ConfirmLink(Database database, LinkMails links, PrivacyRequests privacy, IPasswordHasher<PasswordOwner> hasher, TimeProvider clock)
{
    public async Task<(ConfirmAnswer? Answer, ApiError? Error)> HandleAsync(ConfirmRequest request, HttpContext context, CancellationToken cancel)
    {
        var here = SignedIn.From(context.User);
        var isProof = false;
        var (answer, error) = await database.InTransactionAsync(
            async transaction =>
            {
                // Looked at first: a password that is refused must not cost the link.
                var (link, refused) = await MagicLinks.PeekAsync(transaction.Connection!, request.Token);
                if (link is { Purpose: MagicLinks.VerifyEmail } && request.Password is { } wanted)
                {
                    refused = Passwords.Refusal(wanted, link.Email);
                }

                refused ??= await privacy.RefusalAsync(transaction, link!);
                if (refused is null)
                {
                    (link, refused) = await MagicLinks.TakeAsync(transaction, request.Token);
                }

                isProof = link?.Purpose is MagicLinks.SignIn or MagicLinks.VerifyEmail;
                return refused is not null ? (null, refused) : link!.Purpose switch
                {
                    MagicLinks.SignIn => await SignInAsync(transaction, link.UserId!.Value),
                    MagicLinks.VerifyEmail => await CreateAsync(transaction, link, request.Password),
                    MagicLinks.PrivacyAccess or MagicLinks.PrivacyErasure => (new ConfirmAnswer("queued", null, await privacy.ConfirmAsync(transaction, link)), null),
                    _ => await AcceptAsync(transaction, link, here),
                };
            },
            cancel);
        if (answer is { Status: "signed_in", User: { } user } && isProof)
        {
            // Also who is here already: the mailbox is proven anew, and what a company has said of them stands.
            await AccountCookie.SignInAsync(context, database, user.Id, clock.GetUtcNow(), cancel, here?.UserId == user.Id ? SsoSession.From(context.User) : null);
        }

        return (answer, error);
    }

    private static async Task<(ConfirmAnswer?, ApiError?)> SignInAsync(NpgsqlTransaction transaction, Guid userId)
    {
        var user = await transaction.Connection!.QuerySingleOrDefaultAsync<AccountUser>(
            "update platform.users set email_verified_at = coalesce(email_verified_at, now()) where id = @userId and disabled_at is null returning id, email, name", new { userId }, transaction);
        await MagicLinks.EndAllAsync(transaction, userId);
        return user is null ? (null, MagicLinks.Invalid) : (new ConfirmAnswer("signed_in", user), null);
    }

    /// <summary>Makes the account. Made meanwhile by another link, it keeps the password it has.</summary>
    private async Task<(ConfirmAnswer?, ApiError?)> CreateAsync(NpgsqlTransaction transaction, MagicLink link, string? password)
    {
        await InsertAsync(transaction, link.Email, link.Name!, password is null ? null : Passwords.Hash(hasher, password));
        return await SignInAsync(transaction, await IdOfAsync(transaction, link.Email));
    }

    private async Task<(ConfirmAnswer?, ApiError?)> AcceptAsync(NpgsqlTransaction transaction, MagicLink link, SignedIn? here)
    {
        await InsertAsync(transaction, link.Email, link.Email[..link.Email.IndexOf('@')], null);
        var userId = await IdOfAsync(transaction, link.Email);
        if (await Invitations.AcceptAsync(transaction, link.SubjectId!.Value, userId, clock.GetUtcNow()) is { } refused)
        {
            return (null, refused);
        }

        var user = await transaction.Connection!.QuerySingleAsync<AccountUser>("select id, email, name from platform.users where id = @userId", new { userId }, transaction);
        if (here?.UserId == userId)
        {
            return (new ConfirmAnswer("signed_in", user), null);
        }

        await links.SignInAsync(transaction, user.Email, userId);
        return (new ConfirmAnswer("accepted", null), null);
    }

    private static Task InsertAsync(NpgsqlTransaction transaction, string email, string name, string? hash) => transaction.Connection!.ExecuteAsync(
        """
        insert into platform.users (id, email, name, password_hash, email_verified_at) values (@Id, @email, @name, @hash, now())
        on conflict (lower(email)) do nothing
        """,
        new { Id = Guid.CreateVersion7(), email, name, hash },
        transaction);

    private static Task<Guid> IdOfAsync(NpgsqlTransaction transaction, string email) =>
        transaction.Connection!.QuerySingleAsync<Guid>("select id from platform.users where lower(email) = lower(@email)", new { email }, transaction);
}
