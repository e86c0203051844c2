using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>What a token must say to be taken: one type, one issuer, one audience. The algorithm is always ES256.</summary>
public sealed record JwtExpectation
{
    private readonly TimeSpan _leeway;

    /// <summary>For so long after <c>exp</c> the token is still taken, by who only asks whose it was; default none.</summary>
    public TimeSpan Overdue { get; init; }

    /// <summary>The header's <c>typ</c>, compared exactly: it keeps one kind of token from passing as another (RFC 8725 §3.11).</summary>
    public required string Type { get; init; }

    /// <summary>The claim <c>iss</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary>The claim <c>aud</c>, a single string.</summary>
    public required string Audience { get; init; }

    /// <summary>Clock difference tolerated at <c>exp</c> and <c>nbf</c>; at most 30 s, default none.</summary>
    public TimeSpan Leeway
    {
        get => _leeway;
        init => _leeway = value >= TimeSpan.Zero && value <= TimeSpan.FromSeconds(30)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The leeway is between 0 and 30 s.");
    }
}

/// <summary>The claims of a token whose signature, type, issuer, audience and times were found right.</summary>
public sealed class JwtClaims
{
    internal JwtClaims(JsonElement root, DateTimeOffset? issuedAt, DateTimeOffset expiresAt)
    {
        Root = root;
        IssuedAt = issuedAt;
        ExpiresAt = expiresAt;
    }

    /// <summary>The claim <c>nbf</c>, which our signers set to the time of signing; null without.</summary>
    public DateTimeOffset? IssuedAt { get; }

    /// <summary>All claims; an object without duplicate members.</summary>
    public JsonElement Root { get; }

    /// <summary>The claim <c>exp</c>.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>A string claim of 1 to <paramref name="maxLength"/> characters, or null.</summary>
    public string? Text(string name, int maxLength = 256) =>
        JsonFields.TryText(Root, name, maxLength, out string? text) ? text : null;

    /// <summary>A boolean claim, or null.</summary>
    public bool? Flag(string name) => JsonFields.TryFlag(Root, name, out bool flag) ? flag : null;
}

/// <summary>
/// Signed tokens in compact form (RFC 7515 §7.1, RFC 7519) with everything optional taken out: ES256 only, a pinned type,
/// a header of exactly <c>alg</c>, <c>typ</c> and <c>kid</c>, no encodings but the canonical one. Refusals are values with
/// the codes <c>token_…</c>; no token makes it throw.
/// </summary>
public static class CompactJwt
{
    /// <summary>Characters of a token. Ours have about 500; a request header holds 8 K.</summary>
    public const int MaxLength = 4096;

    private const int SignatureBytes = 64; // RFC 7518 §3.4: r and s of 32 bytes each

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private static readonly RtcError TooLarge = new("token_too_large", "The token is longer than 4,096 characters.");
    private static readonly RtcError Malformed = new("token_malformed", "The token is not three canonical base64url parts of JSON, JSON and a signature.");
    private static readonly RtcError HeaderRefused = new("token_header_refused", "The token's header may only have alg, typ and kid.");
    private static readonly RtcError AlgorithmRefused = new("token_algorithm_refused", "The token is not signed with ES256.");
    private static readonly RtcError TypeRefused = new("token_type_refused", "The token is of another type.");
    private static readonly RtcError KeyUnknown = new("token_key_unknown", "The token names a key that is not trusted here.");
    private static readonly RtcError SignatureInvalid = new("token_signature_invalid", "The token's signature is wrong.");
    private static readonly RtcError IssuerRefused = new("token_issuer_refused", "The token is from another issuer.");
    private static readonly RtcError AudienceRefused = new("token_audience_refused", "The token is for another audience.");
    private static readonly RtcError ClaimsInvalid = new("token_claims_invalid", "The token lacks exp, or one of its times is no NumericDate.");
    private static readonly RtcError NotYetValid = new("token_not_yet_valid", "The token is not valid yet.");
    private static readonly RtcError Expired = new("token_expired", "The token has expired; ask for a new one.");

    /// <summary>Signs claims.</summary>
    /// <param name="key">The key; its id goes into the header.</param>
    /// <param name="type">The header's <c>typ</c>.</param>
    /// <param name="claims">An object or dictionary that serialises (camelCase) to the claims, <c>exp</c> and <c>nbf</c> in Unix seconds.</param>
    /// <exception cref="ArgumentException">The token would be longer than <see cref="MaxLength"/>.</exception>
    public static string Sign<T>(JwtSigningKey key, string type, T claims)
    {
        byte[] header = JsonSerializer.SerializeToUtf8Bytes(new { alg = "ES256", typ = type, kid = key.KeyId });
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(claims, Web);
        string signingInput = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(body)}";
        string token = $"{signingInput}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(signingInput)))}";
        return token.Length <= MaxLength
            ? token
            : throw new ArgumentException($"The claims make a token of {token.Length} characters; verifiers take {MaxLength}.", nameof(claims));
    }

    /// <summary>Verifies a token: its form, header, signature, issuer, audience and times, in this order.</summary>
    /// <param name="token">What the client sent.</param>
    /// <param name="keys">The trusted keys; the token's <c>kid</c> chooses among them.</param>
    /// <param name="expected">What it must say.</param>
    /// <param name="clock">The time to hold against <c>exp</c> and <c>nbf</c>.</param>
    public static RtcResult<JwtClaims> Verify(string token, IReadOnlyList<JwtVerificationKey> keys, JwtExpectation expected, TimeProvider clock)
    {
        if (token.Length > MaxLength)
            return TooLarge;
        try
        {
            return VerifyParts(token, keys, expected, clock.GetUtcNow());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // JsonException: no JSON, or duplicate members. InvalidOperationException: a lone surrogate in an escape.
            return Malformed;
        }
    }

    private static RtcResult<JwtClaims> VerifyParts(string token, IReadOnlyList<JwtVerificationKey> keys, JwtExpectation expected, DateTimeOffset now)
    {
        int headerEnd = token.IndexOf('.');
        int bodyEnd = token.LastIndexOf('.');
        if (headerEnd <= 0 || bodyEnd <= headerEnd
            || !TryDecode(token.AsSpan(0, headerEnd), out byte[] header)
            || !TryDecode(token.AsSpan(headerEnd + 1, bodyEnd - headerEnd - 1), out byte[] body)
            || !TryDecode(token.AsSpan(bodyEnd + 1), out byte[] signature))
            return Malformed;

        if (CheckHeader(header, expected.Type, out string keyId) is { } refused)
            return refused;
        JwtVerificationKey? key = keys.FirstOrDefault(candidate => candidate.KeyId == keyId);
        if (key is null)
            return KeyUnknown;
        if (signature.Length != SignatureBytes || !key.Verify(Encoding.ASCII.GetBytes(token, 0, bodyEnd), signature))
            return SignatureInvalid;

        using JsonDocument document = JsonDocument.Parse(body, Strict);
        return CheckClaims(document.RootElement.Clone(), expected, now);
    }

    private static RtcError? CheckHeader(byte[] utf8, string type, out string keyId)
    {
        keyId = "";
        using JsonDocument document = JsonDocument.Parse(utf8, Strict);
        JsonElement header = document.RootElement;
        if (header.ValueKind != JsonValueKind.Object)
            return Malformed;
        if (!JsonFields.TryText(header, "alg", MaxLength, out string? algorithm) || algorithm != "ES256")
            return AlgorithmRefused;
        // Nothing else is understood, so nothing else may stand there: crit, b64, jwk, jku, x5u, zip …
        foreach (JsonProperty member in header.EnumerateObject())
        {
            if (!member.NameEquals("alg") && !member.NameEquals("typ") && !member.NameEquals("kid"))
                return HeaderRefused;
        }

        if (!JsonFields.TryText(header, "typ", MaxLength, out string? actualType) || actualType != type)
            return TypeRefused;
        if (!JsonFields.TryText(header, "kid", MaxLength, out string? id))
            return KeyUnknown;
        keyId = id;
        return null;
    }

    private static RtcResult<JwtClaims> CheckClaims(JsonElement claims, JwtExpectation expected, DateTimeOffset now)
    {
        if (claims.ValueKind != JsonValueKind.Object)
            return Malformed;
        if (!JsonFields.TryText(claims, "iss", MaxLength, out string? issuer) || issuer != expected.Issuer)
            return IssuerRefused;
        if (!JsonFields.TryText(claims, "aud", MaxLength, out string? audience) || audience != expected.Audience)
            return AudienceRefused;
        if (!claims.TryGetProperty("exp", out JsonElement exp) || !TryNumericDate(exp, out DateTimeOffset expiresAt))
            return ClaimsInvalid;
        DateTimeOffset? issuedAt = null;
        if (claims.TryGetProperty("nbf", out JsonElement nbf))
        {
            if (!TryNumericDate(nbf, out DateTimeOffset notBefore))
                return ClaimsInvalid;
            issuedAt = notBefore;
            if (now < notBefore - expected.Leeway)
                return NotYetValid;
        }

        // RFC 7519 §4.1.4: not on or after the expiration time.
        return now < expiresAt + expected.Leeway + expected.Overdue ? new JwtClaims(claims, issuedAt, expiresAt) : Expired;
    }

    /// <summary>Whole seconds from 1970 to the year 9000: far from the ends of <see cref="DateTimeOffset"/>, so that leeways add up.</summary>
    private static bool TryNumericDate(JsonElement claim, out DateTimeOffset time)
    {
        time = default;
        if (claim.ValueKind != JsonValueKind.Number || !claim.TryGetInt64(out long seconds) || seconds is < 86_400 or > 221_845_392_000)
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        // The library's decoder forgives white space, padding and stray low bits; RFC 7515 §2 has one form for one value.
        if (text.IsEmpty || text.Length % 4 == 1 || text.ContainsAnyExcept(Alphabet))
            return false;
        byte[] decoded = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        // Not TryDecodeFromChars: it throws on stray low bits.
        if (Base64Url.DecodeFromChars(text, decoded, out _, out int written) != OperationStatus.Done)
            return false;
        bytes = decoded[..written];
        return text.SequenceEqual(Base64Url.EncodeToString(bytes));
    }
}
