namespace Events.Rtc.Transport.Tcp;

/// <summary>Bounds of ICE-TCP on one worker (RFC 6544): what strangers and slow readers may cost.</summary>
public sealed record TcpOptions
{
    /// <summary>Connections at a time. A browser holds one per transport that it tries, two a participant.</summary>
    public int MaxConnections { get; init; } = 8_192;

    /// <summary>Connections at a time that no connectivity check has authenticated yet.</summary>
    public int MaxUnauthenticated { get; init; } = 1_024;

    /// <summary>Of those, from one address (one /64 of IPv6). A venue shares one, and all its clients come back at once after an outage.</summary>
    public int MaxUnauthenticatedPerAddress { get; init; } = 256;

    /// <summary>A connection that no check has authenticated by then is closed.</summary>
    public TimeSpan AuthenticationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes that wait for a slow reader, beyond what the kernel holds; the oldest datagrams are dropped above that. 128 KB is the keyframe of a
    /// screen, and 0.7 s of 1.5 Mbit/s: more would only be later.
    /// </summary>
    public int SendBufferBytes { get; init; } = 128 * 1024;

    /// <summary>Readers at a time that may be slow: each holds <see cref="SendBufferBytes"/>.</summary>
    public int MaxSlowReaders { get; init; } = 512;

    /// <summary>A reader that takes nothing for so long is closed.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
