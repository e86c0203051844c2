using Events.Platform.Data;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Events.Platform.Composition;

/// <summary>Every answer that is no success is problem+json with a code, whoever in the pipeline wrote it.</summary>
internal static class Problems
{
    public static void AddProblems(this IServiceCollection services)
    {
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Extensions.TryAdd("code", CodeOf(context.HttpContext.Response.StatusCode));
            context.ProblemDetails.Extensions.Remove("traceId");

            // Who knows better has said so.
            if (context.HttpContext.Response.StatusCode == StatusCodes.Status429TooManyRequests)
            {
                context.HttpContext.Response.Headers.TryAdd("Retry-After", "60");
            }
        });
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddExceptionHandler<Thrown>();
    }

    /// <summary>Writes a problem outside of an endpoint: middleware, authentication.</summary>
    public static Task WriteAsync(HttpContext context, ApiError error) => error.ToResult().ExecuteAsync(context);

    private static string CodeOf(int status) => status switch
    {
        400 => "bad_request",
        401 => "not_signed_in",
        403 => "not_allowed",
        404 => "route_not_found",
        405 => "method_not_allowed",
        408 => "request_timeout",
        413 => "body_too_large",
        415 => "unsupported_media_type",
        429 => "too_many_attempts",
        >= 500 => "internal_error",
        _ => $"http_{status}",
    };

    private sealed class Thrown(ILogger<Thrown> log) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancel)
        {
            var error = exception switch
            {
                BadHttpRequestException { StatusCode: 413 } => new ApiError(413, "body_too_large", "The body is larger than this address takes."),
                BadHttpRequestException { StatusCode: 415 } => new ApiError(415, "unsupported_media_type", "Send the body as application/json."),
                BadHttpRequestException { InnerException: System.Text.Json.JsonException } => ApiError.BadRequest("malformed_json", "The body is not the JSON that this address takes."),
                BadHttpRequestException bad => new ApiError(bad.StatusCode, CodeOf(bad.StatusCode), bad.StatusCode == 400 ? "The request's path, query or body is not what this address takes." : "The request cannot be served."),
                NpgsqlException { IsTransient: true } or TimeoutException => new ApiError(503, "database_unavailable", "The database does not answer at the moment; try again."),
                _ => new ApiError(500, "internal_error", "Something went wrong here; it has been logged."),
            };
            if (error.Status >= 500 && !(exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested))
            {
                DataLog.RequestFailed(log, exception, context.Request.Method, context.Request.Path);
            }

            await WriteAsync(context, error);
            return true;
        }
    }
}
