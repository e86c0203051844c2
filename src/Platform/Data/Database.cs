using System.Data;
using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Data;

/// <summary>The platform's PostgreSQL.</summary>
public sealed class Database : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly StateChangeEventHandler _returned;
    private TaskCompletionSource? _awaited;

    static Database()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new UtcTimes());
    }

    public Database(string connectionString, ILoggerFactory? logging = null)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.ConnectionStringBuilder.ApplicationName ??= "events-platform";
        builder.ConnectionStringBuilder.CommandTimeout = 15;
        _source = builder.UseLoggerFactory(logging).Build();
        _returned = (_, change) =>
        {
            if (change.CurrentState == ConnectionState.Closed)
            {
                Interlocked.Exchange(ref _awaited, null)?.TrySetResult();
            }
        };
    }

    /// <summary>An open connection; dispose it.</summary>
    public async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancel)
    {
        var connection = await _source.OpenConnectionAsync(cancel);
        connection.StateChange += _returned;
        return connection;
    }

    /// <summary>Completes when somebody here has used the database: what was written by then can be seen. For one who waits.</summary>
    public Task NextUseAsync()
    {
        var awaited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _awaited, awaited);
        return awaited.Task;
    }

    /// <summary>Runs work in one transaction: committed when it returns, rolled back when it throws.</summary>
    public async Task<T> InTransactionAsync<T>(Func<NpgsqlTransaction, Task<T>> work, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var result = await work(transaction);
        await transaction.CommitAsync(cancel);
        return result;
    }

    /// <summary>Runs work in one transaction: committed when it ends in a value, rolled back when it is refused or throws.</summary>
    public async Task<Outcome<T>> TryInTransactionAsync<T>(Func<NpgsqlTransaction, Task<Outcome<T>>> work, CancellationToken cancel)
        where T : class
    {
        await using var connection = await OpenAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var outcome = await work(transaction);
        if (outcome.Error is null)
        {
            await transaction.CommitAsync(cancel);
        }

        return outcome;
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary><c>timestamptz</c> arrives as a UTC <see cref="DateTime"/>; records speak <see cref="DateTimeOffset"/>.</summary>
    private sealed class UtcTimes : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value is DateTimeOffset already ? already : new DateTimeOffset(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
    }
}
