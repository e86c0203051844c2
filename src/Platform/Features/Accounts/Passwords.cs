using Events.Platform.Composition;
using Microsoft.AspNetCore.Identity;

namespace Events.Platform.Features.Accounts;

/// <summary>What a new password must be: long, and not one that is tried first. No rules of composition (OWASP ASVS 5.0, 6.2).</summary>
internal static class Passwords
{
    public const int MinLength = 10;
    public const int MaxLength = 1_000;

    private static readonly PasswordOwner Owner = new();

    /// <summary>Pieces of which the passwords of guessing lists are made; a password of nothing but them is refused.</summary>
    private static readonly string[] Guessed =
    [
        "password", "passwort", "qwertyuiop", "qwerty", "qwertz", "azerty", "asdfgh", "letmein", "welcome", "iloveyou", "admin", "administrator", "football", "baseball",
        "princess", "dragon", "monkey", "sunshine", "superman", "master", "shadow", "secret", "login", "abc", "changeme", "default", "events", "hello",
    ];

    public static ApiError? Refusal(string password, string email)
    {
        if (password.Length is < MinLength or > MaxLength || !FieldChecks.IsWellFormed(password))
        {
            return ApiError.BadRequest("password_length", $"A password has {MinLength} to {MaxLength} characters.");
        }

        var bare = email[..email.IndexOf('@')];
        var rest = Guessed.Append(bare).Aggregate(password.ToLowerInvariant(), (left, piece) => piece.Length >= 3 ? left.Replace(piece.ToLowerInvariant(), "", StringComparison.Ordinal) : left);
        return rest.Distinct().Count() < 4 || (rest.Count(char.IsLetter) < 3 && rest.Length < 14)
            ? ApiError.BadRequest("password_guessable", "This password is among the first that are guessed; take a few unrelated words.")
            : null;
    }

    public static string Hash(IPasswordHasher<PasswordOwner> hasher, string password) => hasher.HashPassword(Owner, password);

    public static bool Matches(IPasswordHasher<PasswordOwner> hasher, string hash, string password) =>
        hasher.VerifyHashedPassword(Owner, hash, password) != PasswordVerificationResult.Failed;
}
