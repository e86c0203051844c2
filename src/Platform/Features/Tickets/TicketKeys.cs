using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Features.Tickets;

/// <summary>The keys of this room: one signs QR codes, the other makes the secrets that open an order, an invitation, a place in the queue.</summary>
public sealed class TicketKeys
{
    /// <summary>The ring that signs QR codes.</summary>
    public const string Ring = "tickets";

    /// <summary>The ring that makes the secrets in links.</summary>
    public const string Links = "orders";

    private readonly SigningKeyRing _codes;
    private readonly SecretRing _links;

    private TicketKeys(SigningKeyRing codes, SecretRing links) => (_codes, _links) = (codes, links);

    public static TicketKeys LoadOrCreate(string keysDirectory, SigningKeyRing codes, TimeProvider clock) => new(codes, SecretRing.LoadOrCreate(keysDirectory, Links, clock));

    /// <summary>What a ticket's QR code says.</summary>
    public string CodeOf(Guid eventId, Guid ticketId) => TicketCode.Sign(_codes.Signing, eventId, ticketId);

    /// <summary>Whether a QR code's text is one of ours, and which ticket's.</summary>
    public bool TryVerifyCode(string? code, out Guid eventId, out Guid ticketId) => TicketCode.TryVerify(_codes.Trusted, code, out eventId, out ticketId);

    /// <summary>What a code is, for a door that says what is wrong with it.</summary>
    public TicketCodeReading ReadCode(string? code, out Guid eventId, out Guid ticketId) => TicketCode.Read(_codes.Trusted, code, out eventId, out ticketId);

    /// <summary>Public keys by which devices verify codes without us.</summary>
    public IReadOnlyList<JwtVerificationKey> CodeKeys => _codes.Trusted;

    /// <summary>The secret of a thing: 256 bits that need no column, and are the same at every retry until the key rotates.</summary>
    public string KeyOf(string purpose, Guid id) => KeyOf(_links.Trusted[0], purpose, id);

    public bool Matches(string purpose, Guid id, string? key) => key is { Length: < 100 } && (IsKeyOf(purpose, id, key) || (_links.Look() && IsKeyOf(purpose, id, key)));

    /// <summary>Id and secret in one text, for links.</summary>
    public string LinkOf(string purpose, Guid id) => $"{id:N}.{KeyOf(purpose, id)}";

    public bool TryReadLink(string purpose, string? link, out Guid id)
    {
        id = default;
        return link is { Length: > 33 and < 140 } && link[32] == '.' && Guid.TryParseExact(link[..32], "N", out id) && Matches(purpose, id, link[33..]);
    }

    /// <summary>HMAC keys for another purpose in this house, so that no two of them can be mistaken for each other; the first signs.</summary>
    public IReadOnlyList<byte[]> Derive(string purpose) => [.. _links.Trusted.Select(secret => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"derive:{purpose}")))];

    private bool IsKeyOf(string purpose, Guid id, string key)
    {
        var isOurs = false;
        foreach (var secret in _links.Trusted)
        {
            isOurs |= CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(KeyOf(secret, purpose, id)), Encoding.UTF8.GetBytes(key));
        }

        return isOurs;
    }

    private static string KeyOf(byte[] secret, string purpose, Guid id) => Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"{purpose}:{id}")));
}
