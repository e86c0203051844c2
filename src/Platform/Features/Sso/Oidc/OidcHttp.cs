using System.Net.Http.Headers;
using System.Text.Json;
using Events.Platform.Composition;
using Events.Platform.Roles;

namespace Events.Platform.Features.Sso.Oidc;

/// <summary>Calls to identity providers: public addresses only outside of Development, five seconds, 256 KB, no redirects.</summary>
internal sealed class OidcHttp(NodeOptions options, ILogger<OidcHttp> log) : IDisposable
{
    /// <summary>Large multi-tenant providers publish key sets of a few ten KB.</summary>
    public const int MaxBytes = 256 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly HttpClient _http = PublicHttp.Create(options.IsDevelopment, Timeout, MaxBytes);

    /// <summary>An https address without credentials and fragment; http too in Development.</summary>
    public Uri? Address(string? text) =>
        text is { Length: <= 2_048 } && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (options.IsDevelopment && uri.Scheme == Uri.UriSchemeHttp)) ? uri : null;

    public Task<Outcome<JsonDocument>> GetAsync(Uri address, string? bearer, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (bearer is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }

        return SendAsync(request, cancel);
    }

    public async Task<Outcome<JsonDocument>> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using var response = await _http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return Failed(request, $"status {(int)response.StatusCode}", "refused our request");
            }

            return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel), Strict) is { RootElement.ValueKind: JsonValueKind.Object } document
                ? document
                : Failed(request, "no object", "answered with something that is not understood");
        }
        catch (HttpRequestException e) when (e.InnerException is PrivateAddressException)
        {
            SsoLog.ProviderFailed(log, request.RequestUri!.GetLeftPart(UriPartial.Path), "private address");
            return ApiError.BadRequest("issuer_private", "The identity provider's address is not a public one.");
        }
        catch (HttpRequestException e)
        {
            return Failed(request, e.Message, "cannot be reached");
        }
        catch (JsonException e)
        {
            return Failed(request, e.Message, "answered with something that is not understood");
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            return Failed(request, e.Message, "does not answer in time");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A text member of 1 to <paramref name="most"/> characters, or null.</summary>
    public static string? Text(JsonElement element, string name, int most = 2_048) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String && TryGetString(member) is { Length: > 0 } text && text.Length <= most ? text : null;

    private static string? TryGetString(JsonElement member)
    {
        try
        {
            return member.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate in an escape: no text.
            return null;
        }
    }

    private ApiError Failed(HttpRequestMessage request, string reason, string detail)
    {
        SsoLog.ProviderFailed(log, request.RequestUri!.GetLeftPart(UriPartial.Path), reason);
        return SsoErrors.Provider(detail);
    }
}
