using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// One SSRC's roll-over counter on the sending side. The first sequence number should lie below 32,768: a receiver that
/// misses the packets before the first wrap guesses roll-over counter 0.
/// </summary>
public sealed class SrtpSendStream
{
    private readonly ISrtpCipher _cipher;
    private bool _started;
    private ulong _highest;

    internal SrtpSendStream(uint ssrc, ISrtpCipher cipher)
    {
        Ssrc = ssrc;
        _cipher = cipher;
    }

    public uint Ssrc { get; }

    /// <summary>How often the sequence number has wrapped.</summary>
    public uint RollOverCounter => (uint)(_highest >> 16);

    /// <summary>Protects one packet in place. Not after its <see cref="SrtpSender"/> is disposed.</summary>
    /// <param name="buffer">Begins with the packet and has 16 bytes of room behind it.</param>
    /// <param name="length">Of the plain packet.</param>
    /// <param name="headerLength">Of its header with CSRCs and extension.</param>
    /// <returns>The protected length.</returns>
    /// <exception cref="ArgumentException">The room is missing: our own fault.</exception>
    public int Protect(Span<byte> buffer, int length, int headerLength)
    {
        if (buffer.Length - length < _cipher.RtpOverhead)
        {
            SrtpSender.ThrowNoRoom();
        }

        Debug.Assert(SrtpPacketLayout.ReadRtpSsrc(buffer) == Ssrc, "The packet belongs to another stream.");
        var index = IndexOf(SrtpPacketLayout.ReadSequence(buffer));
        return _cipher.ProtectRtp(buffer, length, headerLength, Ssrc, index);
    }

    /// <summary>A packet is protected soon.</summary>
    public void Fetch() => _cipher.FetchRtp();

    /// <summary>The index of a packet, new or retransmitted across a wrap.</summary>
    private ulong IndexOf(ushort sequence)
    {
        if (!_started)
        {
            _started = true;
            _highest = sequence;
            return sequence;
        }

        var index = SrtpPacketLayout.EstimateIndex(_highest, sequence);
        if (index > _highest)
        {
            _highest = index;
        }

        return index;
    }
}

/// <summary>Protects what this side sends. Owns its cipher. Not thread-safe.</summary>
public sealed class SrtpSender : IDisposable
{
    // RFC 3711 §9.2: a key serves at most 2^31 SRTCP packets.
    private const uint MaxRtcpIndex = 0x7FFF_FFFF;

    private readonly ISrtpCipher _cipher;
    private uint _rtcpIndex;

    public SrtpSender(ISrtpCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        _cipher = cipher;
    }

    /// <summary>Begins an SSRC. Open each only once per association: two counters for one SSRC would use an IV twice.</summary>
    public SrtpSendStream OpenStream(uint ssrc) => new(ssrc, _cipher);

    /// <summary>Protects one RTP packet in place: see <see cref="SrtpSendStream.Protect"/>.</summary>
    /// <param name="stream">Of the packet's SSRC.</param>
    /// <param name="buffer">Begins with the packet and has 16 bytes of room behind it (<see cref="SrtpProfileSizes.MaxOverhead"/> suits RTCP too).</param>
    /// <param name="length">Of the plain packet.</param>
    /// <returns>The protected length.</returns>
    /// <exception cref="ArgumentException">The packet is not well-formed RTP, or the room is missing: our own fault.</exception>
    public int ProtectRtp(SrtpSendStream stream, Span<byte> buffer, int length)
    {
        if (!SrtpPacketLayout.TryReadRtpHeaderLength(buffer[..length], out var headerLength))
        {
            ThrowMalformed();
        }

        return stream.Protect(buffer, length, headerLength);
    }

    /// <summary>Protects one compound RTCP packet in place.</summary>
    /// <param name="buffer">Begins with the packet and has <see cref="SrtpProfileSizes.MaxOverhead"/> bytes of room behind it.</param>
    /// <param name="length">Of the plain packet.</param>
    /// <returns>The protected length; 0 when the key has served its 2^31 packets and nothing may be sent any more.</returns>
    public int ProtectRtcp(Span<byte> buffer, int length)
    {
        if (length < SrtpProfileSizes.RtcpHeaderLength)
        {
            ThrowMalformed();
        }

        if (buffer.Length - length < _cipher.RtcpOverhead)
        {
            ThrowNoRoom();
        }

        if (_rtcpIndex == MaxRtcpIndex)
        {
            return 0;
        }

        // One counter for all SSRCs keeps (SSRC, index) unique and needs no table. RFC 3711 §3.4: the first index is 1 here,
        // as common implementations have it.
        _rtcpIndex++;
        return _cipher.ProtectRtcp(buffer, length, SrtpPacketLayout.ReadRtcpSsrc(buffer), _rtcpIndex);
    }

    public void Dispose() => _cipher.Dispose();

    [DoesNotReturn]
    private static void ThrowMalformed() => throw new ArgumentException("The packet to protect is not well-formed.");

    [DoesNotReturn]
    internal static void ThrowNoRoom() => throw new ArgumentException("The buffer has no room for the authentication tag.");
}
