using System.Text.RegularExpressions;
using Events.Rtc.Signalling;

namespace Events.Platform.Roles;

/// <summary>Reads where the TURN servers are, and the secret shared with them.</summary>
internal static partial class TurnSettings
{
    private const int MinSecret = 16;

    /// <param name="urls"><c>EVENTS_TURN_URLS</c>, comma separated.</param>
    /// <param name="secret"><c>EVENTS_TURN_SECRET</c>.</param>
    public static (TurnOptions? Turn, IReadOnlyList<string> Errors) Read(string? urls, string? secret)
    {
        if (urls is null && secret is null)
        {
            return (null, []);
        }

        // A mistake does not repeat the secret.
        if (urls is null || secret is not { Length: >= MinSecret })
        {
            return (null, [$"EVENTS_TURN_URLS and EVENTS_TURN_SECRET belong together; the secret is the TURN server's static-auth-secret, at least {MinSecret} characters."]);
        }

        var parts = urls.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = parts.Where(p => !Address().IsMatch(p))
            .Select(p => $"EVENTS_TURN_URLS: '{p}' is not an address like turn:turn.example:3478?transport=udp, turns:turn.example:5349 or stun:turn.example.")
            .ToList();
        return errors.Count == 0 ? (new() { Urls = parts, Secret = secret }, []) : (null, errors);
    }

    /// <summary>RFC 7064 §3.1 and RFC 7065 §3.1: no slashes, and a transport for TURN only.</summary>
    [GeneratedRegex(@"^(stuns?:[A-Za-z0-9.\-]+(:\d{1,5})?|stuns?:\[[0-9A-Fa-f:.]+\](:\d{1,5})?|turns?:([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?)$")]
    private static partial Regex Address();
}
