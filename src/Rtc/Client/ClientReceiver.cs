using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>The receiving half of a peer: finds the track of a packet, undoes RTX, and writes what RTCP owes the sender.</summary>
internal sealed class ClientReceiver
{
    /// <summary>SSRCs received by one client, retransmission streams not counted.</summary>
    public const int MaxTracks = 128;

    private static readonly TimeSpan KeyframePatience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan KeyframeRequestInterval = TimeSpan.FromSeconds(1);

    private readonly ClientMedia[] _media;
    private readonly Bitrate _receiveLimit;
    private readonly Func<int, int> _chance;
    private readonly uint _reporterSsrc;
    private readonly List<ClientReceiveTrack> _tracks = [];
    private readonly ArrivalLog? _arrivals;
    private readonly byte _transportCcExtension;
    private readonly bool _remb;

    public ClientReceiver(IReadOnlyList<ClientMedia> media, Bitrate receiveLimit, uint reporterSsrc, Func<int, int> chance)
    {
        _media = [.. media.Where(m => !m.Sends)];
        _receiveLimit = receiveLimit;
        _chance = chance;
        _reporterSsrc = reporterSsrc;
        var wide = Array.Find(_media, m => m is { TransportCc: true, TransportCcExtension: not 0 });
        _transportCcExtension = wide?.TransportCcExtension ?? 0;
        _arrivals = wide is null ? null : new();
        _remb = wide is null && Array.Exists(_media, m => m.Remb);
    }

    public IReadOnlyList<ClientReceiveTrack> Tracks => _tracks;

    public MonotonicTime NextReport { get; private set; } = MonotonicTime.Never;

    /// <summary>When a NACK, PLI or transport feedback is due.</summary>
    public MonotonicTime NextRepair
    {
        get
        {
            var next = _arrivals?.NextFeedback ?? MonotonicTime.Never;
            foreach (var track in _tracks)
            {
                next = MonotonicTime.Min(next, MonotonicTime.Min(track.NextNack, track.NextKeyframeRequest));
            }

            return next;
        }
    }

    public MonotonicTime Deadline => MonotonicTime.Min(NextReport, NextRepair);

    public void Start(MonotonicTime now) => NextReport = _media.Length > 0 ? now + ReportInterval() : MonotonicTime.Never;

    public ClientReceiveTrack? Find(uint ssrc)
    {
        foreach (var track in _tracks)
        {
            if (track.Ssrc == ssrc)
            {
                return track;
            }
        }

        return null;
    }

    /// <summary>Takes one opened packet. A retransmission is turned back, in place, into the packet that it repeats.</summary>
    /// <returns>False for probes, duplicates and packets of no track.</returns>
    public bool TryAccept(Span<byte> datagram, ref RtpReader packet, MonotonicTime now, [NotNullWhen(true)] out ClientReceiveTrack? track)
    {
        if (_arrivals is not null && packet.TryGetExtension(_transportCcExtension, out var wide) && wide.Length >= 2)
        {
            _arrivals.Add(BinaryPrimitives.ReadUInt16BigEndian(wide), now);
        }

        track = Find(packet.Ssrc);
        if (track is null && FindMedia(packet) is { } media)
        {
            if (media.RtxPayloadType != 0 && packet.PayloadType == media.RtxPayloadType)
            {
                track = FindByMid(media.Mid);
                if (track is null || !TryRestore(datagram, ref packet, track))
                {
                    return false;
                }
            }
            else if (_tracks.Count < MaxTracks)
            {
                track = new(media, packet.Ssrc);
                _tracks.Add(track);
                if (media is { Kind: MediaKind.Video, Pli: true })
                {
                    track.NextKeyframeRequest = now + KeyframePatience;
                }
            }
        }

        if (track is null || !track.Count(packet, now) || packet.Payload.IsEmpty)
        {
            return false;
        }

        if (!track.HasKeyframe && KeyframeDetector.IsKeyframe(track.Media.Codec, packet.Payload))
        {
            track.HasKeyframe = true;
            track.NextKeyframeRequest = MonotonicTime.Never;
        }

        return true;
    }

    /// <summary>RR with a block per track, SDES, and REMB where it is the only feedback negotiated.</summary>
    public void WriteReport(ref RtcpWriter writer, MonotonicTime now)
    {
        NextReport = now + ReportInterval();
        Span<ReportBlock> blocks = stackalloc ReportBlock[Math.Min(_tracks.Count, ReportBlock.MaxPerReport)];
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i] = _tracks[i].MakeReport(now);
        }

        writer.WriteReceiverReport(_reporterSsrc, blocks);
        writer.WriteSdesCname(_reporterSsrc, "viewer"u8);
        if (_remb && blocks.Length > 0)
        {
            Span<uint> ssrcs = stackalloc uint[blocks.Length];
            for (var i = 0; i < blocks.Length; i++)
            {
                ssrcs[i] = blocks[i].Ssrc;
            }

            writer.WriteRemb(_reporterSsrc, _receiveLimit, ssrcs);
        }
    }

    /// <summary>What is due of NACK, PLI and transport feedback, in a compound that an RR opens; false when nothing is.</summary>
    public bool WriteRepairRequests(ref RtcpWriter writer, MonotonicTime now)
    {
        if (now < NextRepair)
        {
            return false;
        }

        // Strict peers take feedback only in a compound (RFC 4585 §3.1).
        writer.WriteReceiverReport(_reporterSsrc);
        Span<ushort> lost = stackalloc ushort[128];
        foreach (var track in _tracks)
        {
            if (now >= track.NextNack)
            {
                var count = track.TakeDue(lost, now);
                if (count > 0)
                {
                    writer.WriteNack(_reporterSsrc, track.Ssrc, lost[..count]);
                }
            }

            if (track.GaveUp)
            {
                track.LossHandled();
                if (track.Media is { Kind: MediaKind.Video, Pli: true })
                {
                    track.HasKeyframe = false;
                    track.NextKeyframeRequest = now;
                }
            }

            if (now >= track.NextKeyframeRequest)
            {
                WriteKeyframeRequest(ref writer, track, now, opened: true);
            }
        }

        if (_arrivals is not null && now >= _arrivals.NextFeedback)
        {
            _arrivals.Write(ref writer, _reporterSsrc, _tracks.Count > 0 ? _tracks[0].Ssrc : 0);
        }

        return true;
    }

    public void WriteKeyframeRequest(ref RtcpWriter writer, ClientReceiveTrack track, MonotonicTime now, bool opened = false)
    {
        if (!opened)
        {
            writer.WriteReceiverReport(_reporterSsrc);
        }

        writer.WritePli(_reporterSsrc, track.Ssrc);
        track.NextKeyframeRequest = track.HasKeyframe ? MonotonicTime.Never : now + KeyframeRequestInterval;
    }

    // RFC 4588 §4: move the header over the original sequence number, then give it back what the original had.
    private static bool TryRestore(Span<byte> datagram, ref RtpReader packet, ClientReceiveTrack track)
    {
        const int OriginalSequenceLength = 2;
        if (packet.Payload.Length < OriginalSequenceLength)
        {
            return false;
        }

        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet.Payload);
        var length = packet.Packet.Length;
        datagram[..packet.HeaderLength].CopyTo(datagram[OriginalSequenceLength..]);
        var restored = datagram[OriginalSequenceLength..length];
        RtpHeader.WriteSequenceNumber(restored, sequence);
        RtpHeader.WriteSsrc(restored, track.Ssrc);
        RtpHeader.WritePayloadType(restored, track.Media.PayloadType);
        return RtpReader.TryRead(restored, out packet);
    }

    private TimeSpan ReportInterval() => TimeSpan.FromMilliseconds(800 + _chance(400));

    // RFC 8843 §9.2: by SSRC as signalled, else by the MID extension, else by payload type.
    private ClientMedia? FindMedia(RtpReader packet)
    {
        foreach (var media in _media)
        {
            if (media.Ssrc == packet.Ssrc || (media.RtxSsrc != 0 && media.RtxSsrc == packet.Ssrc))
            {
                return media;
            }
        }

        Span<char> mid = stackalloc char[32];
        foreach (var media in _media)
        {
            if (media.MidExtension != 0 && packet.TryGetExtension(media.MidExtension, out var value) && value.Length <= mid.Length)
            {
                var length = Encoding.ASCII.GetChars(value, mid);
                if (mid[..length].SequenceEqual(media.Mid))
                {
                    return media;
                }
            }
        }

        foreach (var media in _media)
        {
            if (media.PayloadType == packet.PayloadType
                || (media.RtxPayloadType != 0 && media.RtxPayloadType == packet.PayloadType)
                || (media.RedPayloadType != 0 && media.RedPayloadType == packet.PayloadType))
            {
                return media;
            }
        }

        return null;
    }

    private ClientReceiveTrack? FindByMid(string mid)
    {
        foreach (var track in _tracks)
        {
            if (track.Media.Mid == mid)
            {
                return track;
            }
        }

        return null;
    }
}
