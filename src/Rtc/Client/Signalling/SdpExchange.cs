using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Events.Rtc.Client.Signalling;

/// <summary>A refused or failed signalling request.</summary>
/// <param name="code">The stable code of the problem body, else "http-" and the status.</param>
/// <param name="status">HTTP status; null when no response came.</param>
/// <param name="message">What happened, for people.</param>
public sealed class SignallingException(string code, HttpStatusCode? status, string message) : Exception(message)
{
    public string Code { get; } = code;

    public HttpStatusCode? Status { get; } = status;
}

/// <summary>The created WHIP or WHEP resource.</summary>
/// <param name="Answer">SDP answer.</param>
/// <param name="Resource">For DELETE and PATCH.</param>
/// <param name="ETag">Identifies the ICE session; null when the server sends none.</param>
public sealed record SdpExchangeResult(string Answer, Uri Resource, string? ETag);

/// <summary>The HTTP side that WHIP (RFC 9725) and WHEP share: POST an offer, get the answer and the resource, DELETE it.</summary>
public static class SdpExchange
{
    private const int MaxRedirects = 3;
    private const int MaxAnswerBytes = 256 * 1024;

    /// <exception cref="SignallingException">Refused, unreachable, or answered with something else than an answer.</exception>
    public static async Task<SdpExchangeResult> PostAsync(HttpClient http, Uri url, string? bearer, string offer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(url);
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(offer, Encoding.UTF8) };
            // RFC 9725 §4.2: exactly application/sdp, without parameters.
            request.Content.Headers.ContentType = new("application/sdp");
            Authorize(request, bearer);
            using var response = await SendAsync(http, request, cancellation).ConfigureAwait(false);
            var location = response.Headers.Location is { } header ? new Uri(url, header) : null;
            // RFC 9725 §4.5: 307 keeps method and body; HttpClient itself would drop the Authorization header on the way.
            if (response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect && location is not null && redirects < MaxRedirects)
            {
                url = location;
                continue;
            }

            var body = await ReadBoundedAsync(response, cancellation).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Created || location is null)
            {
                throw Refusal(response.StatusCode, body);
            }

            return new(body, location, response.Headers.ETag?.ToString());
        }
    }

    /// <summary>Ends the session; a resource that is gone already is fine.</summary>
    public static async Task DeleteAsync(HttpClient http, Uri resource, string? bearer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(http);
        using var request = new HttpRequestMessage(HttpMethod.Delete, resource);
        Authorize(request, bearer);
        using var response = await SendAsync(http, request, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotFound)
        {
            throw Refusal(response.StatusCode, await ReadBoundedAsync(response, cancellation).ConfigureAwait(false));
        }
    }

    private static void Authorize(HttpRequestMessage request, string? bearer)
    {
        if (bearer is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException error)
        {
            throw new SignallingException("http_unreachable", null, $"No answer from {request.RequestUri}: {error.Message}");
        }
    }

    private static async Task<string> ReadBoundedAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(MaxAnswerBytes);
        try
        {
            var length = await stream.ReadAtLeastAsync(buffer.AsMemory(0, MaxAnswerBytes), MaxAnswerBytes, throwOnEndOfStream: false, cancellation)
                .ConfigureAwait(false);
            return Encoding.UTF8.GetString(buffer, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static SignallingException Refusal(HttpStatusCode status, string body)
    {
        var code = $"http-{(int)status}";
        try
        {
            using var problem = JsonDocument.Parse(body);
            if (problem.RootElement.ValueKind == JsonValueKind.Object
                && problem.RootElement.TryGetProperty("code", out var value) && value.ValueKind == JsonValueKind.String)
            {
                code = value.GetString()!;
            }
        }
        catch (JsonException)
        {
            // Not a problem document: the status has to do.
        }

        return new(code, status, $"The server answered {(int)status} ({code}).");
    }
}
