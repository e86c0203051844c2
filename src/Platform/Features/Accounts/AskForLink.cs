using System.Net;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Links;
using Events.Platform.Features.Mail;

namespace Events.Platform.Features.Accounts;

public sealed record LinkRequest(string? Email);

public sealed record SignUpRequest(string? Email, string? Name);

/// <param name="Status">Always "mail_sent", whoever asked for whatever address.</param>
public sealed record LinkAnswer(string Status);

/// <summary>
/// Mails a link: to sign in, or to finish signing up. The answer and the work are the same for known and unknown addresses, and a
/// password is only ever chosen by who holds the link, so nobody can prepare an account for somebody else's address.
/// </summary>
internal sealed class AskForLink(Database database, LinkMails links, LinkLimits limits)
{
    public static readonly LinkAnswer Sent = new("mail_sent");

    private static readonly ApiError EmailInvalid = ApiError.BadRequest("email_invalid", "'email' must be an e-mail address.");
    private static readonly ApiError TooMany = new(429, "too_many_attempts", "Too many links were asked for; wait a few minutes.");

    public async Task<ApiError?> SignInAsync(LinkRequest request, IPAddress? from, CancellationToken cancel)
    {
        var email = request.Email?.Trim() ?? "";
        if (Refusal(email, from) is { } refused)
        {
            return refused;
        }

        return await database.InTransactionAsync<ApiError?>(
            async transaction =>
            {
                var user = await FindAsync(transaction, email);
                await (user is { DisabledAt: null } ? links.SignInAsync(transaction, user.Email, user.Id) : links.PretendAsync(transaction));
                return null;
            },
            cancel);
    }

    public async Task<ApiError?> SignUpAsync(SignUpRequest request, IPAddress? from, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        var email = request.Email?.Trim() ?? "";
        if ((checks.Error ?? Refusal(email, from)) is { } refused)
        {
            return refused;
        }

        return await database.InTransactionAsync<ApiError?>(
            async transaction =>
            {
                var user = await FindAsync(transaction, email);
                await (user is null ? links.VerifyAsync(transaction, email, name) : user.DisabledAt is null
                    ? links.SignInAsync(transaction, user.Email, user.Id, "account-exists", user.Name)
                    : links.PretendAsync(transaction));
                return null;
            },
            cancel);
    }

    private ApiError? Refusal(string email, IPAddress? from) =>
        !MailAddresses.IsValid(email) ? EmailInvalid : !limits.Admits(from, email) ? TooMany : null;

    private static async Task<User?> FindAsync(Npgsql.NpgsqlTransaction transaction, string email) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<User>(
            "select id, email, name, disabled_at from platform.users where lower(email) = lower(@email)", new { email }, transaction) is { } user
            && MailAddresses.IsValid(user.Email) ? user : null;

    private sealed record User(Guid Id, string Email, string Name, DateTimeOffset? DisabledAt);
}
