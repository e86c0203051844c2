using System.Globalization;
using System.Net;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Privacy;
using Events.Platform.Roles;

namespace Events.Platform.Features.Links;

/// <summary>
/// Where the links of mails lead. Opening one shows a button and changes nothing, since mail scanners open links too; pressing it
/// consumes the link. Works without scripts; its looks are a file of the web client, since the content security policy refuses any in the page.
/// </summary>
internal static class ConfirmPage
{
    public const string Path = "/auth/confirm";

    public static void MapConfirmPage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ShowAsync).ExcludeFromDescription();

        // Our own check of the Origin stands in for the framework's token: the form carries a secret of 256 bits already.
        routes.MapPost(Path, PressAsync).DisableAntiforgery().ExcludeFromDescription();
    }

    private static async Task<IResult> ShowAsync(string? token, Database database, HttpContext context, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var (link, error) = await MagicLinks.PeekAsync(connection, token);
        if (link is null)
        {
            return Page(context, "This link does not work", $"<p>{WebUtility.HtmlEncode(error!.Detail)}</p>", error.Status);
        }

        var (title, button) = link.Purpose switch
        {
            MagicLinks.VerifyEmail => ("Confirm your address", "Confirm and sign in"),
            MagicLinks.Invitation => ("Accept the invitation", "Accept"),
            MagicLinks.PrivacyAccess => ("Get your data", "Send me my data"),
            MagicLinks.PrivacyErasure => ("Erase your data", "Erase everything about me"),
            _ => ("Sign in", "Sign in"),
        };
        var password = link.Purpose == MagicLinks.VerifyEmail
            ? $"""<label>Password <span>optional, at least {Passwords.MinLength} characters</span><input name="password" type="password" autocomplete="new-password" minlength="{Passwords.MinLength}" maxlength="{Passwords.MaxLength}"></label>"""
            : link.Purpose == MagicLinks.PrivacyErasure
            ? "<p>Your account, tickets' names and answers, files and mails go for good; what you bought stays in the organisers' books without you. This cannot be undone.</p>"
            : "";
        return Page(
            context,
            title,
            $"""
            <p>{WebUtility.HtmlEncode(link.Email)}</p>
            <form method="post" action="{Path}"><input type="hidden" name="token" value="{WebUtility.HtmlEncode(token)}">{password}
            <button>{button}</button></form>
            """);
    }

    private static async Task<IResult> PressAsync(HttpContext context, ConfirmLink confirm, NodeOptions options, CancellationToken cancel)
    {
        var request = context.Request;
        var origin = request.Headers.Origin.ToString();
        if (origin != $"{request.Scheme}://{request.Host}" && origin != options.PublicUrl.GetLeftPart(UriPartial.Authority))
        {
            return ApiError.Forbidden("origin_refused", "This form is sent from our own page only.").ToResult();
        }

        if (!request.HasFormContentType)
        {
            return new ApiError(415, "unsupported_media_type", "This address takes a form.").ToResult();
        }

        var form = await request.ReadFormAsync(cancel);
        var password = form["password"].ToString();
        var (answer, error) = await confirm.HandleAsync(new ConfirmRequest(form["token"], password.Length == 0 ? null : password), context, cancel);
        return error is not null ? Page(context, "This did not work", $"<p>{WebUtility.HtmlEncode(error.Detail)}</p>", error.Status)
            : answer!.Request is { } queued ? Page(context, "Your request is queued", QueuedText(queued))
            : answer.User is not null ? TypedResults.LocalRedirect("/")
            : Page(context, "Accepted", "<p>The invitation is accepted. We have mailed you a link to sign in.</p>");
    }

    private static string QueuedText(PrivacyRequest request) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        <p>{(request.Kind == PrivacyRequests.Erasure ? "Everything about you is being erased" : "Your data is being gathered; a link to it comes by mail")}. It takes minutes as a rule, and until {request.DueAt:d MMMM yyyy} at the most.</p>
        <p><a href="/api/v1/privacy/requests/{request.Id}">State of the request {request.Id}</a></p>
        """);

    private static IResult Page(HttpContext context, string title, string body, int status = 200)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Content(
            $"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><meta name="color-scheme" content="light dark"><title>{title} · Events</title>
            <link rel="icon" href="/mark.svg" type="image/svg+xml"><link rel="stylesheet" href="/confirm.css"></head>
            <body><header><a href="/"><img src="/mark.svg" width="28" height="28" alt=""> Events</a></header><main><h1>{title}</h1>{body}</main></body></html>
            """,
            "text/html; charset=utf-8",
            statusCode: status);
    }
}
