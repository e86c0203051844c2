using Dapper;
using Events.Platform.Composition;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Organisations;

/// <summary>Memberships, parts in events, and invitations to either.</summary>
internal sealed class OrganisationPersonalData : IPersonalData
{
    public string Name => "organisations";

    /// <summary>Before the account ends, since an organisation keeps an admin.</summary>
    public ErasureTurn Turn => ErasureTurn.First;

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.invitations"] = ["email"] };

    public async Task<ApiError?> RefusalAsync(PersonalSubject subject, NpgsqlTransaction transaction)
    {
        var connection = transaction.Connection!;

        // The rows that changes of members take turns by, in the order of ids: until this transaction ends nobody becomes the last admin.
        await connection.ExecuteAsync("select 1 from platform.organisers where id in (select organiser_id from platform.organization_members where user_id = @UserId) order by id for update", subject);
        var alone = await connection.QueryFirstOrDefaultAsync<string>(
            """
            select o.name from platform.organization_members m join platform.organisers o on o.id = m.organiser_id
            where m.user_id = @UserId and m.role = @OrganizationAdmin
              and not exists (select 1 from platform.organization_members a where a.organiser_id = m.organiser_id and a.role = @OrganizationAdmin and a.user_id <> m.user_id)
            order by o.name
            """,
            new { subject.UserId, Permissions.OrganizationAdmin });
        return alone is null ? null : ApiError.Conflict("last_admin", $"You are the only admin of '{alone}'. Make another member its admin, then use the link again or ask for a new one.");
    }

    public Task<IEnumerable<Guid>> OrganisersAsync(PersonalSubject subject, NpgsqlConnection connection) => connection.QueryAsync<Guid>(
        """
        select organiser_id from platform.organization_members where user_id = @UserId
        union select organiser_id from platform.invitations where lower(email) = lower(@Email)
        union select e.organiser_id from platform.event_roles r join platform.events e on e.id = r.event_id where r.user_id = @UserId
        """,
        subject);

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("memberships", "select o.id as organisation_id, o.name as organisation, m.role, m.created_at from platform.organization_members m join platform.organisers o on o.id = m.organiser_id where m.user_id = @UserId"),
        ("event_roles", "select e.id as event_id, e.name as event, r.role, r.created_at from platform.event_roles r join platform.events e on e.id = r.event_id where r.user_id = @UserId"),
        ("invitations", "select i.id, o.name as organisation, e.name as event, i.email, i.role, i.created_at, i.expires_at, i.accepted_at from platform.invitations i join platform.organisers o on o.id = i.organiser_id left join platform.events e on e.id = i.event_id where lower(i.email) = lower(@Email)"),
        ("invited_others", "select id, organiser_id, event_id, role, created_at from platform.invitations where invited_by = @UserId"),
        ("events_created", "select id, name, created_at from platform.events where created_by = @UserId"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(
        """
        delete from platform.organization_members where user_id = @UserId;
        delete from platform.event_roles where user_id = @UserId;
        delete from platform.invitations where lower(email) = lower(@Email)
        """,
        subject);
}
