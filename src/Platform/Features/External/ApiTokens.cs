using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Npgsql;

namespace Events.Platform.Features.External;

/// <param name="Scopes">Of <see cref="ApiTokens.Scopes"/>.</param>
/// <param name="ExpiresAt">At most two years ahead; null: one year.</param>
public sealed record ApiTokenRequest(string? Name, IReadOnlyList<string>? Scopes, DateTimeOffset? ExpiresAt);

public sealed record ApiTokenDetails(Guid Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt);

/// <param name="Token">Shown this once; only its hash is kept.</param>
public sealed record ApiTokenCreated(string Token, ApiTokenDetails Details);

public sealed record ApiTokenList(IReadOnlyList<ApiTokenDetails> Items);

/// <summary>The external API's caller: an organisation's system.</summary>
internal sealed record ApiCaller(Guid TokenId, Guid OrganiserId, string Scopes)
{
    public static ValueTask<ApiCaller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<ApiCaller>());

    public bool Has(string scope) => Scopes.Split(' ').Contains(scope);
}

/// <summary>Tokens of the external API: <c>evk_</c> and 256 random bits; hashed, scoped, revocable, issued by an admin user.</summary>
internal static class ApiTokens
{
    public const string Prefix = "evk_";

    public static readonly IReadOnlyList<string> Scopes = [.. ApiScopes.All.Keys];

    private const int Length = 4 + 43; // the prefix and base64url of 32 bytes
    private const int MaxPerOrganisation = 50;

    private static readonly TimeSpan DefaultLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan MaxLife = TimeSpan.FromDays(2 * 365);

    public static async Task<(ApiTokenCreated? Created, ApiError? Error)> IssueAsync(NpgsqlTransaction transaction, Guid staffId, Guid organiserId, ApiTokenRequest request, DateTimeOffset now)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 100);
        var scopes = request.Scopes?.Distinct().ToList() ?? [];
        var expiresAt = request.ExpiresAt ?? now + DefaultLife;
        checks.Require(scopes.Count > 0 && scopes.All(Scopes.Contains), "scopes_invalid", $"'scopes' is one or more of {string.Join(", ", Scopes)}.");
        checks.Require(expiresAt > now && expiresAt <= now + MaxLife, "expiry_invalid", "'expiresAt' is in the future, at most two years ahead.");
        if (checks.Error is not null)
        {
            return (null, checks.Error);
        }

        var connection = transaction.Connection!;
        if (await connection.QuerySingleOrDefaultAsync<Guid?>("select id from platform.organisers where id = @organiserId for update", new { organiserId }, transaction) is null)
        {
            return (null, ApiError.NotFound("organisation_not_found", "There is no such organisation."));
        }

        if (await connection.QuerySingleAsync<int>("select count(*)::int from platform.api_tokens where organiser_id = @organiserId and revoked_at is null and expires_at > now()", new { organiserId }, transaction) >= MaxPerOrganisation)
        {
            return (null, ApiError.Conflict("too_many_tokens", $"An organisation has at most {MaxPerOrganisation} tokens; revoke some."));
        }

        var token = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var row = await connection.QuerySingleAsync<Row>(
            $"""
            insert into platform.api_tokens as t (id, organiser_id, name, token_hash, scopes, created_by, expires_at)
            values (@Id, @organiserId, @name, @Hash, @Scopes, @staffId, @expiresAt) returning {Row.Columns}
            """,
            new { Id = Guid.CreateVersion7(), organiserId, name, Hash = Hash(token), Scopes = string.Join(' ', scopes), staffId, expiresAt },
            transaction);
        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.Staff(staffId), "api_token.issued", organiserId, SubjectType: "api_token", SubjectId: row.Id, Detail: new { scopes }));
        return (new ApiTokenCreated(token, row.ToDetails()), null);
    }

    public static async Task<ApiTokenList> ListAsync(NpgsqlConnection connection, Guid organiserId) => new(
        [.. (await connection.QueryAsync<Row>($"select {Row.Columns} from platform.api_tokens t where t.organiser_id = @organiserId order by t.id desc limit 200", new { organiserId })).Select(r => r.ToDetails())]);

    /// <summary>Ends a token at once; again, nothing happens. False when there is none.</summary>
    public static async Task<bool> RevokeAsync(NpgsqlTransaction transaction, AuditActor actor, Guid organiserId, Guid tokenId)
    {
        var found = await transaction.Connection!.QuerySingleOrDefaultAsync<Found>(
            """
            update platform.api_tokens t set revoked_at = coalesce(t.revoked_at, now()) from platform.api_tokens before
            where t.id = @tokenId and t.organiser_id = @organiserId and before.id = t.id returning before.revoked_at is not null as was_revoked
            """,
            new { tokenId, organiserId },
            transaction);
        if (found is { WasRevoked: false })
        {
            await AuditLog.AppendAsync(transaction, new AuditEntry(actor, "api_token.revoked", organiserId, SubjectType: "api_token", SubjectId: tokenId));
        }

        return found is not null;
    }

    /// <summary>The caller, or a stable code: <c>api_token_invalid</c>, <c>api_token_expired</c>, <c>api_token_revoked</c>.</summary>
    public static async Task<(ApiCaller? Caller, string? Code)> VerifyAsync(Database database, string token, CancellationToken cancel)
    {
        if (token.Length != Length || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return (null, "api_token_invalid");
        }

        await using var connection = await database.OpenAsync(cancel);

        // Last used to the minute: a busy token does not rewrite its row at every call.
        var row = await connection.QuerySingleOrDefaultAsync<Used>(
            """
            with used as (update platform.api_tokens set last_used_at = now()
                          where token_hash = @Hash and revoked_at is null and expires_at > now() and (last_used_at is null or last_used_at < now() - interval '1 minute'))
            select id, organiser_id, scopes, revoked_at is not null as is_revoked, coalesce(expires_at <= now(), false) as is_expired from platform.api_tokens where token_hash = @Hash
            """,
            new { Hash = Hash(token) });
        return row switch
        {
            null => (null, "api_token_invalid"),
            { IsRevoked: true } => (null, "api_token_revoked"),
            { IsExpired: true } => (null, "api_token_expired"),
            _ => (new ApiCaller(row.Id, row.OrganiserId, row.Scopes), null),
        };
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private sealed record Found(bool WasRevoked);

    private sealed record Used(Guid Id, Guid OrganiserId, string Scopes, bool IsRevoked, bool IsExpired);

    private sealed record Row(Guid Id, string Name, string Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
    {
        public const string Columns = "t.id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at, t.revoked_at";

        public ApiTokenDetails ToDetails() => new(Id, Name, Scopes.Split(' '), CreatedAt, ExpiresAt, LastUsedAt, RevokedAt);
    }
}
