using System.Diagnostics.CodeAnalysis;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Answers the offer of a subscriber (WHEP).</summary>
internal static class SubscribeAnswerWriter
{
    public static bool TryAnswer(
        SessionDescription offer,
        LocalTransport local,
        IReadOnlyList<OutgoingTrack> tracks,
        long sessionId,
        int version,
        [NotNullWhen(true)] out SubscribeNegotiation? negotiation,
        [NotNullWhen(false)] out SdpError? error)
    {
        negotiation = null;
        var chosen = AssignTracks(offer, tracks, out var unmatched);
        var answer = AnswerFrame.Start(offer, sessionId, version);
        var subscribed = new List<SubscribedMedia>();
        string? refusal = null;
        for (var index = 0; index < offer.Media.Count; index++)
        {
            var offered = offer.Media[index];
            var media = AnswerFrame.StartMedia(offered);
            var code = AnswerFrame.RefusalOf(offered);
            if (code is null && chosen[index] is { } track)
            {
                subscribed.Add(Send(offered, index, track, media));
                answer.Media.Add(media);
                continue;
            }

            code ??= Idle(offered, media) ? null : SdpErrorCode.NoCommonCodec;
            refusal = code is null or SdpErrorCode.NoMedia ? refusal : refusal ?? code;
            answer.Media.Add(code is null ? media : AnswerFrame.Reject(offered));
        }

        if (answer.Media.TrueForAll(m => m.IsRejected))
        {
            var code = refusal ?? SdpErrorCode.NoMedia;
            error = new(code, AnswerFrame.Describe(code));
            return false;
        }

        if (!AnswerFrame.TryFinish(offer, answer, local, out var remote, out error))
        {
            return false;
        }

        negotiation = new(SdpWriter.Write(answer), remote, subscribed, unmatched);
        return true;
    }

    /// <summary>Writes the stream lines of a track: msid, its SSRC and that of its retransmissions.</summary>
    public static void WriteStream(MediaDescription media, OutgoingTrack track, bool withRtx)
    {
        var msid = new MediaStreamId(track.StreamId, track.TrackId);
        media.Msid = msid;
        media.Ssrcs.Add(new(track.Ssrc, track.Cname, msid));
        if (withRtx && track.RtxSsrc is { } rtx)
        {
            media.Ssrcs.Add(new(rtx, track.Cname, msid));
            media.SsrcGroups.Add(new("FID", [track.Ssrc, rtx]));
        }
    }

    private static OutgoingTrack?[] AssignTracks(SessionDescription offer, IReadOnlyList<OutgoingTrack> tracks, out List<UnmatchedTrack> unmatched)
    {
        var chosen = new OutgoingTrack?[offer.Media.Count];
        unmatched = [];
        foreach (var track in tracks)
        {
            var sawFree = false;
            var place = -1;
            for (var i = 0; i < chosen.Length && place < 0; i++)
            {
                var offered = offer.Media[i];
                // RFC 3264 §6.1: only a receiving m-line may be answered sendonly.
                if (chosen[i] is not null || offered.Kind != track.Kind || AnswerFrame.RefusalOf(offered) is not null
                    || offered.Direction is SdpDirection.SendOnly or SdpDirection.Inactive)
                {
                    continue;
                }

                sawFree = true;
                place = BestCodec(offered, track) is null ? -1 : i;
            }

            if (place >= 0)
            {
                chosen[place] = track;
            }
            else
            {
                unmatched.Add(new(track, sawFree ? SdpErrorCode.NoCommonCodec : SdpErrorCode.NoMedia));
            }
        }

        return chosen;
    }

    private static RtpCodec? BestCodec(MediaDescription offered, OutgoingTrack track)
    {
        var parameters = FormatParameters.Parse(track.Fmtp);
        return offered.Codecs
            .Where(codec => CodecMatch.Distance(codec, track.Codec, parameters) >= 0)
            .MinBy(codec => CodecMatch.Distance(codec, track.Codec, parameters));
    }

    private static SubscribedMedia Send(MediaDescription offered, int index, OutgoingTrack track, MediaDescription media)
    {
        media.Direction = SdpDirection.SendOnly;
        // The receiver's own parameters are echoed: it stays with the payload type and profile it named.
        var best = BestCodec(offered, track)!;
        var codec = CodecAnswer.Add(offered, best, best.Fmtp, CodecAnswer.TakesRed(best), media);
        var extensions = HeaderExtensions.Accept(offered, theySend: false, media);
        if (extensions.TransportCc == 0)
        {
            // Without a transport-wide number there is nothing to feed back on; REMB remains.
            media.Codecs.ForEach(c => c.Feedback.Remove(RtcpFeedback.TransportCc));
            codec = codec with { TransportCc = false };
        }

        if (track.RtxSsrc is null)
        {
            media.Codecs.RemoveAll(c => c.IsRtx);
            codec = codec with { RtxPayloadType = null };
        }

        WriteStream(media, track, codec.RtxPayloadType is not null);
        return new() { Mid = offered.Mid, Index = index, Kind = offered.Kind, Track = track, Codec = codec, Extensions = extensions };
    }

    /// <summary>An inactive answer still names codecs, so that the m-line can come alive later.</summary>
    private static bool Idle(MediaDescription offered, MediaDescription media)
    {
        media.Direction = SdpDirection.Inactive;
        foreach (var codec in offered.Codecs.Where(CodecMatch.IsForwardable))
        {
            CodecAnswer.Add(offered, codec, codec.Fmtp, withRed: false, media);
        }

        HeaderExtensions.Accept(offered, theySend: false, media);
        return media.Codecs.Count > 0;
    }
}
