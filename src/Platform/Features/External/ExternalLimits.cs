using System.Globalization;
using Events.Platform.Composition;
using Events.Platform.Roles;

namespace Events.Platform.Features.External;

/// <summary>
/// How many calls a token may make: a minute's worth, counted in six segments of ten seconds. What is left is told with every answer
/// (draft-ietf-httpapi-ratelimit-headers-10: <c>RateLimit-Policy</c> and <c>RateLimit</c>), so that a client can slow down in time.
/// </summary>
internal sealed class ExternalLimits(NodeOptions options)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly SlidingWindows<Guid> _calls = new(options.ExternalPerMinute, Window);

    public int PerMinute => options.ExternalPerMinute;

    /// <summary>Whether the call may go on; the headers are set either way, <c>Retry-After</c> when it may not.</summary>
    public bool Admits(Guid tokenId, IHeaderDictionary headers)
    {
        var isAdmitted = _calls.TryTake(tokenId, out var left);
        var segment = (int)_calls.Segment.TotalSeconds;
        headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"token\";q={options.ExternalPerMinute};w={(int)Window.TotalSeconds}");
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"token\";r={left};t={segment}");
        if (!isAdmitted)
        {
            headers.RetryAfter = segment.ToString(CultureInfo.InvariantCulture);
        }

        return isAdmitted;
    }
}
