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

    [Fact]
    public async Task Events_of_zones_that_browsers_do_not_know_get_those_that_were_meant()
    {
        await using var database = await NewDatabaseAsync();
        var migrator = new Migrator(database, NullLogger<Migrator>.Instance);
        await migrator.MigrateAsync("Development", CancellationToken.None);
        await using (var connection = await database.OpenAsync(CancellationToken.None))
        {
            await connection.ExecuteAsync(
                """
                insert into platform.organisers (id, name) values (gen_random_uuid(), 'Old');
                insert into platform.events (id, organiser_id, slug, name, time_zone, state, starts_at, ends_at)
                select gen_random_uuid(), o.id, 'event-' || z.n, 'Event', z.zone, 'live', now(), now() + interval '1 hour'
                from platform.organisers o, (values (1, 'W. Europe Standard Time'), (2, 'posix/Asia/Tokyo'), (3, 'right/America/New_York'), (4, 'Europe/Zurich'), (5, 'UTC'), (6, 'Tonga Standard Time')) as z (n, zone);
                delete from platform.migrations where name = '0105_time_zones'
                """);
        }

        Assert.Equal(1, await migrator.MigrateAsync("Development", CancellationToken.None));
        await using var migrated = await database.OpenAsync(CancellationToken.None);
        Assert.Equal(
            ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Europe/Zurich", "UTC", "Pacific/Tongatapu"],
            await migrated.QueryAsync<string>("select time_zone from platform.events order by slug"));
    }

    private async Task<Database> NewDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync($"create database {name}");
        return new Database(new NpgsqlConnectionStringBuilder(fixture.Options.Database) { Database = name, Pooling = false }.ConnectionString);
    }
}
