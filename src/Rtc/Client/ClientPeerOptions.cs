using System.Security.Cryptography;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.Client;

/// <summary>How one client endpoint behaves on the wire.</summary>
public sealed record ClientPeerOptions
{
    /// <summary>Unix nanoseconds minus <see cref="MonotonicTime"/> nanoseconds: makes the NTP time of sender reports real.</summary>
    public long UnixNanosecondsAtZero { get; init; }

    /// <summary>SRTP profiles offered, best first.</summary>
    public IReadOnlyList<SrtpProfile> Profiles { get; init; } = [SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80];

    /// <summary>False: answers connectivity checks and sends none, as an ICE-lite server does (RFC 8445 §2.5). For tests without a server.</summary>
    public bool SendsChecks { get; init; } = true;

    /// <summary>From one check of consent to the next, give or take a fifth (RFC 7675 §5.1).</summary>
    public TimeSpan ConsentInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Sent packets kept per video track for retransmission: 512 are 2.8 s at 180 packets/s.</summary>
    public int RetransmitPackets { get; init; } = 512;

    /// <summary>Bandwidth that REMB announces where the server negotiated it without transport-cc; a client does not estimate.</summary>
    public Bitrate ReceiveLimit { get; init; } = Bitrate.FromMegabits(20);

    /// <summary>A number from 0 to below the argument, by which intervals of reports and checks differ. A scenario takes them from its seed.</summary>
    public Func<int, int> Chance { get; init; } = RandomNumberGenerator.GetInt32;

    /// <summary>Time to the first success of ICE and DTLS together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>The life of a <see cref="ClientPeer"/>, in order.</summary>
public enum ClientPeerState
{
    New,
    Connecting,
    Connected,
    /// <summary>Closed by either side.</summary>
    Closed,
    /// <summary>Did not connect, or lost consent: see the reason.</summary>
    Failed,
}
