using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Events.Tests.Platform.Testing.Stripe;

/// <summary>Parameters of a request to Stripe: a form (or query) whose names nest by brackets, <c>line_items[0][quantity]</c>.</summary>
internal sealed partial class StripeForm(IReadOnlyDictionary<string, string> values)
{
    public string? this[string name] => values.GetValueOrDefault(name);

    public IEnumerable<string> Names => values.Keys;

    /// <summary>Same names, same values: what an idempotency key is held against.</summary>
    public string Fingerprint => string.Join('&', values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"));

    public static async Task<StripeForm> ReadAsync(HttpRequest request)
    {
        var values = request.Query.ToDictionary(v => v.Key, v => v.Value.ToString());
        if (request.HasFormContentType)
        {
            foreach (var (key, value) in await request.ReadFormAsync())
            {
                values[key] = value.ToString();
            }
        }

        return new StripeForm(values);
    }

    /// <summary>The entries below a name: <c>metadata</c> gives what stands in <c>metadata[…]</c>.</summary>
    public IEnumerable<KeyValuePair<string, string>> Below(string name) =>
        values.Where(v => v.Key.StartsWith($"{name}[", StringComparison.Ordinal) && v.Key.EndsWith(']')).Select(v => KeyValuePair.Create(v.Key[(name.Length + 1)..^1], v.Value));

    /// <summary>The first name that is not on the list; there <c>[]</c> stands for any index and <c>[*]</c> for any key.</summary>
    public string? Unknown(IReadOnlySet<string> known) =>
        values.Keys.FirstOrDefault(n => n != "expand" && Index().Replace(n, "[]") is var plain && !known.Contains(plain) && !known.Contains(Last().Replace(plain, "[*]")));

    [GeneratedRegex(@"\[\d+\]")]
    private static partial Regex Index();

    [GeneratedRegex(@"\[[^\[\]]*\]$")]
    private static partial Regex Last();
}

/// <summary>What Stripe answers when it refuses.</summary>
internal sealed class StripeRefusal(int status, string type, string? code, string message, string? parameter = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Code { get; } = code;

    public string? Parameter { get; } = parameter;

    public static StripeRefusal Missing(string parameter) => new(400, "invalid_request_error", "parameter_missing", $"Missing required param: {parameter}.", parameter);

    public static StripeRefusal Invalid(string parameter, string message, string? code = null) => new(400, "invalid_request_error", code, message, parameter);

    public static StripeRefusal NotFound(string what, string id) => new(404, "invalid_request_error", "resource_missing", $"No such {what}: '{id}'", "id");
}
