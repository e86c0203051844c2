namespace Events.Platform.Features.Sso;

/// <param name="Kind">"oidc" or "saml".</param>
/// <param name="Domains">Mail domains whose people this connection may sign in for the first time, once they are proven.</param>
/// <param name="Issuer">OIDC: the issuer, an https address.</param>
/// <param name="ClientSecret">OIDC: left out for a public client. Never shown again.</param>
/// <param name="Metadata">SAML: the identity provider's metadata, as XML.</param>
public sealed record NewSsoConnection(string? Name, string? Kind, string[]? Domains, string? Issuer, string? ClientId, string? ClientSecret, string? Metadata);

/// <summary>What is left out stays. The issuer never changes: it is the namespace of its subjects.</summary>
public sealed record SsoConnectionChange(string? Name, bool? Enabled, string[]? Domains, string? ClientId, string? ClientSecret, string? Metadata);

/// <param name="RedirectUri">OIDC: what to register at the provider.</param>
/// <param name="MetadataUrl">SAML: our own metadata, to be imported there; also our entity id.</param>
/// <param name="AcsUrl">SAML: where responses are posted to.</param>
public sealed record SsoConnectionDetails(
    Guid Id, string Name, string Kind, string Issuer, bool Enabled, IReadOnlyList<string> Domains, string StartUrl,
    string? ClientId, bool HasClientSecret, string? RedirectUri, string? MetadataUrl, string? AcsUrl, IReadOnlyList<SsoCertificate> Certificates);

/// <param name="Sha256">Of the DER form, in lower-case hex.</param>
public sealed record SsoCertificate(string Sha256, string Subject, DateTimeOffset NotAfter, DateTimeOffset AddedAt);

public sealed record SsoConnectionList(IReadOnlyList<SsoConnectionDetails> Items);

public sealed record NewSsoDomain(string? Domain);

public sealed record SsoDomainCode(string? Code);

/// <param name="VerifiedAt">Null until the postmaster's code came back. Good for a year.</param>
public sealed record SsoDomainDetails(Guid Id, string Domain, DateTimeOffset? VerifiedAt, DateTimeOffset CreatedAt);

public sealed record SsoDomainList(IReadOnlyList<SsoDomainDetails> Items);

/// <param name="ConnectionId">The connection to demand; null ends the demand.</param>
public sealed record EventSsoChange(Guid? ConnectionId);

public sealed record SsoOption(Guid ConnectionId, string Name, string Url);

/// <param name="Required">Whether the event admits nobody without it.</param>
public sealed record SsoOptions(bool Required, IReadOnlyList<SsoOption> Items);

/// <summary>A row of <c>platform.sso_connections</c>.</summary>
/// <param name="DomainList">Comma separated.</param>
/// <param name="ClientSecret">Encrypted, see <see cref="SsoSecrets"/>.</param>
internal sealed record SsoConnection(Guid Id, Guid OrganiserId, string Name, string Kind, string Issuer, bool Enabled, string DomainList, string? ClientId, string? ClientSecret, string? SsoUrl)
{
    public const string Columns = "id, organiser_id, name, kind, issuer, enabled, array_to_string(domains, ',') as domain_list, client_id, client_secret, sso_url";

    public const string Oidc = "oidc";
    public const string Saml = "saml";

    public IReadOnlyList<string> Domains => DomainList.Split(',');
}

/// <summary>What an identity provider says of a person, after everything about it was verified.</summary>
/// <param name="Subject">Stable and unique at this provider.</param>
/// <param name="EmailVerified">False only when the provider says so.</param>
internal sealed record VouchedPerson(string Subject, string? Email, bool EmailVerified, string? Name);
