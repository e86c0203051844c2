using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>What a <see cref="ClientPeer"/> tells its owner, synchronously, while it is being fed.</summary>
public interface IClientPeerEvents
{
    /// <summary>Send this datagram now; the bytes are valid during the call.</summary>
    void Send(ReadOnlySpan<byte> datagram);

    /// <param name="state">The new state.</param>
    /// <param name="reason">A stable code when closed or failed.</param>
    void StateChanged(ClientPeerState state, string? reason);

    /// <summary>The other side sent PLI or FIR for this track.</summary>
    void KeyframeRequested(ClientSendTrack track);

    /// <summary>One media packet, opened, each sequence number once; retransmitted ones come as the packet that they repeat.</summary>
    void MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now);
}
