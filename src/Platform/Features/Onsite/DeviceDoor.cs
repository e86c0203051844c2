using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.External;

namespace Events.Platform.Features.Onsite;

/// <summary>
/// The door of the device domain: a device's token, which opens nothing but the addresses below <see cref="Root"/>, and there its own event. It stands before
/// routing's handlers and their binding, so that nothing of a stranger's body is read.
/// </summary>
internal static class DeviceDoor
{
    public const string Root = "/onsite/v1";

    private const string Scheme = "Bearer ";

    private static readonly ApiError Missing = new(401, "device_token_missing", "Send the device's token as 'Authorization: Bearer evd_…'; enrolling the device gives one.");
    private static readonly ApiError Invalid = new(401, "device_token_invalid", "This is no token of a device; enrol it anew.");

    /// <summary>What the door says to a device that was revoked.</summary>
    public static readonly ApiError Revoked = new(401, "device_revoked", "The organiser has revoked this device.");

    /// <summary>Marks the address where a device comes to get its token.</summary>
    public sealed record OpenToEveryone;

    /// <summary>Marks addresses for devices of one role.</summary>
    public sealed record OnlyFor(string Role);

    /// <summary>Marks the address where a revoked device may still hand in what it scanned.</summary>
    public sealed record OpenToRevoked;

    public static void UseDeviceDoor(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments("/onsite") || context.GetEndpoint()?.Metadata.GetMetadata<OpenToEveryone>() is not null)
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

        var (caller, revokedAt) = await DeviceTokens.VerifyAsync(context.RequestServices.GetRequiredService<Database>(), token, context.RequestAborted);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return Invalid;
        }

        var limits = context.RequestServices.GetRequiredService<ExternalLimits>();
        if (!limits.Admits(caller.DeviceId, context.Response.Headers))
        {
            return new ApiError(429, "too_many_requests", $"This device has made {limits.PerMinute} calls within a minute; wait as long as Retry-After says.");
        }

        if (context.GetEndpoint() is not { } endpoint)
        {
            return ApiError.NotFound("route_not_found", "Devices have no such address.");
        }

        if (revokedAt is { } at && (endpoint.Metadata.GetMetadata<OpenToRevoked>() is null || at + DeviceTokens.LastUploads < DateTimeOffset.UtcNow))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return Revoked;
        }

        if (endpoint.Metadata.GetMetadata<OnlyFor>() is { } only && only.Role != caller.Role)
        {
            return ApiError.Forbidden("device_role_wrong", $"This address is for devices of the role '{only.Role}'.");
        }

        context.Features.Set(caller);
        return null;
    }
}
