namespace Events.Rtc.Protocol.Sctp;

/// <summary>What an <see cref="SctpAssociation"/> hands to its owner, during the calls that it is given time by.</summary>
public interface ISctpSink
{
    /// <summary>A packet for the DTLS association under it.</summary>
    void SendPacket(ReadOnlySpan<byte> packet);

    /// <summary>A whole message, in order where the sender asked for order. The bytes are good until this returns.</summary>
    void MessageReceived(ushort stream, uint payloadProtocol, ReadOnlySpan<byte> message);

    /// <summary>The other side will send nothing more of this stream; its numbers begin anew (RFC 6525 §4.1).</summary>
    void StreamReset(ushort stream);

    /// <summary>Nothing is sent or taken any more. The reason is a stable code.</summary>
    void Ended(string reason);
}
