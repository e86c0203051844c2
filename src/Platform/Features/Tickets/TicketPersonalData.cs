using Dapper;
using Events.MediaRegistry.Assets;
using Events.Platform.Features.Media;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Orders, tickets with their answers and files, places in queues, invitations. An order is the person's by account or by address, a ticket by
/// its holder's address; tickets that the person bought for others stay theirs, without the person's name where none was given for them.
/// </summary>
internal sealed class TicketPersonalData : IPersonalData
{
    private const string MyOrders = "select id from platform.orders where user_id = @UserId or lower(email) = lower(@Email)";

    /// <summary>Held by the address, or in a name that the buyer gave with another address of their own.</summary>
    private const string MyTickets =
        "select t.id from platform.tickets t join platform.orders o on o.id = t.order_id where lower(t.holder_email) = lower(@Email) or (o.user_id = @UserId and lower(t.holder_email) = lower(o.email))";

    public string Name => "tickets";

    public ErasureTurn Turn => ErasureTurn.Late;

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]>
    {
        ["platform.orders"] = ["email", "name", "idempotency_key", "fingerprint"],
        ["platform.tickets"] = ["holder_name", "holder_email", "answers"],
        ["platform.ticket_waiting_list"] = ["email", "name"],
        ["platform.ticket_invitations"] = ["email"],
        ["platform.answer_files"] = ["file_name", "mime_type", "sha256"],
        ["media.assets"] = ["title"],
        ["media.renditions"] = ["file_name"],
    };

    public Task<IEnumerable<Guid>> OrganisersAsync(PersonalSubject subject, NpgsqlConnection connection) => connection.QueryAsync<Guid>(
        """
        select organiser_id from platform.events where id in (
            select event_id from platform.orders where user_id = @UserId or lower(email) = lower(@Email)
            union select event_id from platform.tickets where lower(holder_email) = lower(@Email)
            union select event_id from platform.ticket_waiting_list where lower(email) = lower(@Email)
            union select event_id from platform.ticket_invitations where lower(email) = lower(@Email))
        """,
        subject);

    public async Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel)
    {
        await archive.WriteAsync(
            Name,
            connection,
            subject,
            ("orders", $"select o.id, e.name as event, o.email, o.name, o.state, o.total_minor, o.currency, o.created_at, o.confirmed_at, o.closed_at from platform.orders o join platform.events e on e.id = o.event_id where o.id in ({MyOrders})"),
            ("consents", $"select o.id as order_id, o.created_at as given_at, o.consent_version as version, o.consent_storing as storing, o.consent_sharing as sharing, c.storing as storing_text, c.sharing as sharing_text from platform.orders o left join platform.consent_texts c on c.event_id = o.event_id and c.version = o.consent_version where o.id in ({MyOrders})"),
            ("tickets", $"select t.id, t.order_id, e.name as event, y.name as type, t.holder_name, t.holder_email, t.price_minor, t.state, t.created_at, t.changed_at, t.blocked_at, c.checked_in_at, c.left_at from platform.tickets t join platform.events e on e.id = t.event_id join platform.ticket_types y on y.id = t.ticket_type_id left join platform.ticket_check_ins c on c.ticket_id = t.id where t.id in ({MyTickets})"),
            ("doors", $"select s.ticket_id, s.kind, s.at, s.result, s.reason, s.admitted, d.name as door, s.voided_at as taken_back_at from platform.check_in_scans s left join platform.check_in_devices d on d.id = s.device_id where s.ticket_id in ({MyTickets}) order by s.at"),
            ("leads", $"select l.ticket_id, d.name as booth, l.consented_at from platform.leads l join platform.check_in_devices d on d.id = l.device_id where l.ticket_id in ({MyTickets}) order by l.id"),
            ("answers", $"select t.id as ticket_id, q.label as question, a.value as answer from platform.tickets t cross join jsonb_each(t.answers) a left join platform.ticket_questions q on q.id::text = a.key where t.id in ({MyTickets})"),
            ("files", $"select id, ticket_id, question_id, file_name, mime_type, size, created_at from platform.answer_files where ticket_id in ({MyTickets})"),
            ("waiting_list", "select w.id, e.name as event, w.email, w.name, w.state, w.offered_until, w.created_at from platform.ticket_waiting_list w join platform.events e on e.id = w.event_id where lower(w.email) = lower(@Email)"),
            ("invitations", "select i.id, e.name as event, i.email, i.state, i.created_at, i.changed_at from platform.ticket_invitations i join platform.events e on e.id = i.event_id where lower(i.email) = lower(@Email)"));
        var files = await connection.QueryAsync<(Guid Id, string FileName, string Sha256)>($"select id, file_name, sha256 from platform.answer_files where ticket_id in ({MyTickets})", subject);
        foreach (var file in files)
        {
            await archive.AddFileAsync($"files/{file.Id}/{file.FileName}", file.Sha256, cancel);
        }
    }

    public async Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel)
    {
        var connection = transaction.Connection!;

        // Everybody locks orders before tickets.
        await connection.ExecuteAsync($"select 1 from platform.orders where id in ({MyOrders}) or id in (select order_id from platform.tickets where id in ({MyTickets})) order by id for update", subject);
        var assets = (await connection.QueryAsync<Guid>($"delete from platform.answer_files where ticket_id in ({MyTickets}) returning asset_id", subject)).AsList();
        var released = new List<string>();
        foreach (var asset in assets)
        {
            released.AddRange(await Deletion.DeleteAsync(transaction, asset));
        }

        if (released.Count > 0)
        {
            await BlobSweep.SoonAsync(transaction, released);
        }

        // The tickets first: they are found by what the orders still say.
        await connection.ExecuteAsync(
            $"""
            delete from platform.leads where ticket_id in ({MyTickets});
            update platform.tickets set holder_name = @Erased, holder_email = id || @Domain, answers = jsonb_build_object() where id in ({MyTickets});
            update platform.tickets t set holder_name = @Erased from platform.orders o where o.id = t.order_id and o.id in ({MyOrders}) and lower(t.holder_name) = lower(o.name);
            update platform.orders set email = id || @Domain, name = @Erased, idempotency_key = id::text, fingerprint = ''::bytea where id in ({MyOrders});
            delete from platform.ticket_waiting_list where lower(email) = lower(@Email);
            delete from platform.ticket_invitations where lower(email) = lower(@Email)
            """,
            new { subject.Email, subject.UserId, ErasedPerson.Domain, Erased = ErasedPerson.Name });
    }
}
