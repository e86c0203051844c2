using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.Protocol.Dtls;

public enum DtlsRole
{
    Client,
    Server,
}

public enum DtlsState
{
    Handshaking,
    Connected,
    /// <summary>The peer sent close_notify, or <see cref="IDtlsEngine.Close"/> was called.</summary>
    Closed,
    /// <summary>The handshake failed, the fingerprint differs, or no SRTP profile is shared: see <see cref="IDtlsEngine.FailureReason"/>.</summary>
    Failed,
}

/// <summary>One DTLS 1.2 association without I/O and without a clock: datagrams in, datagrams out, next deadline out.</summary>
public interface IDtlsEngine : IDisposable
{
    DtlsState State { get; }

    /// <summary>A stable code when <see cref="State"/> is <see cref="DtlsState.Failed"/>, else null.</summary>
    string? FailureReason { get; }

    /// <summary>When <see cref="HandleDeadline"/> wants to be called (flight retransmission); Never when idle.</summary>
    MonotonicTime Deadline { get; }

    /// <summary>Starts the handshake in the client role; does nothing in the server role.</summary>
    void Start(MonotonicTime now);

    /// <summary>Feeds one received datagram, also after the handshake (the peer may have lost the last flight).</summary>
    void Receive(ReadOnlySpan<byte> datagram, MonotonicTime now);

    void HandleDeadline(MonotonicTime now);

    /// <summary>Takes the next datagram to send; false when there is none.</summary>
    bool TryTakeDatagram(Span<byte> destination, out int length);

    /// <summary>The negotiated profile and keys (RFC 5764 §4.2), once connected.</summary>
    SrtpKeys? Keys { get; }

    /// <summary>
    /// The peer has shown that it holds the keys, so no flight will be asked for again: frees all that only a handshake needs. Alerts are
    /// still understood, and close_notify still sent.
    /// </summary>
    void Rest();

    /// <summary>
    /// Queues a record of application data, which TryTakeDatagram gives as a datagram of its own. False before <see cref="Rest"/>: nothing is sent before the
    /// peer has shown its keys.
    /// </summary>
    /// <param name="data">At most <see cref="Sctp.SctpPacket.MaxBytes"/>.</param>
    bool TrySendData(ReadOnlySpan<byte> data);

    /// <summary>Takes the next authentic record of application data; false when there is none. What is not taken gives way to newer.</summary>
    bool TryTakeData(Span<byte> destination, out int length);

    /// <summary>Queues close_notify.</summary>
    void Close(MonotonicTime now);
}

/// <summary>Makes engines that share one certificate.</summary>
public interface IDtlsEngineFactory
{
    /// <summary>SHA-256 fingerprint of the local certificate.</summary>
    Fingerprint LocalFingerprint { get; }

    /// <param name="role">Server answers a ClientHello, client sends one.</param>
    /// <param name="remoteFingerprint">From the remote SDP; another certificate fails the handshake.</param>
    /// <param name="preferredProfiles">Offered or accepted in this order.</param>
    IDtlsEngine Create(DtlsRole role, Fingerprint remoteFingerprint, ReadOnlySpan<SrtpProfile> preferredProfiles);
}
