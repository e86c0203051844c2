using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sctp;

namespace Events.Rtc.Rooms;

/// <summary>
/// A participant's data channels, on the transport that it publishes on: there the client offers, so who wants none of it pays for none of it. What
/// comes in is checked against rights and rate, and handed to the room.
/// </summary>
internal sealed class ParticipantData : IDataChannelSink
{
    /// <summary>WebRTC's; nothing else runs in the DTLS association.</summary>
    public const ushort LocalPort = 5_000;

    /// <summary>Messages per second, three pointers at 60 frames/s; and those that may come at once, a drawing that is told from its beginning.</summary>
    private const int MessagesPerSecond = 200;

    private const int BurstMessages = 2_500;

    /// <summary>Bytes per second, and at once.</summary>
    private const int BytesPerSecond = 128 * 1024;

    private const int BurstBytes = 1024 * 1024;

    private readonly Participant _participant;
    private readonly Peer _peer;
    private readonly List<string> _names = [];
    private double _messages = BurstMessages;
    private double _bytes = BurstBytes;
    private MonotonicTime _filled;

    public ParticipantData(Participant participant, Peer peer, int remotePort)
    {
        _participant = participant;
        _peer = peer;
        _filled = participant.Room.Worker.Now;
        var worker = participant.Room.Worker;
        Channels = new(
            new(worker.CreateSsrc(), worker.CreateSsrc(), (ulong)worker.Random.NextInt64(), LocalPort, (ushort)remotePort, DataMessage.MaxBytes), this);
        peer.Data = Channels;
    }

    public DataChannels Channels { get; }

    public void Send(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now)
    {
        if (Channels.IsOpen(reliable) && Channels.Send(reliable, message, now))
        {
            _participant.Room.Worker.Counters.DataSent++;
        }
    }

    public void SendPacket(ReadOnlySpan<byte> packet) => _peer.SendData(packet);

    public void DataReceived(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now)
    {
        var counters = _participant.Room.Worker.Counters;
        counters.DataReceived++;
        if (!_participant.MaySendData || !TakesRate(message.Length, now) || !DataMessage.TryRead(message, reliable, _names, out var payload))
        {
            counters.DataRefused++;
            return;
        }

        _participant.Room.SendData(_participant, reliable, _names, payload, now);
    }

    public void DataClosed(string reason)
    {
        var log = _participant.Room.Worker.Log;
        if (reason == SctpAssociation.Closed)
        {
            log.DataLeft(_participant.Room.Id, _participant.Id);
        }
        else
        {
            log.DataClosed(_participant.Room.Id, _participant.Id, reason);
        }
    }

    private bool TakesRate(int length, MonotonicTime now)
    {
        var seconds = (now - _filled).TotalSeconds;
        _filled = now;
        _messages = Math.Min(BurstMessages, _messages + (seconds * MessagesPerSecond));
        _bytes = Math.Min(BurstBytes, _bytes + (seconds * BytesPerSecond));
        if (_messages < 1 || _bytes < length)
        {
            return false;
        }

        _messages--;
        _bytes -= length;
        return true;
    }
}
