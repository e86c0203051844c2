namespace Events.Platform.Composition;

/// <summary>
/// Which of our answers scripts of other sites may read: those that anyone may read without a credential, at the routes that say so.
/// Nowhere with cookies. Every other route sends no CORS header, and browsers keep its answers from foreign scripts.
/// </summary>
internal static class CrossOrigin
{
    private const string PublicRead = "public-read";

    private static readonly TimeSpan PreflightKeptFor = TimeSpan.FromHours(2); // the most that Chromium keeps one

    public static void AddCrossOrigin(this IServiceCollection services) => services.AddCors(cors => cors.AddPolicy(
        PublicRead, policy => policy.AllowAnyOrigin().WithMethods("GET").WithExposedHeaders("ETag").SetPreflightMaxAge(PreflightKeptFor)));

    /// <summary>Any site's script may read this route's answers.</summary>
    public static TBuilder ReadableByAnySite<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.RequireCors(PublicRead);
}
