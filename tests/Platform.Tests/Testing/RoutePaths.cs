using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;

namespace Events.Tests.Platform.Testing;

/// <summary>Addresses for routes of which a test knows only the pattern.</summary>
internal static partial class RoutePaths
{
    /// <summary>The pattern with an id for every parameter that takes one, and a word for the others.</summary>
    public static string Of(RouteEndpoint endpoint, Guid id) => Parameter().Replace(endpoint.RoutePattern.RawText!, match =>
        match.Groups[1].Value switch
        {
            "documentName" => "v1",
            "idOrSlug" => id.ToString(),
            _ when match.Value.Contains(":guid", StringComparison.Ordinal) => id.ToString(),
            _ => "word",
        });

    [GeneratedRegex(@"\{\**([A-Za-z]+)[^}]*\}")]
    private static partial Regex Parameter();
}
