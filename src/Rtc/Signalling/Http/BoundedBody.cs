using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Events.Rtc.Signalling.Http;

/// <summary>Reads a request's body as text, up to a bound.</summary>
internal static class BoundedBody
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly RtcError TooLarge = new("body_too_large", "The body is larger than this resource takes.");
    private static readonly RtcError NoText = new("sdp_not_utf8", "The body is not UTF-8 text.");

    /// <summary>True for this media type with any parameters.</summary>
    public static bool IsOfType(HttpRequest request, string mediaType) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase);

    /// <returns>The text, or <c>body_too_large</c>, <c>sdp_not_utf8</c>.</returns>
    public static async Task<RtcResult<string>> ReadAsync(HttpRequest request, int maxBytes)
    {
        if (request.ContentLength > maxBytes)
            return TooLarge;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(maxBytes, (int)(request.ContentLength ?? 4096)) + 1);
        try
        {
            int length = 0;
            while (true)
            {
                int read = await request.Body.ReadAsync(buffer.AsMemory(length), request.HttpContext.RequestAborted);
                if (read == 0)
                    return Strict.GetString(buffer, 0, length);
                length += read;
                if (length > maxBytes)
                    return TooLarge;
                if (length == buffer.Length)
                    Grow(ref buffer);
            }
        }
        catch (DecoderFallbackException)
        {
            return NoText;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Grow(ref byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
