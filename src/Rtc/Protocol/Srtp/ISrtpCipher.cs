namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// One direction's session keys at work: transforms packets in place, given the packet index that the caller keeps
/// (<see cref="SrtpSender"/>, <see cref="SrtpReceiver"/>). Not thread-safe: one owner. Allocates nothing per packet.
/// </summary>
public interface ISrtpCipher : IDisposable
{
    /// <summary>Bytes that protection adds to an RTP packet: the tag (16 for GCM, 10 for CM).</summary>
    int RtpOverhead { get; }

    /// <summary>Bytes that protection adds to an RTCP packet: tag and E|index word.</summary>
    int RtcpOverhead { get; }

    /// <summary>Encrypts the payload and appends the tag.</summary>
    /// <param name="buffer">The plain packet, with at least <see cref="RtpOverhead"/> bytes of room behind it.</param>
    /// <param name="length">Of the plain packet.</param>
    /// <param name="headerLength">Bytes that stay readable: fixed header, CSRCs, extension (RFC 3711 §3.1).</param>
    /// <param name="ssrc">Of the packet.</param>
    /// <param name="index">48 bits: roll-over counter, then sequence number (RFC 3711 §3.3.1).</param>
    /// <returns>The new length.</returns>
    int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index);

    /// <summary>Verifies and decrypts. On false the bytes are undefined and must be dropped.</summary>
    bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index, out int length);

    /// <summary>Encrypts all but the first 8 bytes of a compound packet; appends tag and E|index (RFC 3711 §3.4).</summary>
    /// <param name="buffer">The plain packet, with at least <see cref="RtcpOverhead"/> bytes of room behind it.</param>
    /// <param name="length">Of the plain packet, at least 8.</param>
    /// <param name="ssrc">Of the first packet's sender.</param>
    /// <param name="index">31 bits.</param>
    int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index);

    /// <summary>Reads the E bit and the index of a protected packet, both not authenticated yet; false when it is too short.</summary>
    bool TryReadRtcpIndex(ReadOnlySpan<byte> packet, out uint index, out bool encrypted);

    /// <summary>Verifies and decrypts a packet whose E bit is set. On false the bytes are undefined and must be dropped.</summary>
    bool TryUnprotectRtcp(Span<byte> packet, uint ssrc, uint index, out int length);

    /// <summary>An RTP packet is protected soon: see <see cref="Primitives.Prefetch"/>.</summary>
    void FetchRtp()
    {
    }
}

/// <summary>Makes ciphers; which library does the work is the factory's choice.</summary>
public interface ISrtpCipherFactory
{
    ISrtpCipher Create(SrtpSessionKeys keys);

    /// <summary>Derives the session keys of one direction and makes their cipher.</summary>
    ISrtpCipher Create(SrtpProfile profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt) =>
        Create(SrtpKeyDerivation.Derive(profile, masterKey, masterSalt));
}
