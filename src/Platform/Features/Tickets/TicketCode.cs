using System.Diagnostics.CodeAnalysis;
using Events.Rtc.Signalling.Tokens;
using QRCoder;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// What a ticket's QR code says: <c>E1:</c> and, in Base45 (RFC 9285, so that the QR code stays in its dense alphanumeric mode),
/// event id, ticket id, and an ECDSA P-256 signature (IEEE P1363) over both. A scanner that is offline can check it with the
/// public key; whether the ticket still counts, only the list knows.
/// </summary>
internal static class TicketCode
{
    private const string Prefix = "E1:";
    private const int IdsLength = 32; // two ids of 16 bytes
    private const int SignatureLength = 64; // r and s of P-256

    public static string Sign(JwtSigningKey key, Guid eventId, Guid ticketId)
    {
        Span<byte> bytes = stackalloc byte[IdsLength + SignatureLength];
        eventId.TryWriteBytes(bytes, bigEndian: true, out _);
        ticketId.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        key.Sign(Signed(bytes[..IdsLength])).CopyTo(bytes[IdsLength..]);
        return Prefix + Base45.Encode(bytes);
    }

    public static bool TryVerify(IReadOnlyList<JwtVerificationKey> keys, [NotNullWhen(true)] string? code, out Guid eventId, out Guid ticketId) =>
        Read(keys, code, out eventId, out ticketId) == TicketCodeReading.Verified;

    /// <summary>The ids are told of a verified code only.</summary>
    public static TicketCodeReading Read(IReadOnlyList<JwtVerificationKey> keys, string? code, out Guid eventId, out Guid ticketId)
    {
        (eventId, ticketId) = (default, default);
        if (code is not { Length: < 200 } || !code.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base45.TryDecode(code.AsSpan(Prefix.Length), out var bytes) || bytes.Length != IdsLength + SignatureLength)
        {
            return TicketCodeReading.Malformed;
        }

        if (!keys.Any(k => k.Verify(Signed(bytes.AsSpan(0, IdsLength)), bytes.AsSpan(IdsLength))))
        {
            return TicketCodeReading.SignatureInvalid;
        }

        (eventId, ticketId) = (new Guid(bytes.AsSpan(0, 16), bigEndian: true), new Guid(bytes.AsSpan(16, 16), bigEndian: true));
        return TicketCodeReading.Verified;
    }

    /// <summary>The code as a picture; 15 % of it may be damaged.</summary>
    public static byte[] ToPng(string code)
    {
        using var data = QRCodeGenerator.GenerateQrCode(code, QRCodeGenerator.ECCLevel.M);
        using var png = new PngByteQRCode(data);
        return png.GetGraphic(8);
    }

    /// <summary>The version is signed too, so that what a later one means cannot be claimed for this one.</summary>
    private static byte[] Signed(ReadOnlySpan<byte> ids) => [.. "events-ticket-1"u8, .. ids];
}

/// <summary>What somebody shows at a door.</summary>
public enum TicketCodeReading
{
    /// <summary>No code of a ticket, or not all of it.</summary>
    Malformed,

    /// <summary>In the form of one, and not signed by us.</summary>
    SignatureInvalid,

    /// <summary>Signed by us.</summary>
    Verified,
}
