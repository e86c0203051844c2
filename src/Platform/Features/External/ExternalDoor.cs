using Events.Platform.Composition;
using Events.Platform.Data;

namespace Events.Platform.Features.External;

/// <summary>
/// The door of the external API: a token, its scope for this route, its rate. It stands before routing's handlers and their
/// binding, so that nothing of a stranger's body is read.
/// </summary>
internal static class ExternalDoor
{
    public const string Root = "/external/v1";

    private const string Scheme = "Bearer ";

    private static readonly ApiError Missing = new(401, "api_token_missing", "Send the token as 'Authorization: Bearer evk_…'.");

    public static void UseExternalDoor(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments("/external"))
        {
            await next(context);
            return;
        }

        if (await AdmitAsync(context) is { } refused)
        {
            await Problems.WriteAsync(context, refused);
            return;
        }

        await next(context);
    });

    private static async Task<ApiError?> AdmitAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
        if (token.Length == 0)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Missing;
        }

        var (caller, code) = await ApiTokens.VerifyAsync(context.RequestServices.GetRequiredService<Database>(), token, context.RequestAborted);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return new ApiError(401, code!, "This is no token of the external API that is valid now.");
        }

        var limits = context.RequestServices.GetRequiredService<ExternalLimits>();
        if (!limits.Admits(caller.TokenId, context.Response.Headers))
        {
            return new ApiError(429, "too_many_requests", $"This token has made {limits.PerMinute} calls within a minute; wait as long as Retry-After says.");
        }

        // No fallback route says this: it would take the place of 405 and 415 at known addresses.
        if (context.GetEndpoint() is null)
        {
            return ApiError.NotFound("route_not_found", "The external API has no such address.");
        }

        if (context.GetEndpoint()?.Metadata.GetMetadata<ScopeRequired>() is { } required && !caller.Has(required.Scope))
        {
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{required.Scope}\""; // RFC 6750 §3.1
            return ApiError.Forbidden("scope_missing", $"This token lacks the scope '{required.Scope}'.");
        }

        context.Features.Set(caller);
        return null;
    }
}
