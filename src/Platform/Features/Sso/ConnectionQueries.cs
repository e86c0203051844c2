using System.Security.Cryptography.X509Certificates;
using Dapper;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Sso;

/// <summary>Reading connections.</summary>
internal static class ConnectionQueries
{
    /// <summary>A connection that is switched on.</summary>
    public static Task<SsoConnection?> EnabledAsync(NpgsqlConnection db, Guid id) =>
        db.QuerySingleOrDefaultAsync<SsoConnection>($"select {SsoConnection.Columns} from platform.sso_connections where id = @id and enabled", new { id });

    /// <summary>The certificates that are pinned for it, latest first, in DER.</summary>
    public static async Task<IReadOnlyList<byte[]>> CertificatesAsync(NpgsqlConnection db, Guid id) =>
        [.. await db.QueryAsync<byte[]>("select certificate from platform.sso_certificates where connection_id = @id order by added_at desc, sha256", new { id })];

    public static async Task<IReadOnlyList<SsoConnectionDetails>> DetailsAsync(NpgsqlConnection db, NodeOptions options, Guid organiserId, Guid? only)
    {
        var rows = (await db.QueryAsync<SsoConnection>(
            $"select {SsoConnection.Columns} from platform.sso_connections where organiser_id = @organiserId and (@only::uuid is null or id = @only) order by id", new { organiserId, only })).AsList();
        var certificates = (await db.QueryAsync<CertificateRow>(
            "select connection_id, certificate, sha256, added_at from platform.sso_certificates where connection_id = any(@Ids) order by added_at desc, sha256", new { Ids = rows.Select(r => r.Id).ToArray() })).ToLookup(c => c.ConnectionId);
        return [.. rows.Select(r => Details(r, new SsoAddresses(options.PublicUrl, r.Id), certificates[r.Id]))];
    }

    private static SsoConnectionDetails Details(SsoConnection row, SsoAddresses at, IEnumerable<CertificateRow> certificates)
    {
        var isSaml = row.Kind == SsoConnection.Saml;
        return new SsoConnectionDetails(
            row.Id, row.Name, row.Kind, row.Issuer, row.Enabled, row.Domains, EventSso.StartUrl(row.Id, null),
            row.ClientId, row.ClientSecret is not null, isSaml ? null : at.Callback, isSaml ? at.Metadata : null, isSaml ? at.Acs : null, [.. certificates.Select(c => c.ToDetails())]);
    }

    private sealed record CertificateRow(Guid ConnectionId, byte[] Certificate, byte[] Sha256, DateTimeOffset AddedAt)
    {
        public SsoCertificate ToDetails()
        {
            using var certificate = X509CertificateLoader.LoadCertificate(Certificate);
            return new SsoCertificate(Convert.ToHexStringLower(Sha256), certificate.Subject, certificate.NotAfter.ToUniversalTime(), AddedAt);
        }
    }
}

/// <summary>A connection's own addresses, made from the public address and never from a request's Host. One set per connection keeps providers apart (RFC 9700 §4.4.2).</summary>
internal sealed record SsoAddresses(Uri PublicUrl, Guid ConnectionId)
{
    public string Callback => At("callback");

    public string Acs => At("acs");

    /// <summary>Also our entity id.</summary>
    public string Metadata => At("metadata");

    private string At(string last) => new Uri(PublicUrl, $"/sso/{ConnectionId}/{last}").AbsoluteUri;
}
