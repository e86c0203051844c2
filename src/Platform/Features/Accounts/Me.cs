using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Accounts;

public sealed record MeAnswer(AccountUser User, IReadOnlyList<Membership> Organisations);

public sealed record Membership(Guid Id, string Name, string Role);

/// <summary>The signed-in user and the organisations it belongs to.</summary>
internal static class Me
{
    public static async Task<Results<Ok<MeAnswer>, ProblemHttpResult>> HandleAsync(SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var user = await connection.QuerySingleOrDefaultAsync<AccountUser>(
            "select id, email, name from platform.users where id = @UserId and disabled_at is null", account);
        if (user is null)
        {
            return new ApiError(401, "not_signed_in", "Sign in first.").ToResult();
        }

        var memberships = await connection.QueryAsync<Membership>(
            """
            select o.id, o.name, m.role from platform.organization_members m join platform.organisers o on o.id = m.organiser_id
            where m.user_id = @UserId order by o.name, o.id limit 200
            """,
            account);
        return TypedResults.Ok(new MeAnswer(user, memberships.AsList()));
    }
}
