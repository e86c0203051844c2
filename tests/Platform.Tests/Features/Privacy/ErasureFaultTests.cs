using Dapper;
using Events.Platform.Data;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Privacy;

/// <summary>A platform is killed in the middle of an erasure; the next one goes on.</summary>
public sealed class ErasureFaultTests : IAsyncLifetime
{
    private readonly PlatformFixture _fixture = new();

    public Task InitializeAsync() => _fixture.InitializeAsync();

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_platform_that_is_killed_between_two_features_is_followed_by_one_that_goes_on()
    {
        var person = await Person.PlantAsync(_fixture);
        var token = await _fixture.AskAsync(person.Email, "erasure");
        await _fixture.StopAsync();

        await using var database = new Database(_fixture.Options.Database!);
        await using var connection = await database.OpenAsync(default);
        await using var other = await database.OpenAsync(default);
        var doomed = await _fixture.StartProcessAsync();
        var request = Guid.Empty;
        await using (var blocking = await connection.BeginTransactionAsync())
        {
            // The first feature after the account writes to this table, so the process hangs right there, with two features behind it.
            await connection.ExecuteAsync("lock table platform.sso_identities in share mode", transaction: blocking);
            request = (await _fixture.ConfirmAsync(token)).GetProperty("request").GetProperty("id").GetGuid();
            await Eventually.TrueAsync(
                async () => await DoneAsync(other, request) == "organisations account" && await other.ExecuteScalarAsync<bool>("select exists (select 1 from pg_locks where relation = 'platform.sso_identities'::regclass and not granted)"),
                "two features are done and the third waits");
            doomed.Kill(); // SIGKILL
            await doomed.WaitForExitAsync();
            await blocking.RollbackAsync();
        }

        doomed.Dispose();
        await Eventually.TrueAsync(
            async () => await other.ExecuteScalarAsync<int>("select count(*)::int from pg_stat_activity where datname = current_database() and state like 'idle in transaction%' or wait_event_type = 'Lock'") == 0, "the dead process's transaction is gone");
        Assert.Equal("organisations account", await DoneAsync(other, request));
        Assert.Equal(1, await other.ExecuteScalarAsync<int>("select count(*)::int from platform.sso_identities where user_id = @UserId", new { person.UserId }));

        // When the lease of the dead has run out.
        await other.ExecuteAsync("update platform.timers set next_at = now() where kind = 'privacy-request'");
        await _fixture.StartAsync();
        await Eventually.TrueAsync(async () => await other.ExecuteScalarAsync<string>("select state from platform.privacy_requests where id = @request", new { request }) == "done", "the erasure is done");
        var done = (await DoneAsync(other, request)).Split(' ');
        Assert.Equal(done.Length, done.Distinct().Count());
        Assert.Equal(["organisations", "account", "company-sign-in"], done[..3]);
        Assert.Equal(1, await other.ExecuteScalarAsync<int>("select count(distinct action)::int from platform.audit_log where subject_id = @request and action = 'privacy.erasure_done'", new { request }));
        Assert.Equal(
            await other.ExecuteScalarAsync<int>("select count(*)::int from platform.privacy_request_organisers where request_id = @request", new { request }),
            await other.ExecuteScalarAsync<int>("select count(*)::int from platform.audit_log where subject_id = @request and action = 'privacy.erasure_done'", new { request }));
        using var log = new CapturedLog();
        List<string> found = [];
        await Eventually.TrueAsync(
            async () => (found = await Traces.FindAsync(_fixture.Database, _fixture.Options.BlobsDirectory, _fixture.Options.MailDirectory, log, person.Words)).Count == 0, "nothing is found any more");
    }

    private static async Task<string> DoneAsync(Npgsql.NpgsqlConnection connection, Guid request) =>
        (await connection.ExecuteScalarAsync<string>("select array_to_string(done_parts, ' ') from platform.privacy_requests where id = @request", new { request }))!;
}
