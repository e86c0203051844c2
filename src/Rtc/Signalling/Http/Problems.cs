using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Rtc.Signalling.Http;

/// <summary>Turns an error into <c>application/problem+json</c> (RFC 9457) with its stable code.</summary>
internal static class Problems
{
    public static ProblemHttpResult Of(RtcError error)
    {
        int status = Status(error.Code);
        return TypedResults.Problem(
            detail: error.Message,
            statusCode: status,
            title: error.Code.Replace('_', ' '),
            type: "urn:events:problem:" + error.Code,
            extensions: new Dictionary<string, object?> { ["code"] = error.Code });
    }

    public static int Status(string code) => code switch
    {
        "grant_missing" or "grant_invalid" or "grant_expired" or "node_key_missing" or "node_key_invalid" => 401,
        "grant_wrong_room" or "publish_not_allowed" or "subscribe_not_allowed" or "source_not_allowed" or "participant_removed"
            or "grant_revoked" or "moderation_not_allowed" or "forwarded_refused" or "origin_refused" => 403,
        "participant_gone" => 404,
        "method_not_allowed" => 405,
        "stale_revision" or "not_invited" or "already_on_stage" or "muted_by_moderator" or "too_many_participants" => 409,
        "etag_mismatch" => 412,
        "body_too_large" => 413,
        "unsupported_media_type" => 415,
        "room_locked" => 423, // RFC 4918 §11.3: the resource is there, and locked
        "if_match_missing" => 428,
        "too_many_requests" => 429,
        "internal_error" => 500,
        "room_full" or "too_many_rooms" => 503,
        _ when code.EndsWith("_not_found", StringComparison.Ordinal) => 404,
        _ => 400,
    };
}
