using System.Security.Cryptography;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Sso.Oidc;
using Events.Platform.Features.Sso.Saml;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Sso;

/// <summary>An organisation's connections: made, changed, switched off and removed by its admins.</summary>
internal sealed class Connections(Database database, NodeOptions options, SsoSecrets secrets, OidcDiscovery discovery, TimeProvider clock)
{
    private const int MaxPerOrganisation = 10;

    private static readonly ApiError NotFound = ApiError.NotFound("sso_connection_not_found", "The organisation has no such connection.");
    private static readonly ApiError InUse = ApiError.Conflict("sso_connection_in_use", "An event demands this connection. End that demand first.");
    private static readonly ApiError IssuerChanges = ApiError.BadRequest("sso_issuer_changes", "This metadata is of another identity provider. Make a new connection for it.");

    public async Task<Results<Ok<SsoConnectionList>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, CancellationToken cancel)
    {
        await using var db = await database.OpenAsync(cancel);
        return await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused
            ? refused.ToResult()
            : TypedResults.Ok(new SsoConnectionList(await ConnectionQueries.DetailsAsync(db, options, id, null)));
    }

    public async Task<Results<Created<SsoConnectionDetails>, ProblemHttpResult>> CreateAsync(Guid id, NewSsoConnection request, SignedIn account, CancellationToken cancel)
    {
        await using (var db = await database.OpenAsync(cancel))
        {
            if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
            {
                return refused.ToResult();
            }
        }

        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 100);
        var domains = ReadDomains(checks, request.Domains);
        var read = checks.Error is { } wrong ? wrong : await ReadProviderAsync(request, cancel);
        if (read.Error is not null)
        {
            return read.Error.ToResult();
        }

        var provider = read.Value!;
        var outcome = await database.TryInTransactionAsync<SsoConnectionDetails>(
            async transaction =>
            {
                var db = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused;
                }

                // The organisation's row is the lock of the count.
                await db.ExecuteAsync("select 1 from platform.organisers where id = @id for update", new { id }, transaction);
                if (await db.QuerySingleAsync<int>("select count(*)::int from platform.sso_connections where organiser_id = @id", new { id }, transaction) >= MaxPerOrganisation)
                {
                    return ApiError.Conflict("too_many_connections", $"An organisation has at most {MaxPerOrganisation} connections.");
                }

                var connectionId = Guid.CreateVersion7();
                await db.ExecuteAsync(
                    """
                    insert into platform.sso_connections (id, organiser_id, name, kind, issuer, domains, client_id, client_secret, sso_url)
                    values (@connectionId, @id, @name, @Kind, @Issuer, @domains, @ClientId, @ClientSecret, @SsoUrl)
                    """,
                    new { connectionId, id, name, provider.Kind, provider.Issuer, domains, provider.ClientId, provider.ClientSecret, provider.SsoUrl },
                    transaction);
                await PinAsync(transaction, connectionId, provider.Certificates);
                await AuditAsync(transaction, account, id, connectionId, "sso.connection_created");
                return (await ConnectionQueries.DetailsAsync(db, options, id, connectionId))[0];
            },
            cancel);
        return outcome.ToCreated(made => $"/api/v1/organisations/{id}/sso/connections/{made.Id}");
    }

    public async Task<Results<Ok<SsoConnectionDetails>, ProblemHttpResult>> ChangeAsync(Guid id, Guid connectionId, SsoConnectionChange request, SignedIn account, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = request.Name is null ? null : checks.Text("name", request.Name, 100);
        var domains = request.Domains is null ? null : ReadDomains(checks, request.Domains);
        var clientId = request.ClientId is null ? null : checks.Text("clientId", request.ClientId, 500, "client_id");
        var clientSecret = request.ClientSecret is null ? null : secrets.SealClientSecret(checks.Text("clientSecret", request.ClientSecret, 1_000, "client_secret"));
        return (await database.TryInTransactionAsync<SsoConnectionDetails>(
            async transaction =>
            {
                var db = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused;
                }

                var row = await db.QuerySingleOrDefaultAsync<SsoConnection>(
                    $"select {SsoConnection.Columns} from platform.sso_connections where id = @connectionId and organiser_id = @id for update", new { id, connectionId }, transaction);
                if (row is null)
                {
                    return NotFound;
                }

                var isSaml = row.Kind == SsoConnection.Saml;
                checks.Require(!isSaml || (clientId is null && clientSecret is null), "client_id_invalid", "A SAML connection has neither client id nor secret.");
                checks.Require(isSaml || request.Metadata is null, "metadata_invalid", "An OIDC connection has no metadata to upload.");
                if (checks.Error is not null)
                {
                    return checks.Error;
                }

                IdpMetadata? metadata = null;
                if (request.Metadata is not null)
                {
                    var imported = IdpMetadata.Read(request.Metadata, options.IsDevelopment, clock.GetUtcNow());
                    if (imported.Error is not null)
                    {
                        return imported.Error;
                    }

                    metadata = imported.Value!;
                    if (metadata.EntityId != row.Issuer)
                    {
                        return IssuerChanges;
                    }

                    await PinAsync(transaction, connectionId, metadata.Certificates);
                }

                await db.ExecuteAsync(
                    """
                    update platform.sso_connections set name = coalesce(@name, name), enabled = coalesce(@Enabled, enabled), domains = coalesce(@domains, domains), changed_at = now(),
                           client_id = coalesce(@clientId, client_id), client_secret = coalesce(@clientSecret, client_secret), sso_url = coalesce(@SsoUrl, sso_url)
                    where id = @connectionId
                    """,
                    new { connectionId, name, request.Enabled, domains, clientId, clientSecret, metadata?.SsoUrl },
                    transaction);
                await AuditAsync(transaction, account, id, connectionId, "sso.connection_changed");
                return (await ConnectionQueries.DetailsAsync(db, options, id, connectionId))[0];
            },
            cancel)).ToOk();
    }

    public Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid connectionId, SignedIn account, CancellationToken cancel) =>
        AdminAsync(id, connectionId, account, "sso.connection_removed", async transaction =>
        {
            var db = transaction.Connection!;
            return await db.QuerySingleAsync<bool>("select exists (select 1 from platform.events where sso_connection_id = @connectionId)", new { connectionId }, transaction) ? InUse
                : await db.ExecuteAsync("delete from platform.sso_connections where id = @connectionId", new { connectionId }, transaction) == 1 ? null : NotFound;
        }, cancel);

    /// <summary>Ends the trust in one of two certificates; the last one stays.</summary>
    public Task<Results<NoContent, ProblemHttpResult>> UnpinAsync(Guid id, Guid connectionId, string sha256, SignedIn account, CancellationToken cancel) =>
        AdminAsync(id, connectionId, account, "sso.certificate_removed", async transaction =>
        {
            var hash = sha256.Length == 64 && sha256.All(char.IsAsciiHexDigit) ? Convert.FromHexString(sha256) : [];
            var pinned = (await transaction.Connection!.QueryAsync<byte[]>("select sha256 from platform.sso_certificates where connection_id = @connectionId", new { connectionId }, transaction)).AsList();
            if (!pinned.Any(p => p.AsSpan().SequenceEqual(hash)))
            {
                return ApiError.NotFound("sso_certificate_not_found", "The connection has no such certificate.");
            }

            if (pinned.Count == 1)
            {
                return ApiError.Conflict("sso_certificate_last", "A connection keeps one certificate. Upload the metadata with the next one first.");
            }

            await transaction.Connection!.ExecuteAsync("delete from platform.sso_certificates where connection_id = @connectionId and sha256 = @hash", new { connectionId, hash }, transaction);
            return null;
        }, cancel);

    /// <summary>Parts an account from its subject: the next sign-in by that address links anew.</summary>
    public Task<Results<NoContent, ProblemHttpResult>> UnlinkAsync(Guid id, Guid connectionId, Guid userId, SignedIn account, CancellationToken cancel) =>
        AdminAsync(id, connectionId, account, "sso.account_unlinked", async transaction =>
            await transaction.Connection!.ExecuteAsync("delete from platform.sso_identities where connection_id = @connectionId and user_id = @userId", new { connectionId, userId }, transaction) == 1
                ? null : ApiError.NotFound("sso_identity_not_found", "This account is not linked with the connection."), cancel);

    private Task<Results<NoContent, ProblemHttpResult>> AdminAsync(Guid id, Guid connectionId, SignedIn account, string action, Func<NpgsqlTransaction, Task<ApiError?>> work, CancellationToken cancel) =>
        database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var db = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(db, account, id, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused.ToResult();
                }

                if (await db.QuerySingleOrDefaultAsync<Guid?>("select id from platform.sso_connections where id = @connectionId and organiser_id = @id for update", new { id, connectionId }, transaction) is null)
                {
                    return NotFound.ToResult();
                }

                if (await work(transaction) is { } error)
                {
                    return error.ToResult();
                }

                await AuditAsync(transaction, account, id, connectionId, action);
                return TypedResults.NoContent();
            },
            cancel);

    private async Task<Outcome<Provider>> ReadProviderAsync(NewSsoConnection request, CancellationToken cancel)
    {
        switch (request.Kind)
        {
            case SsoConnection.Oidc:
                var checks = new FieldChecks();
                var issuer = checks.Text("issuer", request.Issuer, 1_024);
                var clientId = checks.Text("clientId", request.ClientId, 500, "client_id");
                var secret = request.ClientSecret is null ? null : checks.Text("clientSecret", request.ClientSecret, 1_000, "client_secret");
                checks.Require(discovery.IsIssuer(issuer), "issuer_invalid", "'issuer' must be an https address without query and fragment, as the provider's configuration names it.");
                if (checks.Error is not null)
                {
                    return checks.Error;
                }

                // A connection that could not sign anybody in is better refused now than at the event.
                var metadata = await discovery.MetadataAsync(issuer, cancel);
                return metadata.Error is not null ? metadata.Error
                    : new Provider(SsoConnection.Oidc, issuer, clientId, secret is null ? null : secrets.SealClientSecret(secret), null, []);

            case SsoConnection.Saml:
                var imported = IdpMetadata.Read(request.Metadata, options.IsDevelopment, clock.GetUtcNow());
                return imported.Error is not null ? imported.Error
                    : new Provider(SsoConnection.Saml, imported.Value!.EntityId, null, null, imported.Value.SsoUrl, imported.Value.Certificates);

            default:
                return ApiError.BadRequest("kind_invalid", "'kind' is oidc or saml.");
        }
    }

    /// <summary>Pins certificates; beside two new ones none stays, beside a new one the latest old one does.</summary>
    private static async Task PinAsync(NpgsqlTransaction transaction, Guid connectionId, IReadOnlyList<byte[]> certificates)
    {
        foreach (var certificate in certificates)
        {
            await transaction.Connection!.ExecuteAsync(
                """
                insert into platform.sso_certificates (connection_id, sha256, certificate) values (@connectionId, @Hash, @certificate)
                on conflict (connection_id, sha256) do update set added_at = now()
                """,
                new { connectionId, Hash = SHA256.HashData(certificate), certificate },
                transaction);
        }

        await transaction.Connection!.ExecuteAsync(
            """
            delete from platform.sso_certificates where connection_id = @connectionId and sha256 not in
                (select sha256 from platform.sso_certificates where connection_id = @connectionId order by added_at desc, sha256 limit @Most)
            """,
            new { connectionId, Most = IdpMetadata.MaxCertificates },
            transaction);
    }

    private static string[] ReadDomains(FieldChecks checks, string[]? asked)
    {
        var domains = asked?.Select(Domains.Normalise).Distinct().ToArray() ?? [];
        checks.Require(domains.Length is > 0 and <= 50 && domains.All(d => d is not null), "domains_invalid", "'domains' names one to 50 mail domains.");
        return [.. domains.OfType<string>()];
    }

    private static Task AuditAsync(NpgsqlTransaction transaction, SignedIn account, Guid organiserId, Guid connectionId, string action) =>
        AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), action, organiserId, SubjectType: "sso_connection", SubjectId: connectionId));

    private sealed record Provider(string Kind, string Issuer, string? ClientId, string? ClientSecret, string? SsoUrl, IReadOnlyList<byte[]> Certificates);
}
