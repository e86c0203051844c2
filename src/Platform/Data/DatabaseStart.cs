using Dapper;
using Events.Platform.Composition;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Data;

/// <summary>Migrates before the first request is served: hosted services start before Kestrel listens.</summary>
internal sealed class DatabaseStart(Migrator migrator, NodeOptions options) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await migrator.MigrateAsync(options.EnvironmentName, cancellationToken);
        }
        catch (NpgsqlException e) when (e is not PostgresException)
        {
            throw new StartRefusedException($"The database does not answer: {e.Message}. Check EVENTS_DATABASE.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Ready while the database answers a query within two seconds.</summary>
internal sealed class DatabaseReadiness(Database database) : IReadinessCheck
{
    public string Name => "database";

    public async Task<string?> ProblemAsync(CancellationToken cancel)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(TimeSpan.FromSeconds(2));
            await using var connection = await database.OpenAsync(patience.Token);
            await connection.ExecuteScalarAsync<int>("select 1");
            return null;
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException or TimeoutException)
        {
            return "unreachable";
        }
    }
}
