using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Sso;

/// <summary>Which company connections know the account; of the subject only a hash is kept.</summary>
internal sealed class SsoPersonalData : IPersonalData
{
    public string Name => "company-sign-in";

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.sso_identities"] = ["subject_hash"] };

    public Task<IEnumerable<Guid>> OrganisersAsync(PersonalSubject subject, NpgsqlConnection connection) => connection.QueryAsync<Guid>(
        "select distinct c.organiser_id from platform.sso_identities i join platform.sso_connections c on c.id = i.connection_id where i.user_id = @UserId", subject);

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("identities", "select c.name as connection, encode(i.subject_hash, 'hex') as subject_sha256, i.created_at, i.last_sign_in_at from platform.sso_identities i join platform.sso_connections c on c.id = i.connection_id where i.user_id = @UserId"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync("delete from platform.sso_identities where user_id = @UserId", subject);
}
