using Dapper;
using Events.Platform.Features.Privacy;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Privacy;

/// <summary>Every column of the migrated database that could hold personal data was looked at by somebody, and what does is somebody's to erase.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class PersonalColumnsTests(PlatformFixture fixture)
{
    private const string Person = "person";

    [Fact]
    public async Task Every_column_that_could_hold_personal_data_is_listed()
    {
        var found = await FoundAsync();
        var listed = Listed();
        Assert.True(found.Count > 100, "The database has no tables.");
        Assert.True(
            found.SetEquals(listed.Keys),
            $"""
            columns.txt is to be brought up to date: say of each new column whether it holds something of a person (then an IPersonalData of its feature exports and erases it).
            Not listed: {string.Join(", ", found.Except(listed.Keys).Order(StringComparer.Ordinal))}
            Gone: {string.Join(", ", listed.Keys.Except(found).Order(StringComparer.Ordinal))}
            """);
    }

    [Fact]
    public void Every_personal_column_is_one_features_to_export_and_erase()
    {
        var parts = fixture.Services.GetServices<IPersonalData>().ToList();
        Assert.Equal(parts.Count, parts.Select(p => p.Name).Distinct().Count());
        var covered = parts.SelectMany(p => p.Columns.SelectMany(t => t.Value.Select(c => $"{t.Key}.{c}"))).ToList();
        Assert.Equal(covered.Count, covered.Distinct().Count());
        var personal = Listed().Where(c => c.Value == Person).Select(c => c.Key);
        Assert.Equal(personal.Order(StringComparer.Ordinal), covered.Order(StringComparer.Ordinal));
    }

    /// <summary>Columns of types in which words fit; ids, numbers and times are pseudonymous at the most.</summary>
    private async Task<HashSet<string>> FoundAsync()
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return [.. await connection.QueryAsync<string>(
            """
            select c.table_schema || '.' || c.table_name || '.' || c.column_name from information_schema.columns c
            join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name and t.table_type = 'BASE TABLE'
            where c.table_schema not in ('pg_catalog', 'information_schema')
              and c.data_type not in ('uuid', 'boolean', 'smallint', 'integer', 'bigint', 'double precision', 'numeric', 'timestamp with time zone', 'xid8')
            """)];
    }

    private static Dictionary<string, string> Listed() => File.ReadLines(ChildProgram.SourceOf(Path.Combine("Features", "Privacy", "columns.txt")))
        .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries)).ToDictionary(l => l[0], l => l[1]);
}
