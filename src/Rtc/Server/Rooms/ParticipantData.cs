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

    private readonly Participant _participant;
    private readonly Peer _peer;
    private readonly List<string> _names = [];
    private DataBudget _budget;

    public ParticipantData(Participant participant, Peer peer, int remotePort)
    {
        _participant = participant;
        _peer = peer;
        var worker = participant.Room.Worker;
        _budget = new(worker.Now);
        Channels = new(
            new(worker.CreateSsrc(), worker.CreateSsrc(), (ulong)worker.Random.NextInt64(), LocalPort, (ushort)remotePort, DataMessage.MaxBytes), this);
        peer.Data = Channels;
    }

    public DataChannels Channels { get; }

    /// <returns>False when the channel is not open, or was closed over it.</returns>
    public bool Send(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now)
    {
        var sent = Channels.IsOpen(reliable) && Channels.Send(reliable, message, now);
        _participant.Room.Worker.Counters.DataSent += sent ? 1 : 0;
        return sent;
    }

    public void SendPacket(ReadOnlySpan<byte> packet) => _peer.SendData(packet);

    public void DataReceived(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now)
    {
        var counters = _participant.Room.Worker.Counters;
        counters.DataReceived++;
        if (!_participant.MaySendData || !_budget.Takes(message.Length, now) || !DataMessage.TryRead(message, reliable, _names, out var payload))
        {
            counters.DataRefused++;
            return;
        }

        _budget.Reached(_participant.Room.SendData(_participant, reliable, _names, payload, now));
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
}
