using System.Diagnostics.CodeAnalysis;
using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Answers an m-line that the other side sends on.</summary>
internal static class PublishAnswer
{
    /// <summary>Of WebRTC's SCTP (RFC 8841 §5.2 names none for an absent line; every stack uses this).</summary>
    public const int DefaultSctpPort = 5_000;

    public static bool TryAnswer(
        SessionDescription offer,
        LocalTransport local,
        CodecPolicy policy,
        long sessionId,
        int version,
        [NotNullWhen(true)] out PublishNegotiation? negotiation,
        [NotNullWhen(false)] out SdpError? error)
    {
        negotiation = null;
        var answer = AnswerFrame.Start(offer, sessionId, version);
        var published = new List<PublishedMedia>();
        var rejected = new List<RejectedMedia>();
        int? remoteSctpPort = null;
        for (var index = 0; index < offer.Media.Count; index++)
        {
            var offered = offer.Media[index];
            if (offered is { IsDataChannel: true, IsRejected: false } && local.SctpPort is { } port && remoteSctpPort is null)
            {
                var channels = AnswerFrame.StartMedia(offered);
                channels.Formats.AddRange(offered.Formats);
                channels.SctpPort = port;
                channels.MaxMessageSize = local.MaxMessageSize;
                answer.Media.Add(channels);
                remoteSctpPort = offered.SctpPort ?? DefaultSctpPort;
                continue;
            }

            var code = AnswerFrame.RefusalOf(offered);
            var media = AnswerFrame.StartMedia(offered);
            var codecs = code is null ? AcceptCodecs(offered, policy, media) : [];
            code ??= codecs.Count == 0 ? SdpErrorCode.NoCommonCodec : null;
            if (code is not null)
            {
                answer.Media.Add(AnswerFrame.Reject(offered));
                if (!offered.IsRejected)
                {
                    rejected.Add(new(offered.Mid, offered.Kind, code));
                }

                continue;
            }

            // RFC 3264 §6.1: sendonly and sendrecv may be answered recvonly, everything inactive.
            media.Direction = offered.Direction is SdpDirection.SendOnly or SdpDirection.SendRecv ? SdpDirection.RecvOnly : SdpDirection.Inactive;
            var extensions = HeaderExtensions.Accept(offered, theySend: true, media, codecs[0].Codec);
            var rids = media.Direction == SdpDirection.RecvOnly ? AcceptSimulcast(offered, extensions, policy, media) : [];
            var ssrcs = ReadSsrcs(offered);
            // RFC 8853 is silent on it; browsers before rids named their layers so, low to high.
            var simulcast = offered.SsrcGroups.Find(g => g.Semantics == "SIM")?.Ssrcs.Distinct().Count() ?? 0;
            var msid = offered.Msid ?? offered.Ssrcs.Find(s => s.Msid is not null)?.Msid;
            published.Add(new()
            {
                Mid = offered.Mid,
                Index = index,
                Kind = offered.Kind,
                Codecs = codecs,
                Extensions = extensions,
                Ssrcs = ssrcs,
                SimulcastSsrcs = rids.Count == 0 && offered.Kind == MediaKind.Video && simulcast > 1 ? Math.Min(simulcast, policy.MaxSimulcastLayers) : 0,
                Rids = rids,
                StreamId = msid?.StreamId is "-" ? null : msid?.StreamId,
                TrackId = msid?.TrackId,
                Direction = media.Direction,
            });
            answer.Media.Add(media);
        }

        if (published.Count == 0 && remoteSctpPort is null)
        {
            error = rejected.Find(r => r.Code != SdpErrorCode.NoMedia) is { } first
                ? new(first.Code, AnswerFrame.Describe(first.Code))
                : new(SdpErrorCode.NoMedia, AnswerFrame.Describe(SdpErrorCode.NoMedia));
            return false;
        }

        if (HasDuplicateSsrc(published, out var ssrc))
        {
            error = new(SdpErrorCode.DuplicateSsrc, $"SSRC {ssrc} is announced by two m-lines; each stream needs its own.");
            return false;
        }

        if (!AnswerFrame.TryFinish(offer, answer, local, out var remote, out error))
        {
            return false;
        }

        negotiation = new(SdpWriter.Write(answer), remote, published, rejected) { RemoteSctpPort = remoteSctpPort };
        return true;
    }

    private static List<NegotiatedCodec> AcceptCodecs(MediaDescription offered, CodecPolicy policy, MediaDescription answer)
    {
        var wanted = offered.Kind == MediaKind.Audio ? policy.Audio : policy.Video;
        var candidates = offered.Codecs.Where(c => wanted.Contains(c.Codec) && CodecMatch.IsForwardable(c)).ToList();
        // RFC 6184 §8.1: mode 1 fragments. Mode 0 is taken only from those that offer nothing else.
        if (candidates.Exists(IsFragmentingH264))
        {
            candidates.RemoveAll(c => c.Codec == Codec.H264 && !IsFragmentingH264(c));
        }

        if (!policy.KeepOfferOrder)
        {
            candidates = [.. candidates.OrderBy(c => IndexOf(wanted, c.Codec))];
        }

        var takesRed = policy.AudioRed && !policy.EncryptedMids.Contains(offered.Mid ?? "");
        return candidates.ConvertAll(c => CodecAnswer.Add(offered, c, AnswerFmtp(c, policy), takesRed && CodecAnswer.TakesRed(c), answer));
    }

    private static bool IsFragmentingH264(RtpCodec codec) =>
        codec.Codec == Codec.H264 && codec.Parameters.GetInt("packetization-mode", 0) == 1;

    /// <summary>RFC 7587 §7.1: Opus parameters say what their writer wants to receive; the others are echoed (RFC 6184 §8.2.2).</summary>
    private static string? AnswerFmtp(RtpCodec codec, CodecPolicy policy)
    {
        if (codec.Codec != Codec.Opus)
        {
            return codec.Fmtp;
        }

        return "minptime=10;useinbandfec=1" + (CodecAnswer.IsStereo(codec.Parameters) ? ";stereo=1" : policy.OpusDtx ? ";usedtx=1" : "");
    }

    private static List<string> AcceptSimulcast(
        MediaDescription offered, NegotiatedExtensions extensions, CodecPolicy policy, MediaDescription answer)
    {
        // Layers are told apart by the rid header extension alone (RFC 8853 §5.5).
        if (offered.Kind != MediaKind.Video || offered.Simulcast is not { Send.Count: > 0 } simulcast || extensions.Rid == 0)
        {
            return [];
        }

        var rids = new List<string>();
        foreach (var stream in simulcast.Send)
        {
            // RFC 8853 §5.3.2: of alternatives we take the first, and only rids that an a=rid line describes.
            var rid = stream.Alternatives.FirstOrDefault(a => offered.Rids.Exists(r => r.IsSend && r.Id == a.Id)).Id;
            if (rid is not null && !rids.Contains(rid) && rids.Count < policy.MaxSimulcastLayers)
            {
                rids.Add(rid);
            }
        }

        if (rids.Count > 0)
        {
            answer.Rids.AddRange(rids.Select(r => new RidDescription(r, IsSend: false)));
            answer.Simulcast = new([], rids.ConvertAll(r => new SimulcastStream([new(r)])));
        }

        return rids;
    }

    private static List<PublishedSsrc> ReadSsrcs(MediaDescription offered)
    {
        // The second of a FID or FEC-FR pair repeats or repairs the first (RFC 5576 §4.2, RFC 5956 §4.3).
        var secondary = offered.SsrcGroups.Where(g => g.Semantics is "FID" or "FEC-FR").SelectMany(g => g.Ssrcs.Skip(1)).ToHashSet();
        var ordered = offered.SsrcGroups.Find(g => g.Semantics == "SIM")?.Ssrcs ?? [];
        var all = ordered.Concat(offered.Ssrcs.Select(s => s.Ssrc)).Distinct().Where(s => !secondary.Contains(s));
        return [.. all.Select(ssrc => new PublishedSsrc(
            ssrc,
            offered.SsrcGroups.Find(g => g.Semantics == "FID" && g.Ssrcs.Count == 2 && g.Ssrcs[0] == ssrc)?.Ssrcs[1],
            offered.Ssrcs.Find(s => s.Ssrc == ssrc)?.Cname))];
    }

    private static bool HasDuplicateSsrc(List<PublishedMedia> published, out uint duplicate)
    {
        var seen = new HashSet<uint>();
        foreach (var source in published.Where(m => m.Direction == SdpDirection.RecvOnly).SelectMany(m => m.Ssrcs))
        {
            duplicate = !seen.Add(source.Ssrc) ? source.Ssrc : source.RtxSsrc is { } rtx && !seen.Add(rtx) ? rtx : 0;
            if (duplicate != 0)
            {
                return true;
            }
        }

        duplicate = 0;
        return false;
    }

    private static int IndexOf(IReadOnlyList<Codec> codecs, Codec codec)
    {
        for (var i = 0; i < codecs.Count; i++)
        {
            if (codecs[i] == codec)
            {
                return i;
            }
        }

        return codecs.Count;
    }
}
