using System.Net;
using Events.Platform.Composition;

namespace Events.Platform.Features.Sso;

/// <summary>Refusals of a sign-in: a page for the person who was led here, problem+json for everyone else.</summary>
internal static class SsoPage
{
    public static IResult Refuse(HttpContext context, ApiError error)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return error.ToResult();
        }

        return TypedResults.Content(
            $"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>Signing in did not work</title></head>
            <body><main><h1>Signing in did not work</h1><p>{WebUtility.HtmlEncode(error.Detail)}</p><p>Code: {WebUtility.HtmlEncode(error.Code)}</p><p><a href="/sign-in">Back to sign in</a></p></main></body></html>
            """,
            "text/html; charset=utf-8",
            statusCode: error.Status);
    }
}
