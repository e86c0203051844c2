using System.Buffers.Binary;
using System.Net.Sockets;

namespace Events.Rtc.Relay;

/// <summary>What came of waiting for a relay message.</summary>
public enum RelayReceiveStatus
{
    Message,
    Timeout,

    /// <summary>The node closed the connection, or has died.</summary>
    Closed,
}

/// <summary>The receiving end of a node's relay: a unix SEQPACKET connection to one room. Used by one thread at a time.</summary>
public sealed class RelayReceiver : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[RelayCodec.MaxMessageLength];

    private RelayReceiver(Socket socket)
    {
        _socket = socket;
    }

    /// <summary>Connects and subscribes; the roster and <see cref="RelayMessageType.Ready"/> follow as messages.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static RelayReceiver Connect(string path, string room, string nodeKey)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            socket.ReceiveBufferSize = 4 * 1024 * 1024;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Send(RelayCodec.Encode(RelayMessageType.Subscribe, new RelaySubscribe(room, nodeKey)));
            socket.Blocking = false;
            return new(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the next message.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <param name="message">Valid until the next call; at least one byte.</param>
    public RelayReceiveStatus Receive(TimeSpan timeout, out ReadOnlySpan<byte> message)
    {
        message = default;
        var length = _socket.Receive(_buffer, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            if (!_socket.Poll(timeout, SelectMode.SelectRead))
            {
                return RelayReceiveStatus.Timeout;
            }

            length = _socket.Receive(_buffer, SocketFlags.None, out error);
        }

        if (error != SocketError.Success || length == 0)
        {
            return error == SocketError.WouldBlock ? RelayReceiveStatus.Timeout : RelayReceiveStatus.Closed;
        }

        message = _buffer.AsSpan(0, length);
        return RelayReceiveStatus.Message;
    }

    /// <summary>Asks the publisher of a track for a keyframe; a node that does not read just now is not waited for.</summary>
    public void RequestKeyframe(uint handle) => _socket.Send(RelayCodec.EncodeKeyframeRequest(handle), SocketFlags.None, out _);

    public void Dispose() => _socket.Dispose();

    /// <summary>Reads <see cref="RelayMessageType.Rtp"/>.</summary>
    public static bool TryReadRtp(ReadOnlySpan<byte> message, out uint handle, out long arrivalNanoseconds, out ReadOnlySpan<byte> packet)
    {
        var ok = message.Length > RelayCodec.RtpHeaderLength;
        handle = ok ? BinaryPrimitives.ReadUInt32BigEndian(message[1..]) : 0;
        arrivalNanoseconds = ok ? BinaryPrimitives.ReadInt64BigEndian(message[5..]) : 0;
        packet = ok ? message[RelayCodec.RtpHeaderLength..] : default;
        return ok;
    }

    /// <summary>Reads <see cref="RelayMessageType.SenderReport"/>.</summary>
    public static bool TryReadSenderReport(
        ReadOnlySpan<byte> message, out uint handle, out long arrivalNanoseconds, out ulong ntp, out uint rtpTimestamp)
    {
        var ok = message.Length == RelayCodec.SenderReportLength;
        handle = ok ? BinaryPrimitives.ReadUInt32BigEndian(message[1..]) : 0;
        arrivalNanoseconds = ok ? BinaryPrimitives.ReadInt64BigEndian(message[5..]) : 0;
        ntp = ok ? BinaryPrimitives.ReadUInt64BigEndian(message[13..]) : 0;
        rtpTimestamp = ok ? BinaryPrimitives.ReadUInt32BigEndian(message[21..]) : 0;
        return ok;
    }
}
