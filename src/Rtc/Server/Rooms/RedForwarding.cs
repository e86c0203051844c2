using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>
/// Hands on the sound of a publisher that sends redundancy (docs/decisions/0032-audio-with-redundancy.md): as it is to those who take RED, unwrapped to the
/// others, to whom the redundancy gives what was lost on the way here.
/// </summary>
internal sealed class RedForwarding(TrackReceivers receivers, MediaWorker worker)
{
    /// <summary>Datagrams that are handed to the kernel while the next ones are written: see <see cref="TrackReceivers"/>.</summary>
    private const int FlushFromWaiting = TrackReceivers.FlushFromWaiting;

    /// <summary>A packet with redundancy.</summary>
    public void Forward(in RtpReader packet, in RedPayload red, PublishedEncoding encoding, long extendedSequence, bool recovered, MonotonicTime now)
    {
        worker.Counters.RedReceived++;
        var plain = encoding.UsePlain();
        Span<byte> buffer = stackalloc byte[Transport.SendQueue.SlotBytes];
        if (plain.Recovery.ReachesBack(extendedSequence, red.OlderBlocks))
        {
            var length = RedUnwrapper.WritePrimary(packet, red, buffer);
            ForwardPrimary(RtpReader.OfCopy(buffer[..length], packet.HeaderLength, 0), encoding, plain, extendedSequence, recovered, now);
            return;
        }

        receivers.ForwardToBranches(packet, encoding, recovered);
        receivers.ForwardToSubscribers(packet, encoding, default, isVideo: false, now);
        var others = receivers.Relays.Length + receivers.WithoutRed;
        var age = red.OlderBlocks;
        foreach (var block in red)
        {
            // Blocks stand in the order of their packets, the last one right before this.
            if (!block.Data.IsEmpty && plain.Recovery.TryRecover(extendedSequence - age) && others > 0)
            {
                var length = RedUnwrapper.WriteRecovered(packet, block, new((ushort)(extendedSequence - age)), buffer);
                ForwardToOthers(RtpReader.OfCopy(buffer[..length], RtpHeader.FixedLength, 0), encoding, plain, now);
                worker.Counters.AudioRecovered++;
            }

            age--;
        }

        if (plain.Recovery.TryArrive(extendedSequence) && others > 0)
        {
            var length = RedUnwrapper.WritePrimary(packet, red, buffer);
            ForwardToOthers(RtpReader.OfCopy(buffer[..length], packet.HeaderLength, 0), encoding, plain, now);
        }
    }

    /// <summary>A packet without redundancy in a stream that has some; those who were given it as redundancy of a later one are not given it again.</summary>
    public void ForwardPrimary(in RtpReader packet, PublishedEncoding encoding, PlainAudio plain, long extendedSequence, bool recovered, MonotonicTime now)
    {
        receivers.ForwardToBranches(packet, encoding, recovered);
        receivers.ForwardToSubscribers(packet, encoding, default, isVideo: false, now);
        if (plain.Recovery.TryArrive(extendedSequence))
        {
            ForwardToOthers(packet, encoding, plain, now);
        }
    }

    private void ForwardToOthers(in RtpReader packet, PublishedEncoding encoding, PlainAudio plain, MonotonicTime now)
    {
        var kept = plain.Store(packet, now);
        receivers.ForwardToRelays(packet, encoding, default, now);

        if (!kept || plain.Held.IsFull)
        {
            encoding.ForwardHeld(now);
        }

        if (encoding.Held.Count > 0)
        {
            plain.Held.Add(packet, default, encoding.HeldUntil); // With the packet that it came in.
            return;
        }

        for (var i = 0; receivers.WithoutRed > 0 && i < receivers.SubscriptionCount; i++)
        {
            receivers.FetchFrom(i);
            if (receivers.Subscriptions[i] is { TakesRed: false } subscription)
            {
                subscription.Forward(packet, encoding, default, now);
                worker.Queue.FlushFrom(FlushFromWaiting);
            }
        }
    }
}
