using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Composition;

/// <summary>What a caller did wrong: a stable code, and a sentence that says what to do. Written as problem+json (RFC 9457).</summary>
public sealed record ApiError(int Status, string Code, string Detail)
{
    /// <summary>Where to go to mend it, as the problem's member <c>url</c>; null: nowhere.</summary>
    public string? Url { get; init; }

    public static ApiError BadRequest(string code, string detail) => new(400, code, detail);

    public static ApiError NotFound(string code, string detail) => new(404, code, detail);

    public static ApiError Forbidden(string code, string detail) => new(403, code, detail);

    public static ApiError Conflict(string code, string detail) => new(409, code, detail);

    public static implicit operator ProblemHttpResult(ApiError error) => error.ToResult();

    public ProblemHttpResult ToResult()
    {
        var extensions = new Dictionary<string, object?> { ["code"] = Code };
        if (Url is not null)
        {
            extensions["url"] = Url;
        }

        return TypedResults.Problem(detail: Detail, statusCode: Status, type: "about:blank", extensions: extensions);
    }
}
