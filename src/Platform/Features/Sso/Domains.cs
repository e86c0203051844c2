using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Sso;

/// <summary>
/// Proof that a mail domain is an organisation's: a code mailed to the domain's postmaster, a mailbox that every mail domain has (RFC 5321
/// §4.5.1) and that no public mail service gives to its users. Several organisations may prove the same domain.
/// </summary>
internal static class Domains
{
    private const int MaxPerOrganisation = 50;

    /// <summary>Domains change hands; a proof is asked for anew after a year. People who are linked already stay so.</summary>
    private const string Holds = "verified_at > now() - interval '365 days'";

    private static readonly TimeSpan CodeLifetime = TimeSpan.FromDays(7);

    private static readonly ApiError DomainNotFound = ApiError.NotFound("sso_domain_not_found", "The organisation has no such domain.");
    private static readonly ApiError CodeInvalid = ApiError.BadRequest("sso_domain_code_invalid", "This is not the code that was mailed to the domain's postmaster last, or it has expired.");

    public static Task<bool> IsVerifiedAsync(NpgsqlConnection connection, Guid organiserId, string domain) => connection.QuerySingleAsync<bool>(
        $"select exists (select 1 from platform.sso_domains where organiser_id = @organiserId and domain = @domain and {Holds})", new { organiserId, domain });

    /// <summary>Enabled connections for a proven domain.</summary>
    public static Task<IEnumerable<SsoConnection>> ConnectionsAsync(NpgsqlConnection connection, string domain) => connection.QueryAsync<SsoConnection>(
        $"""
        select {SsoConnection.Columns} from platform.sso_connections c
        where c.enabled and c.domains @> array[@domain] and exists (select 1 from platform.sso_domains d where d.organiser_id = c.organiser_id and d.domain = @domain and {Holds})
        order by c.name, c.id limit 10
        """,
        new { domain });

    /// <summary>A domain in lower case, or null.</summary>
    public static string? Normalise(string? domain)
    {
        var text = domain?.Trim().ToLowerInvariant() ?? "";
        return text.Length is > 0 and <= 253 && text.Contains('.') && MailAddresses.IsValid($"a@{text}") ? text : null;
    }

    public static async Task<Results<Ok<SsoDomainList>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageSso) is { } refused
            ? refused.ToResult()
            : TypedResults.Ok(new SsoDomainList((await connection.QueryAsync<SsoDomainDetails>(
                "select id, domain, verified_at, created_at from platform.sso_domains where organiser_id = @id order by domain", new { id })).AsList()));
    }

    /// <summary>Mails the code; the same domain again renews it.</summary>
    public static async Task<Results<Accepted<SsoDomainDetails>, ProblemHttpResult>> AskAsync(
        Guid id, NewSsoDomain request, SignedIn account, HttpContext context, Database database, LinkLimits limits, TimeProvider clock, CancellationToken cancel)
    {
        var outcome = await database.TryInTransactionAsync<SsoDomainDetails>(
            async transaction =>
            {
                var db = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused;
                }

                if (Normalise(request.Domain) is not { } domain)
                {
                    return ApiError.BadRequest("domain_invalid", "'domain' must be a mail domain like company.example.");
                }

                if (!limits.Admits(context.Connection.RemoteIpAddress, $"postmaster {domain}"))
                {
                    return OrganisationsApi.TooManyMails;
                }

                // The organisation's row is the lock of the count.
                var organisation = await db.QuerySingleAsync<string>("select name from platform.organisers where id = @id for update", new { id }, transaction);
                if (await db.QuerySingleAsync<int>("select count(*)::int from platform.sso_domains where organiser_id = @id and domain <> @domain", new { id, domain }, transaction) >= MaxPerOrganisation)
                {
                    return ApiError.Conflict("too_many_domains", $"An organisation has at most {MaxPerOrganisation} domains.");
                }

                var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
                var expiresAt = clock.GetUtcNow() + CodeLifetime;
                var row = await db.QuerySingleAsync<SsoDomainDetails>(
                    """
                    insert into platform.sso_domains as d (id, organiser_id, domain, code_hash, expires_at) values (@Key, @id, @domain, @Hash, @expiresAt)
                    on conflict (organiser_id, domain) do update set code_hash = excluded.code_hash, expires_at = excluded.expires_at
                    returning id, domain, verified_at, created_at
                    """,
                    new { Key = Guid.CreateVersion7(), id, domain, Hash = Hash(code), expiresAt },
                    transaction);
                await MailOutbox.EnqueueAsync(transaction, new MailMessage($"postmaster@{domain}", "sso-domain", new Dictionary<string, string> { ["organisation"] = organisation, ["domain"] = domain, ["code"] = code })
                {
                    ExpiresAt = expiresAt,
                });
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "sso.domain_asked", id, SubjectType: "sso_domain", SubjectId: row.Id));
                return row;
            },
            cancel);
        return outcome.Error is not null ? outcome.Error.ToResult() : TypedResults.Accepted((string?)null, outcome.Value!);
    }

    public static async Task<Results<Ok<SsoDomainDetails>, ProblemHttpResult>> VerifyAsync(Guid id, Guid domainId, SsoDomainCode request, SignedIn account, Database database, CancellationToken cancel) =>
        (await database.TryInTransactionAsync<SsoDomainDetails>(
            async transaction =>
            {
                var db = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused;
                }

                var row = await db.QuerySingleOrDefaultAsync<SsoDomainDetails>(
                    """
                    update platform.sso_domains set verified_at = now(), code_hash = null, expires_at = null
                    where id = @domainId and organiser_id = @id and code_hash = @Hash and expires_at > now() returning id, domain, verified_at, created_at
                    """,
                    new { id, domainId, Hash = Hash(request.Code is { Length: <= 100 } code ? code.Trim() : "") },
                    transaction);
                if (row is null)
                {
                    return CodeInvalid;
                }

                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "sso.domain_verified", id, SubjectType: "sso_domain", SubjectId: domainId));
                return row;
            },
            cancel)).ToOk();

    public static Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid domainId, SignedIn account, Database database, CancellationToken cancel) =>
        database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var db = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused.ToResult();
                }

                if (await db.ExecuteAsync("delete from platform.sso_domains where id = @domainId and organiser_id = @id", new { id, domainId }, transaction) == 0)
                {
                    return DomainNotFound.ToResult();
                }

                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "sso.domain_removed", id, SubjectType: "sso_domain", SubjectId: domainId));
                return TypedResults.NoContent();
            },
            cancel);

    private static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}
