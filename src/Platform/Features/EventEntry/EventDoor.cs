using Events.Platform.Composition;

namespace Events.Platform.Features.EventEntry;

/// <summary>Lets requests of the event domain through: a valid event token as Bearer, and nothing else.</summary>
internal static class EventDoor
{
    /// <summary>Marks routes that only the holder of an event token may use.</summary>
    public static RouteGroupBuilder RequireEventToken(this RouteGroupBuilder group) => group.WithMetadata(new EventTokenRequired());

    private static readonly ApiError Missing = new(401, "event_token_missing", "Send the event token as 'Authorization: Bearer <token>'; POST /api/v1/events/{id}/entry gives one.");

    /// <summary>Reads the token once per request. A bad one is refused at once, wherever it is sent.</summary>
    public static void UseEventTokens(this WebApplication app) => app.Use((context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments("/api") || !TryReadBearer(context.Request, out var token))
        {
            return context.GetEndpoint()?.Metadata.GetMetadata<EventTokenRequired>() is null ? next(context) : Problems.WriteAsync(context, Missing);
        }

        var tokens = context.RequestServices.GetRequiredService<EventTokens>();
        var (pass, code) = tokens.Verify(token);
        if (pass is not null)
        {
            context.Features.Set(pass);
            return next(context);
        }

        // Entering again with an expired token is how a page that slept comes back.
        if (code == "event_token_expired" && context.Request.Path.Value!.EndsWith("/entry", StringComparison.Ordinal))
        {
            context.Features.Set(tokens.VerifyOver(token));
            return next(context);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return Problems.WriteAsync(context, new ApiError(401, code!, code == "event_token_expired" ? "The event token has expired; enter the event again." : "This is no event token of this installation."));
    });

    private static bool TryReadBearer(HttpRequest request, out string token)
    {
        const string prefix = "Bearer ";
        var value = request.Headers.Authorization.ToString();
        token = value.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? value[prefix.Length..].Trim() : "";
        return token.Length > 0;
    }

    private sealed record EventTokenRequired;
}
