using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Features.Links;

/// <summary>A link that was found: what it is for, and for whom.</summary>
internal sealed record MagicLink(string Purpose, string Email, Guid? UserId, Guid? SubjectId, string? Name, DateTimeOffset ExpiresAt);

/// <summary>One-time links: 256 random bits of which only the SHA-256 is kept, good once, and for minutes where they sign in.</summary>
internal static class MagicLinks
{
    public const string SignIn = "sign_in";
    public const string VerifyEmail = "verify_email";
    public const string Invitation = "invitation";
    public const string PrivacyAccess = "privacy_access";
    public const string PrivacyErasure = "privacy_erasure";

    /// <summary>Links that sign in or make an account.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Links that ask for access or erasure: they sign nobody in, and may wait for slow mail.</summary>
    public static readonly TimeSpan PrivacyLifetime = TimeSpan.FromHours(1);

    public static readonly ApiError Invalid = new(401, "link_invalid", "This link is not one of ours. Ask for a new one.");
    public static readonly ApiError Expired = new(401, "link_expired", "This link has expired. Ask for a new one.");
    public static readonly ApiError Used = new(401, "link_used", "This link has been used already. Ask for a new one.");

    private const int TokenBytes = 32;
    private const int TokenLength = 43; // base64url of 32 bytes, RFC 4648 §5 without padding

    /// <summary>Keeps a new link and returns its token, which from here on stands in the mail alone.</summary>
    public static async Task<string> IssueAsync(NpgsqlTransaction transaction, MagicLink link)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        await transaction.Connection!.ExecuteAsync(
            """
            delete from platform.magic_links where expires_at < now() - interval '1 day';
            insert into platform.magic_links (token_hash, purpose, email, user_id, subject_id, name, expires_at)
            values (@Hash, @Purpose, @Email, @UserId, @SubjectId, @Name, @ExpiresAt)
            """,
            new { Hash = Hash(token), link.Purpose, link.Email, link.UserId, link.SubjectId, link.Name, link.ExpiresAt },
            transaction);
        return token;
    }

    /// <summary>Looks without consuming: what the page with the button shows.</summary>
    public static async Task<(MagicLink? Link, ApiError? Error)> PeekAsync(NpgsqlConnection connection, string? token)
    {
        if (token is not { Length: TokenLength })
        {
            return (null, Invalid);
        }

        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            """
            select purpose, email, user_id, subject_id, name, expires_at, consumed_at is not null as is_consumed, expires_at <= now() as is_expired
            from platform.magic_links where token_hash = @Hash
            """,
            new { Hash = Hash(token) });
        return row switch
        {
            null or { Purpose: SignIn, UserId: null } => (null, Invalid),
            { IsConsumed: true } => (null, Used),
            { IsExpired: true } => (null, Expired),
            _ => (new MagicLink(row.Purpose, row.Email, row.UserId, row.SubjectId, row.Name, row.ExpiresAt), null),
        };
    }

    /// <summary>Consumes a link; of two that try at once exactly one succeeds.</summary>
    public static async Task<(MagicLink? Link, ApiError? Error)> TakeAsync(NpgsqlTransaction transaction, string? token)
    {
        var (link, error) = await PeekAsync(transaction.Connection!, token);
        if (link is null)
        {
            return (null, error);
        }

        var taken = await transaction.Connection!.ExecuteAsync(
            "update platform.magic_links set consumed_at = now() where token_hash = @Hash and consumed_at is null and expires_at > now()", new { Hash = Hash(token!) }, transaction);
        return taken == 1 ? (link, null) : (null, Used);
    }

    /// <summary>Ends the other links that would sign the user in.</summary>
    public static Task EndAllAsync(NpgsqlTransaction transaction, Guid userId) => transaction.Connection!.ExecuteAsync(
        "update platform.magic_links set consumed_at = now() where user_id = @userId and purpose = 'sign_in' and consumed_at is null", new { userId }, transaction);

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private sealed record Row(string Purpose, string Email, Guid? UserId, Guid? SubjectId, string? Name, DateTimeOffset ExpiresAt, bool IsConsumed, bool IsExpired);
}
