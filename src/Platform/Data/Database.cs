using System.Data;
using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Data;

/// <summary>The platform's PostgreSQL.</summary>
public sealed class Database : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

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
    }

    /// <summary>An open connection; dispose it.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancel) => _source.OpenConnectionAsync(cancel);

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
