using System.Net;
using Events.Rtc.Transport.Tcp;

namespace Events.Rtc;

/// <summary>How the SFU of one node runs.</summary>
public sealed record RtcOptions
{
    /// <summary>Address that the media sockets bind to. A wildcard takes both families.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.Loopback;

    /// <summary>First UDP (and ICE-TCP) port; worker i uses <c>Port + i</c>. 0 lets the system choose for each worker.</summary>
    public int Port { get; init; } = 7882;

    /// <summary>Bounds of ICE-TCP, which listens on the number of each worker's UDP port.</summary>
    public TcpOptions Tcp { get; init; } = new();

    /// <summary>Threads with one UDP port each; default one per core.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Candidate addresses in SDP; empty: the bind address, or every interface's when bound to a wildcard.</summary>
    public IReadOnlyList<IPAddress> Advertise { get; init; } = [];

    /// <summary>Socket buffer asked of the kernel, bytes. Below 5 MB a room of hundreds drops on keyframes.</summary>
    public int SocketBufferBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Consent to send is lost after this long without an authenticated check (RFC 7675 §5.1).</summary>
    public TimeSpan ConsentTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A transport that has not connected by then is closed.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Participants that one room admits.</summary>
    public int MaxParticipantsPerRoom { get; init; } = 20_000;

    /// <summary>
    /// From so many participants of all its rooms on, who comes to a worker's rooms receives on the least loaded worker, which has the room's tracks
    /// relayed. A relayed track costs a copy of each packet and a cache of its own.
    /// </summary>
    public int SpreadFromParticipants { get; init; } = 200;

    /// <summary>Rooms on this node.</summary>
    public int MaxRooms { get; init; } = 10_000;

    /// <summary>Keyframe requests to one publisher are at least this far apart.</summary>
    public TimeSpan KeyframeRequestInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Who joins is sent the last keyframe and all since, at once, if it is at most this old; else another is asked for. Zero always asks. A longer
    /// time spares publishers more, and makes the burst larger.
    /// </summary>
    public TimeSpan KeyframeReplay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Unix socket of the relay; null: no relay.</summary>
    public string? RelaySocketPath { get; init; }

    /// <summary>Whether a relay receiver's node key is one of ours; called on any thread. By default none is.</summary>
    public Func<string, bool> AcceptsNodeKey { get; init; } = static _ => false;
}
