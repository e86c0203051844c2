using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>One stream that a publisher sends.</summary>
/// <param name="Track">Of which track.</param>
/// <param name="Encoding">Of which of its encodings.</param>
/// <param name="IsRetransmission">It repeats what was lost of that (RFC 4588).</param>
internal sealed record PublisherSource(PublishedTrack Track, PublishedEncoding Encoding, bool IsRetransmission)
{
    /// <summary>RFC 4588 §4: the original sequence number leads the payload. The header moves up over it.</summary>
    public bool TryUnwrap(Span<byte> packet, in RtpReader reader, out Span<byte> original)
    {
        original = default;
        if (reader.Payload.Length < 2 || !Encoding.IsLive)
        {
            return false; // Padding only: a bandwidth probe.
        }

        byte? payloadType = null;
        var codecs = Track.Media.Codecs;
        for (var i = 0; i < codecs.Count; i++)
        {
            // By index: an enumerator of the interface would be allocated for each packet that came again.
            if (codecs[i].RtxPayloadType == reader.PayloadType)
            {
                payloadType = (byte)codecs[i].PayloadType;
            }
        }

        if (payloadType is null)
        {
            return false;
        }

        var headerLength = reader.HeaderLength;
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[headerLength..]);
        packet[..headerLength].CopyTo(packet[2..]);
        original = packet[2..];
        RtpHeader.WriteSequenceNumber(original, sequence);
        RtpHeader.WriteSsrc(original, Encoding.Ssrc);
        RtpHeader.WritePayloadType(original, payloadType.Value);
        return true;
    }
}

/// <summary>Which SSRC of a publisher is which stream of its tracks.</summary>
internal sealed class PublisherSources
{
    /// <summary>More SSRCs than this are not remembered; their packets are dropped.</summary>
    private const int MaxSources = Peer.MaxStreams;

    private readonly Dictionary<uint, PublisherSource> _bySsrc = [];
    private uint _lastSsrc;
    private PublisherSource? _last;

    /// <summary>All m-lines, as negotiated.</summary>
    public PublishedMedia[] Lines { get; set; } = [];

    public List<PublishedTrack> Tracks { get; } = [];

    public void Register(PublishedMedia line, PublishedTrack track)
    {
        _last = null;
        // With rids the SSRCs are not announced (RFC 8853 §5.5), and if they are, only the rid says which layer each is.
        for (var i = 0; i < line.Ssrcs.Count && line.Rids.Count <= 1; i++)
        {
            var ssrc = line.Ssrcs[i];
            var encoding = track.Encodings[Math.Min(i, track.Encodings.Length - 1)];
            if (i >= track.Encodings.Length && track.Encodings.Length > 1)
            {
                break; // Layers past those that we take.
            }

            Register(ssrc.Ssrc, new(track, encoding, false));
            if (ssrc.RtxSsrc is { } rtx)
            {
                Register(rtx, new(track, encoding, true));
            }
        }
    }

    public void Forget(List<PublishedTrack> tracks)
    {
        Tracks.RemoveAll(tracks.Contains);
        foreach (var ssrc in _bySsrc.Where(s => tracks.Contains(s.Value.Track)).Select(s => s.Key).ToList())
        {
            _bySsrc.Remove(ssrc);
        }

        _last = null;
    }

    /// <summary>Another endpoint sends from now on; the tracks stay.</summary>
    public void Clear()
    {
        _bySsrc.Clear();
        _last = null;
    }

    public bool TryFind(uint ssrc, [NotNullWhen(true)] out PublisherSource? source) => _bySsrc.TryGetValue(ssrc, out source);

    /// <summary>By SSRC; else by mid (RFC 9143 §9.2); else by a payload type that only one m-line has.</summary>
    public PublisherSource? Find(in RtpReader packet)
    {
        if (_last is not null && packet.Ssrc == _lastSsrc)
        {
            return _last;
        }

        if (!_bySsrc.TryGetValue(packet.Ssrc, out var source))
        {
            source = Resolve(packet);
            if (source is null || !Register(packet.Ssrc, source))
            {
                return null;
            }
        }

        _lastSsrc = packet.Ssrc;
        _last = source;
        return source;
    }

    private bool Register(uint ssrc, PublisherSource source)
    {
        if (_bySsrc.Count >= MaxSources && !_bySsrc.ContainsKey(ssrc))
        {
            return false;
        }

        _bySsrc[ssrc] = source;
        return true;
    }

    private PublisherSource? Resolve(in RtpReader packet)
    {
        PublishedMedia? found = null;
        var retransmission = false;
        foreach (var line in Lines)
        {
            if (line.Extensions.Mid != 0
                && line.Mid is not null
                && packet.TryGetExtension(line.Extensions.Mid, out var mid)
                && !System.Text.Ascii.Equals(mid, line.Mid))
            {
                continue;
            }

            foreach (var codec in line.Codecs)
            {
                if (codec.PayloadType != packet.PayloadType && codec.RtxPayloadType != packet.PayloadType && codec.RedPayloadType != packet.PayloadType)
                {
                    continue;
                }

                if (found is not null && found != line)
                {
                    return null; // Two m-lines could have sent it, and nothing says which.
                }

                found = line;
                retransmission = codec.RtxPayloadType == packet.PayloadType;
            }
        }

        if (found is null)
        {
            return null;
        }

        var track = Tracks.Find(t => t.IsOf(found));
        return track is not null && TryFindEncoding(packet, found, track, retransmission, out var encoding) ? new PublisherSource(track, encoding, retransmission) : null;
    }

    /// <summary>
    /// Which simulcast encoding a stream is: its rid says, in the first packets at least (RFC 8852 §3.1, §3.2); once known, the SSRC stands for
    /// it. A stream of a simulcast m-line that names none is not taken for any.
    /// </summary>
    private static bool TryFindEncoding(
        in RtpReader packet, PublishedMedia line, PublishedTrack track, bool retransmission, [NotNullWhen(true)] out PublishedEncoding? encoding)
    {
        encoding = track.Encodings[0];
        if (track.Encodings.Length == 1)
        {
            return true;
        }

        var id = retransmission ? line.Extensions.RepairedRid : line.Extensions.Rid;
        if (id == 0 || !packet.TryGetExtension(id, out var rid))
        {
            return false;
        }

        foreach (var candidate in track.Encodings)
        {
            if (candidate.Rid is { } name && System.Text.Ascii.Equals(rid, name))
            {
                encoding = candidate;
                return true;
            }
        }

        return false;
    }
}
