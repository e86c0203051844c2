using Events.Rtc.Rooms;
using Microsoft.AspNetCore.Http;

namespace Events.Rtc.Signalling.Http;

/// <summary>201: the session's address, its ETag, the ICE servers, the answer (RFC 9725 §4.2).</summary>
internal sealed class SdpCreated(string location, SessionAnswer answer, IReadOnlyList<IceServer> iceServers) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = StatusCodes.Status201Created;
        response.ContentType = "application/sdp";
        response.Headers.Location = location;
        response.Headers.ETag = SdpETag.Quote(answer.ETag);
        IceServerLinks.Write(response, iceServers);
        return response.WriteAsync(answer.Sdp, httpContext.RequestAborted);
    }
}

/// <summary>STUN and TURN servers as header fields (RFC 9725 §4.6).</summary>
internal static class IceServerLinks
{
    public static void Write(HttpResponse response, IReadOnlyList<IceServer> servers)
    {
        foreach (string link in servers.SelectMany(Links))
            response.Headers.Append("Link", link);
    }

    /// <summary>RFC 9725 §4.6: one link per address, the relation "ice-server".</summary>
    private static IEnumerable<string> Links(IceServer server)
    {
        string credentials = server.Username is null || server.Credential is null
            ? ""
            : $"; username=\"{Escape(server.Username)}\"; credential=\"{Escape(server.Credential)}\"; credential-type=\"password\"";
        return server.Urls.Select(url => $"<{url}>; rel=\"ice-server\"{credentials}");
    }

    /// <summary>RFC 9110 §5.6.4, quoted-string.</summary>
    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}

/// <summary>200: the new ICE session (RFC 9725 §4.3.3).</summary>
internal sealed class SdpFragmentAnswer(SessionAnswer answer) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/trickle-ice-sdpfrag";
        response.Headers.ETag = SdpETag.Quote(answer.ETag);
        return response.WriteAsync(answer.Sdp, httpContext.RequestAborted);
    }
}

/// <summary>Entity tags (RFC 9110 §8.8.3) of ICE sessions.</summary>
internal static class SdpETag
{
    public static string Quote(string tag) => tag.StartsWith('"') ? tag : $"\"{tag}\"";

    /// <summary>True when an If-Match list names the tag; weak tags never match (RFC 9110 §13.1.1).</summary>
    public static bool Matches(string? ifMatch, string tag) =>
        ifMatch?.Split(',', StringSplitOptions.TrimEntries).Contains(Quote(tag), StringComparer.Ordinal) ?? false;
}
