using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Events.Platform.Features.Sso;

/// <summary>
/// One sign-in on its way, kept in the browser that began it as an encrypted cookie: an answer is taken only where its question was asked
/// (RFC 9700 §2.1, §4.7.1).
/// </summary>
/// <param name="State">Travels through the identity provider: OAuth's state, SAML's RelayState.</param>
/// <param name="Nonce">Comes back inside the ID token.</param>
/// <param name="Verifier">PKCE's secret (RFC 7636).</param>
/// <param name="RequestId">ID of the SAML request, which the response must name.</param>
/// <param name="Next">A path of this site.</param>
internal sealed record SignInState(string State, Guid ConnectionId, string Nonce, string Verifier, string RequestId, string Next)
{
    /// <summary>To type a password and a second factor at the provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const string CookiePrefix = "events_sso_";
    private const int MaxWaiting = 5; // tabs that sign in at once; the cookies must fit a request's headers

    public static SignInState New(Guid connectionId, string? next) =>
        new(Random(), connectionId, Random(), Random(), "_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)), LocalPath(next));

    /// <summary>Gives the state to the browser, and takes old ones away when too many pile up.</summary>
    public void Keep(HttpContext context, SsoSecrets secrets)
    {
        var waiting = context.Request.Cookies.Keys.Where(k => k.StartsWith(CookiePrefix, StringComparison.Ordinal)).ToList();
        foreach (var old in waiting.Take(Math.Max(0, waiting.Count - MaxWaiting + 1)))
        {
            context.Response.Cookies.Delete(old, Options(context));
        }

        context.Response.Cookies.Append(CookieName(State), secrets.SealState(this), Options(context));
    }

    /// <summary>The state that this browser was given, taken away with it: an answer is looked at once.</summary>
    public static SignInState? Take(HttpContext context, SsoSecrets secrets, Guid connectionId, string? state)
    {
        if (state is not { Length: 43 } || secrets.OpenState(context.Request.Cookies[CookieName(state)]) is not { } kept)
        {
            return null;
        }

        context.Response.Cookies.Delete(CookieName(state), Options(context));
        return kept.ConnectionId == connectionId && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(kept.State), Encoding.UTF8.GetBytes(state)) ? kept : null;
    }

    /// <summary>RFC 7636 §4.2.</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>Only a path of this site, so that a link cannot send people elsewhere after they signed in.</summary>
    private static string LocalPath(string? next) =>
        next is { Length: > 0 and <= 500 } && next[0] == '/' && !(next.Length > 1 && next[1] is '/' or '\\') && next.All(c => c is > ' ' and < '\u007f') ? next : "/";

    private static string CookieName(string state) => CookiePrefix + state[..8];

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax, // sent when the provider leads back by GET; a SAML response arrives by POST and is led to a GET of ours
        Secure = context.Request.IsHttps,
        Path = "/sso",
        MaxAge = Lifetime,
    };
}
