using System.Net;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Microsoft.AspNetCore.Identity;

namespace Events.Platform.Features.Accounts;

public sealed record SignInRequest(string? Email, string? Password);

public sealed record SignInAnswer(AccountUser User);

public sealed record AccountUser(Guid Id, string Email, string Name);

/// <summary>What the password hasher is generic over; the hash depends on the password alone.</summary>
internal sealed record PasswordOwner;

/// <summary>
/// Signs in with e-mail and password. An unknown address takes as long and answers the same as a wrong password, so that
/// nobody learns who has an account.
/// </summary>
internal sealed class SignIn(Database database, IPasswordHasher<PasswordOwner> hasher, SignInLimits limits)
{
    private const int MaxEmail = 254; // RFC 5321 §4.5.3.1.3 less the angle brackets
    private const int MaxPassword = 1_000;

    private static readonly ApiError Failed = new(401, "sign_in_failed", "The e-mail address or the password is wrong.");
    private static readonly ApiError TooMany = new(429, "too_many_attempts", "Too many attempts to sign in; wait a minute.");
    private static readonly PasswordOwner Owner = new();

    private readonly string _nobody = hasher.HashPassword(Owner, Guid.NewGuid().ToString());

    public async Task<(AccountUser? User, ApiError? Error)> HandleAsync(SignInRequest request, IPAddress? from, CancellationToken cancel)
    {
        var email = request.Email?.Trim() ?? "";
        if (email.Length is 0 or > MaxEmail || !FieldChecks.IsWellFormed(email) || request.Password is not { Length: > 0 and <= MaxPassword } password)
        {
            return (null, Failed);
        }

        if (!limits.Admits(from, email))
        {
            return (null, TooMany);
        }

        await using var connection = await database.OpenAsync(cancel);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            "select id, email, name, password_hash from platform.users where lower(email) = lower(@email) and disabled_at is null", new { email }, cancellationToken: cancel));
        var verdict = hasher.VerifyHashedPassword(Owner, row?.PasswordHash ?? _nobody, password);
        if (row?.PasswordHash is null || verdict == PasswordVerificationResult.Failed)
        {
            return (null, Failed);
        }

        if (verdict == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await connection.ExecuteAsync("update platform.users set password_hash = @Hash where id = @Id", new { Hash = hasher.HashPassword(Owner, password), row.Id });
        }

        return (new AccountUser(row.Id, row.Email, row.Name), null);
    }

    private sealed record Row(Guid Id, string Email, string Name, string? PasswordHash);
}
