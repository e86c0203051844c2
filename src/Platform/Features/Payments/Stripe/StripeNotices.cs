using System.Text.Json;

namespace Events.Platform.Features.Payments.Stripe;

/// <summary>
/// Reads a webhook's event (docs.stripe.com/api/events/object) after its signature was checked; pure. Only ids are taken from it: what
/// they stand for is fetched in our own API version, whichever version the endpoint speaks, and whenever the notice comes.
/// </summary>
internal static class StripeNotices
{
    private static readonly JsonDocumentOptions Bounds = new() { MaxDepth = 32 };

    /// <summary>False: it is no event of Stripe's, or one of the other mode (test events at a live platform, or the reverse).</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, bool isLive, out PaymentNotice? notice)
    {
        notice = null;
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Bounds.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (Text(root, "object") != "event" || Text(root, "id") is not { } id || Text(root, "type") is not { } type
                || !root.TryGetProperty("livemode", out var livemode) || livemode.ValueKind is not (JsonValueKind.True or JsonValueKind.False) || livemode.GetBoolean() != isLive
                || !root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object
                || !data.TryGetProperty("object", out var subject) || subject.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            var (kind, subjectId) = SubjectOf(type, root, subject);
            notice = subjectId is null ? new PaymentNotice(id, type, NoticeSubject.Other, "") : new PaymentNotice(id, type, kind, subjectId);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or a string that is no UTF-8, which shows only when it is read.
            return false;
        }
    }

    private static (NoticeSubject Kind, string? Id) SubjectOf(string type, JsonElement root, JsonElement subject) => type switch
    {
        "checkout.session.completed" or "checkout.session.async_payment_succeeded" or "checkout.session.async_payment_failed" or "checkout.session.expired" => (NoticeSubject.Payment, Text(subject, "id")),
        "charge.refunded" or "charge.refund.updated" or "refund.created" or "refund.updated" or "refund.failed" => (NoticeSubject.Reference, Text(subject, "payment_intent")),
        "account.updated" or "account.application.deauthorized" or "capability.updated" => (NoticeSubject.Account, Text(root, "account") ?? Text(subject, "id")),
        _ => (NoticeSubject.Other, null),
    };

    /// <summary>An id or a name: Stripe's are at most 255 characters of ASCII.</summary>
    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 and <= 255 } text && text.All(c => c is > ' ' and < '\x7f') ? text : null;
}
