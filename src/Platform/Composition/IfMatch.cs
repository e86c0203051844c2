namespace Events.Platform.Composition;

/// <summary>
/// <c>If-Match</c> (RFC 9110 §13.1.1) for things whose entity tag is their version: a change made from an older view is refused. Without the header,
/// or with <c>*</c>, a change is made to whatever is there.
/// </summary>
internal static class IfMatch
{
    private static readonly ApiError Changed = new(412, "etag_mismatch", "Somebody changed this in the meantime. Look at it again, and then make your change.");

    /// <summary>Null when the change may be made.</summary>
    /// <param name="request">Its header lists the versions that the caller has seen.</param>
    /// <param name="version">The present one, read under a lock that lasts until the change is made.</param>
    public static ApiError? Refuses(HttpRequest request, int version)
    {
        var header = request.Headers.IfMatch;
        return header.Count == 0 || header.SelectMany(h => (h ?? "").Split(',', StringSplitOptions.TrimEntries)).Any(t => t == "*" || t == TagOf(version)) ? null : Changed;
    }

    /// <summary>Marks a route whose changes may be bound to a version.</summary>
    public static TBuilder TakesIfMatch<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new VersionedRoute());

    /// <summary>The strong entity tag of a version.</summary>
    public static string TagOf(int version) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"{version}\"");
}

/// <summary>A route that takes <c>If-Match</c>.</summary>
internal sealed record VersionedRoute;
