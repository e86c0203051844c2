using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Links;

/// <summary>Links that were mailed. Their tokens are nowhere but in the mails.</summary>
internal sealed class LinkPersonalData : IPersonalData
{
    public string Name => "links";

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.magic_links"] = ["email", "name", "token_hash"] };

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name, connection, subject, ("links", "select purpose, email, name, created_at, expires_at, consumed_at from platform.magic_links where lower(email) = lower(@Email) or user_id = @UserId"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) =>
        transaction.Connection!.ExecuteAsync("delete from platform.magic_links where lower(email) = lower(@Email) or user_id = @UserId", subject);
}
