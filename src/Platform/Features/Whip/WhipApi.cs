using Events.Platform.Roles;

namespace Events.Platform.Features.Whip;

/// <summary>WHIP and WHEP on the platform's address: 307 to the media node, which RFC 9725 §4.5 lets a server do.</summary>
internal static class WhipApi
{
    public static void MapWhip(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/whip/{room}", (string room, HttpRequest request, NodeOptions options) => Redirect("whip", room, request, options));
        routes.MapPost("/whep/{room}", (string room, HttpRequest request, NodeOptions options) => Redirect("whep", room, request, options));
    }

    private static IResult Redirect(string door, string room, HttpRequest request, NodeOptions options)
    {
        var target = new UriBuilder(request.Scheme, request.Host.Host, options.MediaHttpPort, $"/{door}/{Uri.EscapeDataString(room)}") { Query = request.QueryString.Value };
        return Results.Redirect(target.Uri.AbsoluteUri, permanent: false, preserveMethod: true);
    }
}
