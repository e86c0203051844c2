using Events.Platform.Features.Accounts;
using Events.Platform.Features.Links;
using Events.Platform.Features.Sso.Saml;

namespace Events.Platform.Composition;

/// <summary>
/// A request that changes something and carries the account cookie must show that our own script sent it: the header
/// <c>X-Events-Csrf: 1</c>, which a form cannot set and a foreign page may not, and our own Origin when one is sent. The confirm page's form cannot send
/// the header; it checks the Origin itself. A SAML response is posted by a foreign site, and does not use the cookie.
/// </summary>
internal static class CsrfGuard
{
    public const string Header = "X-Events-Csrf";

    public static void UseCsrfGuard(this WebApplication app) => app.Use((context, next) =>
    {
        var request = context.Request;
        var isSafe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        if (isSafe || request.Path == ConfirmPage.Path || SamlSignIn.IsAcs(request.Path) || !request.Cookies.ContainsKey(AccountCookie.Name))
        {
            return next(context);
        }

        if (request.Headers[Header] != "1")
        {
            return Problems.WriteAsync(context, ApiError.Forbidden("csrf_header_missing", $"Send the header {Header}: 1 with requests that change something."));
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}"
            ? next(context)
            : Problems.WriteAsync(context, ApiError.Forbidden("origin_refused", "This origin may not use the account's cookie."));
    });
}
