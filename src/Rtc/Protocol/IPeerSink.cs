using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol;

/// <summary>Why a peer ended.</summary>
public enum PeerEnd
{
    /// <summary>We closed it.</summary>
    Local,

    /// <summary>The other side sent close_notify.</summary>
    Remote,

    /// <summary>No authenticated check for the consent time (RFC 7675).</summary>
    ConsentLost,

    /// <summary>Never connected within the time allowed.</summary>
    ConnectTimeout,

    /// <summary>DTLS failed: see the reason.</summary>
    DtlsFailed,
}

/// <summary>What a <see cref="Peer"/> hands to its owner. Called during <see cref="Peer.Receive"/> and <see cref="Peer.HandleDeadline"/>.</summary>
public interface IPeerSink
{
    /// <summary>A datagram of the cold path (STUN, DTLS) to send.</summary>
    void Send(Peer peer, in TransportAddress to, ReadOnlySpan<byte> datagram);

    /// <summary>An authenticated check came from this address, which now belongs to the peer.</summary>
    void AddressAuthenticated(Peer peer, in TransportAddress address);

    /// <summary>SRTP keys are there: media may flow.</summary>
    void Connected(Peer peer, MonotonicTime now);

    /// <summary>Consent was lost, or is back after an ICE restart (only with <see cref="PeerOptions.OutlivesConsent"/>). Without it nothing may be sent.</summary>
    void ConsentChanged(Peer peer, bool granted, MonotonicTime now);

    /// <summary>A decrypted, replay-checked RTP packet. The bytes may be changed in place until this returns.</summary>
    void RtpReceived(Peer peer, Span<byte> packet, MonotonicTime now);

    /// <summary>A decrypted RTCP compound.</summary>
    void RtcpReceived(Peer peer, ReadOnlySpan<byte> compound, MonotonicTime now);

    /// <summary>The peer is over. Called once; the owner disposes it afterwards.</summary>
    void Ended(Peer peer, PeerEnd end, string reason);
}
