using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Accounts;

/// <param name="Personal">Company, job title, phone, …: an object of up to 20 texts.</param>
/// <param name="Settings">Language, time zone, …: the same.</param>
public sealed record ProfileChange(string? Name, Dictionary<string, string>? Personal, Dictionary<string, string>? Settings);

public sealed record Profile(Guid Id, string Email, string Name, bool EmailVerified, bool HasPassword, JsonElement Personal, JsonElement Settings);

/// <summary>The account's own attributes, read and changed by its owner. What is left out stays as it is.</summary>
internal static class ChangeMe
{
    private const int MaxKeys = 20;
    private const int MaxKey = 40;
    private const int MaxValue = 300; // 20 × (40 + 300) characters stay below the column's 8 KB in UTF-8 for what people write

    public static async Task<Ok<Profile>> GetAsync(SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return TypedResults.Ok(await ReadAsync(connection, account));
    }

    public static async Task<Results<Ok<Profile>, ProblemHttpResult>> HandleAsync(ProfileChange change, SignedIn account, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = change.Name is null ? null : checks.Text("name", change.Name, 200);
        Check(checks, "personal", change.Personal);
        Check(checks, "settings", change.Settings);
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync(
            """
            update platform.users set name = coalesce(@name, name), personal = coalesce(@Personal::jsonb, personal), settings = coalesce(@Settings::jsonb, settings)
            where id = @UserId
            """,
            new { name, Personal = Json(change.Personal), Settings = Json(change.Settings), account.UserId });
        return TypedResults.Ok(await ReadAsync(connection, account));
    }

    private static async Task<Profile> ReadAsync(Npgsql.NpgsqlConnection connection, SignedIn account)
    {
        var row = await connection.QuerySingleAsync<Row>(
            """
            select id, email, name, email_verified_at is not null as email_verified, password_hash is not null as has_password, personal::text as personal, settings::text as settings
            from platform.users where id = @UserId
            """,
            account);
        return new Profile(row.Id, row.Email, row.Name, row.EmailVerified, row.HasPassword, JsonSerializer.Deserialize<JsonElement>(row.Personal), JsonSerializer.Deserialize<JsonElement>(row.Settings));
    }

    private static string? Json(Dictionary<string, string>? values) => values is null ? null : JsonSerializer.Serialize(values);

    private static void Check(FieldChecks checks, string field, Dictionary<string, string>? values) => checks.Require(
        values is null || (values.Count <= MaxKeys
            && values.All(v => v.Key.Length is > 0 and <= MaxKey && v.Value is { Length: <= MaxValue } && FieldChecks.IsWellFormed(v.Key) && FieldChecks.IsWellFormed(v.Value))
            && JsonSerializer.SerializeToUtf8Bytes(values).Length <= 8_000),
        $"{field}_invalid",
        $"'{field}' takes up to {MaxKeys} texts of at most {MaxValue} characters, 8 KB together.");

    private sealed record Row(Guid Id, string Email, string Name, bool EmailVerified, bool HasPassword, string Personal, string Settings);
}
