using Dapper;
using Events.Platform.Data;
using Events.Platform.Roles;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Events.Tests.Platform.Data;

[Collection(nameof(PlatformCollection))]
public sealed class MigratorTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Platforms_that_start_at_once_migrate_a_new_database_once()
    {
        await using var database = await NewDatabaseAsync();
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync("Development", CancellationToken.None)));
        await using var connection = await database.OpenAsync(CancellationToken.None);
        var files = await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.migrations");
        Assert.Equal(files, applied.Sum());
        Assert.Equal(files, applied.Max());
    }

    [Fact]
    public async Task A_database_of_another_environment_is_left_alone()
    {
        await using var database = await NewDatabaseAsync();
        var migrator = new Migrator(database, NullLogger<Migrator>.Instance);
        await migrator.MigrateAsync("Production", CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<StartRefusedException>(() => migrator.MigrateAsync("Development", CancellationToken.None));
        Assert.Contains("'Production'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_was_changed_after_it_ran_refuses_the_start()
    {
        await using var database = await NewDatabaseAsync();
        var migrator = new Migrator(database, NullLogger<Migrator>.Instance);
        await migrator.MigrateAsync("Development", CancellationToken.None);
        await using (var connection = await database.OpenAsync(CancellationToken.None))
        {
            await connection.ExecuteAsync("update platform.migrations set sha256 = 'other' where name = '0001_platform'");
        }

        await Assert.ThrowsAsync<StartRefusedException>(() => migrator.MigrateAsync("Development", CancellationToken.None));
    }

    private async Task<Database> NewDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync($"create database {name}");
        return new Database(new NpgsqlConnectionStringBuilder(fixture.Options.Database) { Database = name, Pooling = false }.ConnectionString);
    }
}
