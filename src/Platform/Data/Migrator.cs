using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Data;

/// <summary>
/// Brings the schema up: numbered SQL files embedded in the assembly, each in a transaction of its own, under one advisory
/// lock so that several platforms may start at once. A file that was applied and then changed refuses the start.
/// </summary>
public sealed class Migrator(Database database, ILogger<Migrator> log)
{
    // "events" read as a big-endian number: any constant does, so long as nothing else takes it.
    private const long LockKey = 0x6576656E7473;

    /// <summary>Applies what is missing and stamps the environment. Throws <see cref="StartRefusedException"/> on a mismatch.</summary>
    /// <returns>How many files were applied.</returns>
    public async Task<int> MigrateAsync(string environmentName, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_lock(@LockKey)", new { LockKey }, commandTimeout: 120, cancellationToken: cancel));
        try
        {
            await connection.ExecuteAsync(
                """
                create schema if not exists platform;
                create schema if not exists media;
                create table if not exists platform.migrations (
                    name text primary key, sha256 text not null, applied_at timestamptz not null default now());
                create table if not exists platform.environment (
                    is_only boolean primary key default true check (is_only), name text not null, stamped_at timestamptz not null default now());
                """);
            await RequireEnvironmentAsync(connection, environmentName);
            return await ApplyMissingAsync(connection, cancel);
        }
        finally
        {
            await connection.ExecuteAsync("select pg_advisory_unlock(@LockKey)", new { LockKey });
        }
    }

    /// <summary>A database belongs to one environment for good: a development build never touches production's.</summary>
    private static async Task RequireEnvironmentAsync(NpgsqlConnection connection, string environmentName)
    {
        await connection.ExecuteAsync("insert into platform.environment (name) values (@environmentName) on conflict do nothing", new { environmentName });
        var stamped = await connection.QuerySingleAsync<string>("select name from platform.environment");
        if (stamped != environmentName)
        {
            throw new StartRefusedException($"This database belongs to the environment '{stamped}', but ASPNETCORE_ENVIRONMENT is '{environmentName}'. Use that environment's database.");
        }
    }

    private async Task<int> ApplyMissingAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        var applied = (await connection.QueryAsync<(string Name, string Sha256)>("select name, sha256 from platform.migrations")).ToDictionary(m => m.Name, m => m.Sha256);
        var count = 0;
        foreach (var (name, sql) in Files())
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            if (applied.TryGetValue(name, out var before))
            {
                if (before != hash)
                {
                    throw new StartRefusedException($"Migration {name} was changed after it had been applied. Put it back and add a new file.");
                }

                continue;
            }

            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, commandTimeout: 600, cancellationToken: cancel));
            await connection.ExecuteAsync("insert into platform.migrations (name, sha256) values (@name, @hash)", new { name, hash }, transaction);
            await transaction.CommitAsync(cancel);
            DataLog.MigrationApplied(log, name);
            count++;
        }

        return count;
    }

    private static IEnumerable<(string Name, string Sql)> Files()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("Migrations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return (Path.GetFileNameWithoutExtension(name), reader.ReadToEnd());
        }
    }
}
