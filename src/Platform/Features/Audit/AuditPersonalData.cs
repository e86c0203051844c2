using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Audit;

/// <summary>What the person did and what was done about it. The log holds ids, except in the reasons that staff wrote: those that are about the person lose their words.</summary>
internal sealed class AuditPersonalData : IPersonalData
{
    public string Name => "audit";

    public ErasureTurn Turn => ErasureTurn.Last;

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.audit_log"] = ["detail"] };

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("done_by_you", "select id, at, action, organiser_id, event_id, subject_type, subject_id, detail from platform.audit_log where actor_id = @UserId"),
        ("done_about_you", "select id, at, actor_kind, action, organiser_id, event_id, detail from platform.audit_log where subject_id = @UserId and actor_id is distinct from @UserId"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(
        """
        set local platform.erasing = 'reason';
        update platform.audit_log set detail = jsonb_set(detail, '{reason}', to_jsonb(@Erased::text))
        where detail ? 'reason' and (subject_id = @UserId or strpos(lower(detail ->> 'reason'), lower(@Email)) > 0);
        set local platform.erasing = ''
        """,
        new { subject.UserId, subject.Email, Erased = ErasedPerson.Name });
}
