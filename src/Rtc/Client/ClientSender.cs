using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>The sending half of a peer: writes plain packets, retransmissions and sender reports.</summary>
internal sealed class ClientSender
{
    private const int OriginalSequenceLength = 2;

    /// <summary>The rid tells which layer an SSRC is; browsers leave it out once the receiver must have learnt it, and so do we.</summary>
    private const uint PacketsWithRid = 30;

    private readonly List<ClientSendTrack> _tracks;
    private readonly long _unixNanosecondsAtZero;
    private readonly Func<int, int> _chance;
    private ushort _transportSequence;

    public ClientSender(IReadOnlyList<ClientMedia> media, int retransmitPackets, long unixNanosecondsAtZero, Func<int, int> chance)
    {
        _tracks = [.. media.Where(m => m.Sends).Select(m => new ClientSendTrack(m, m.Kind == MediaKind.Video ? retransmitPackets : 0))];
        _unixNanosecondsAtZero = unixNanosecondsAtZero;
        _chance = chance;
    }

    public IReadOnlyList<ClientSendTrack> Tracks => _tracks;

    public MonotonicTime Deadline
    {
        get
        {
            var next = MonotonicTime.Never;
            foreach (var track in _tracks)
            {
                next = MonotonicTime.Min(next, track.NextReport);
            }

            return next;
        }
    }

    public ClientSendTrack? Find(uint ssrc)
    {
        foreach (var track in _tracks)
        {
            if (track.Media.Ssrc == ssrc)
            {
                return track;
            }
        }

        return null;
    }

    /// <summary>Writes the next packet of a track; false when it does not fit.</summary>
    public bool WriteMedia(
        Span<byte> buffer,
        ClientSendTrack track,
        scoped ReadOnlySpan<byte> payload,
        RtpTimestamp timestamp,
        bool marker,
        AudioLevel? level,
        ReadOnlySpan<byte> descriptor,
        MonotonicTime now,
        out int length)
    {
        var media = track.Media;
        var sequence = new SequenceNumber(track.NextSequence);
        Span<byte> redundant = stackalloc byte[track.Red is null ? 0 : payload.Length + RedEncoder.MaxGrowth];
        if (track.Red is { } red)
        {
            payload = redundant[..red.Write(payload, timestamp, redundant)];
        }

        var payloadType = track.Red is null ? media.PayloadType : media.RedPayloadType;
        var writer = new RtpPacketWriter(buffer, marker, payloadType, sequence, timestamp, media.Ssrc);
        AddExtensions(ref writer, track, track.Media.RidExtension, track.PacketCount);
        if (level is { } value && media.AudioLevelExtension != 0)
        {
            writer.AddExtension(media.AudioLevelExtension, [value.Encode()]);
        }

        if (!descriptor.IsEmpty && media.DependencyDescriptorExtension != 0)
        {
            writer.AddExtension(media.DependencyDescriptorExtension, descriptor);
        }

        length = 0;
        if (!writer.WritePayload(payload))
        {
            return false;
        }

        length = writer.Length;
        track.NextSequence = sequence.Next.Value;
        track.Keep(buffer[..length], sequence.Value);
        track.Sent(timestamp, payload.Length, now);
        return true;
    }

    /// <summary>Writes a packet again, as RTX where that is negotiated; false when it is kept no longer.</summary>
    public bool WriteRetransmission(
        Span<byte> buffer, ClientSendTrack track, ushort sequence, SrtpSender srtp, out int length, [NotNullWhen(true)] out SrtpSendStream? stream)
    {
        length = 0;
        stream = null;
        if (!track.TryGetKept(sequence, out var plain) || !RtpReader.TryRead(plain, out var packet))
        {
            return false;
        }

        var media = track.Media;
        if (media.RtxPayloadType == 0)
        {
            // The same bytes under the same index: nothing may change, or the IV would serve twice.
            plain.CopyTo(buffer);
            length = plain.Length;
            stream = track.Stream(srtp);
            return true;
        }

        // RFC 4588 §4: own SSRC, sequence and payload type; the payload begins with the original sequence number.
        var writer = new RtpPacketWriter(buffer, packet.Marker, media.RtxPayloadType, new(track.TakeRtxSequence()), packet.Timestamp, media.RtxSsrc);
        AddExtensions(ref writer, track, track.Media.RepairedRidExtension, (uint)track.Retransmitted - 1);
        Span<byte> original = stackalloc byte[OriginalSequenceLength];
        BinaryPrimitives.WriteUInt16BigEndian(original, sequence);
        if (!writer.WritePayload(original) || !writer.WritePayload(packet.Payload))
        {
            return false;
        }

        length = writer.Length;
        stream = track.RtxStream(srtp);
        return true;
    }

    /// <summary>SR and SDES of one track.</summary>
    public void WriteReport(ref RtcpWriter writer, ClientSendTrack track, MonotonicTime now)
    {
        // About 1 s as browsers do for video, randomised so that thousands of clients do not beat together (RFC 3550 §6.2).
        track.NextReport = now + TimeSpan.FromMilliseconds(800 + _chance(400));
        var wallClock = NtpTime.FromUnixNanoseconds(_unixNanosecondsAtZero + now.Nanoseconds);
        writer.WriteSenderReport(track.Media.Ssrc, wallClock, track.TimestampAt(now), track.PacketCount, track.OctetCount);
        writer.WriteSdesCname(track.Media.Ssrc, track.Cname);
    }

    /// <summary>BYE of every track.</summary>
    public void WriteGoodbye(ref RtcpWriter writer)
    {
        writer.WriteReceiverReport(_tracks[0].Media.Ssrc);
        foreach (var track in _tracks)
        {
            writer.WriteBye(track.Media.Ssrc);
        }
    }

    private void AddExtensions(ref RtpPacketWriter writer, ClientSendTrack track, byte ridExtension, uint packetsBefore)
    {
        if (ridExtension != 0 && track.Rid.Length > 0 && packetsBefore < PacketsWithRid)
        {
            writer.AddExtension(ridExtension, track.Rid);
        }

        if (track.Media.MidExtension != 0)
        {
            writer.AddExtension(track.Media.MidExtension, track.Mid);
        }

        if (track.Media.TransportCcExtension != 0)
        {
            Span<byte> sequence = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(sequence, _transportSequence++);
            writer.AddExtension(track.Media.TransportCcExtension, sequence);
        }
    }
}
