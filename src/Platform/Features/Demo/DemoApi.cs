using System.Buffers.Text;
using System.Security.Cryptography;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Events.Platform.Features.Demo;

public sealed record DemoAnswer(string Email, string Password, string EventSlug);

/// <summary>The demo's organisation, event, session and stage: in Development only.</summary>
internal static class DemoApi
{
    public static void MapDemo(this IEndpointRouteBuilder routes) => routes.MapGet("/api/v1/demo", Get);

    private static Results<Ok<DemoAnswer>, ProblemHttpResult> Get(DemoSeed seed) =>
        seed.Answer is { } answer ? TypedResults.Ok(answer) : ApiError.NotFound("no_demo", "This installation has no demo.").ToResult();
}

/// <summary>Makes the demo at start when it is missing, and sets the organiser's password to the one that is announced.</summary>
internal sealed class DemoSeed(NodeOptions options, Database database, IPasswordHasher<PasswordOwner> hasher, TimeProvider clock) : IHostedService
{
    private const string Email = "demo@events.example";
    private const string Slug = "demo";
    private const long LockKey = 0x64656D6F; // "demo": two platforms that start at once seed one after the other

    public DemoAnswer? Answer { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.IsDevelopment)
        {
            return;
        }

        var password = options.DemoPassword ?? LoadOrCreatePassword();
        await database.InTransactionAsync(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select pg_advisory_xact_lock(@LockKey)", new { LockKey }, transaction);
                var userId = await SeedUserAsync(transaction, password);
                if (await EventQueries.FindAsync(connection, Slug) is null)
                {
                    await SeedEventAsync(transaction, userId);
                }

                return 0;
            },
            cancellationToken);
        Answer = new DemoAnswer(Email, password, Slug);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string LoadOrCreatePassword()
    {
        var path = Path.Combine(options.KeysDirectory, "demo.password");
        if (!File.Exists(path))
        {
            PrivateFile.Write(path, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9)));
        }

        return File.ReadAllText(path).Trim();
    }

    private async Task<Guid> SeedUserAsync(Npgsql.NpgsqlTransaction transaction, string password)
    {
        var connection = transaction.Connection!;
        var owner = new PasswordOwner();
        var user = await connection.QuerySingleOrDefaultAsync<DemoUser>("select id, password_hash from platform.users where lower(email) = @Email", new { Email }, transaction);
        if (user is not null && hasher.VerifyHashedPassword(owner, user.PasswordHash, password) != PasswordVerificationResult.Failed)
        {
            return user.Id;
        }

        return await connection.QuerySingleAsync<Guid>(
            """
            insert into platform.users (id, email, name, password_hash) values (@Id, @Email, 'Demo Organiser', @Hash)
            on conflict (lower(email)) do update set password_hash = excluded.password_hash returning id
            """,
            new { Id = Guid.CreateVersion7(), Email, Hash = hasher.HashPassword(owner, password) },
            transaction);
    }

    private async Task SeedEventAsync(Npgsql.NpgsqlTransaction transaction, Guid userId)
    {
        var connection = transaction.Connection!;
        var (organiserId, eventId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var now = clock.GetUtcNow();
        var startsAt = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerHour));
        await connection.ExecuteAsync("insert into platform.organisers (id, name) values (@organiserId, 'Demo Organisation')", new { organiserId }, transaction);
        await connection.ExecuteAsync(
            "insert into platform.organization_members (user_id, organiser_id, role) values (@userId, @organiserId, @Role)",
            new { userId, organiserId, Role = Permissions.OrganizationAdmin },
            transaction);
        await connection.ExecuteAsync(
            """
            insert into platform.events (id, organiser_id, slug, name, description, time_zone, state, starts_at, ends_at, created_by)
            values (@eventId, @organiserId, @Slug, 'Demo event',
                    'A session to talk in and a stage to watch. Open the session in two tabs, record it, and replay the recording.',
                    'Europe/Zurich', 'live', @startsAt, @EndsAt, @userId)
            """,
            new { eventId, organiserId, Slug, startsAt, EndsAt = startsAt.AddDays(30), userId },
            transaction);
        await CreateSession.InsertAsync(transaction, eventId, "Demo session", "session", startsAt, startsAt.AddDays(30));
        await CreateSession.InsertAsync(transaction, eventId, "Demo stage", "stage", startsAt.AddHours(1), startsAt.AddDays(30));
    }

    private sealed record DemoUser(Guid Id, string PasswordHash);
}
