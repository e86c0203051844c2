using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Features.Tickets;

/// <summary>The keys of this room: one signs QR codes, the other makes the secrets that open an order, an invitation, a place in the queue.</summary>
public sealed class TicketKeys
{
    /// <summary>The ring that signs QR codes.</summary>
    public const string Ring = "tickets";

    private readonly SigningKeyRing _codes;
    private readonly byte[] _secret;

    private TicketKeys(SigningKeyRing codes, byte[] secret) => (_codes, _secret) = (codes, secret);

    public static TicketKeys LoadOrCreate(string keysDirectory, SigningKeyRing codes)
    {
        var secret = Read(Path.Combine(keysDirectory, "orders.key"), static () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        return new TicketKeys(codes, Convert.FromBase64String(secret));
    }

    /// <summary>What a ticket's QR code says.</summary>
    public string CodeOf(Guid eventId, Guid ticketId) => TicketCode.Sign(_codes.Signing, eventId, ticketId);

    /// <summary>Whether a QR code's text is one of ours, and which ticket's.</summary>
    public bool TryVerifyCode(string? code, out Guid eventId, out Guid ticketId) => TicketCode.TryVerify(_codes.Trusted, code, out eventId, out ticketId);

    /// <summary>The secret of a thing: 256 bits that need no column, and are the same at every retry.</summary>
    public string KeyOf(string purpose, Guid id) => Base64Url.EncodeToString(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"{purpose}:{id}")));

    public bool Matches(string purpose, Guid id, string? key) =>
        key is { Length: < 100 } && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(KeyOf(purpose, id)), Encoding.UTF8.GetBytes(key));

    /// <summary>Id and secret in one text, for links.</summary>
    public string LinkOf(string purpose, Guid id) => $"{id:N}.{KeyOf(purpose, id)}";

    public bool TryReadLink(string purpose, string? link, out Guid id)
    {
        id = default;
        return link is { Length: > 33 and < 140 } && link[32] == '.' && Guid.TryParseExact(link[..32], "N", out id) && Matches(purpose, id, link[33..]);
    }

    /// <summary>HMAC key for another purpose in this house, so that no two of them can be mistaken for each other.</summary>
    public byte[] Derive(string purpose) => HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"derive:{purpose}"));

    private static string Read(string path, Func<string> create)
    {
        if (!File.Exists(path))
        {
            PrivateFile.Write(path, create());
        }

        return File.ReadAllText(path).Trim();
    }
}
