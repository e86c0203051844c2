using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>The offers that we make to subscribers, and their answers.</summary>
internal static class SubscribeOffer
{
    public static IReadOnlyList<SubscribeSlot> Arrange(IReadOnlyList<SubscribeSlot> slots, IReadOnlyList<OutgoingTrack> tracks)
    {
        var wanted = new Dictionary<string, OutgoingTrack>(StringComparer.Ordinal);
        foreach (var track in tracks)
        {
            wanted[track.TrackId] = track;
        }

        var arranged = slots.Select(s => s with { Track = null }).ToList();
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i].Track is { } held && wanted.TryGetValue(held.TrackId, out var track) && track.Kind == slots[i].Kind)
            {
                arranged[i] = slots[i] with { Track = track };
                wanted.Remove(held.TrackId);
            }
        }

        foreach (var track in tracks.Where(t => wanted.Remove(t.TrackId)))
        {
            var free = arranged.FindIndex(s => s.Track is null && s.Kind == track.Kind);
            if (free >= 0)
            {
                arranged[free] = arranged[free] with { Track = track };
            }
            else if (arranged.Count < SdpLimits.MaxMedia)
            {
                arranged.Add(new(arranged.Count.ToString(CultureInfo.InvariantCulture), track.Kind, track));
            }
        }

        return arranged;
    }

    public static string Write(LocalTransport local, IReadOnlyList<SubscribeSlot> slots, long sessionId, int version)
    {
        var offer = new SessionDescription
        {
            SessionId = sessionId.ToString(CultureInfo.InvariantCulture),
            SessionVersion = version,
            IceLite = true,
            ExtmapAllowMixed = true,
        };
        offer.Groups.Add(new("BUNDLE", [.. slots.Select(s => s.Mid)]));
        foreach (var slot in slots)
        {
            var media = new MediaDescription
            {
                Kind = slot.Kind,
                KindName = slot.Kind == MediaKind.Audio ? "audio" : "video",
                Mid = slot.Mid,
                Direction = slot.Track is null ? SdpDirection.Inactive : SdpDirection.SendOnly,
                RtcpRsize = true,
                ExtmapAllowMixed = true,
            };
            WriteCodec(media, slot);
            media.Extmaps.AddRange(HeaderExtensions.OfferedFor(slot.Kind));
            // RFC 8842 §5.2: an offer leaves the role open, also when the association is up already.
            TransportNegotiation.Write(media, local, SdpSetup.ActPass, withCandidates: offer.Media.Count == 0);
            offer.Media.Add(media);
        }

        return SdpWriter.Write(offer);
    }

    public static bool TryReadAnswer(
        SessionDescription answer,
        IReadOnlyList<SubscribeSlot> slots,
        [NotNullWhen(true)] out SubscribeAnswer? result,
        [NotNullWhen(false)] out SdpError? error)
    {
        result = null;
        if (!IsAnswerTo(answer, slots))
        {
            error = new(SdpErrorCode.NotAnAnswer, "The answer must repeat every m-line of the latest offer: same order, same kind, same mid.");
            return false;
        }

        var used = answer.Media.Where(m => !m.IsRejected).ToList();
        if (used.Count == 0)
        {
            error = new(SdpErrorCode.NoMedia, AnswerFrame.Describe(SdpErrorCode.NoMedia));
            return false;
        }

        if (!TransportNegotiation.TryCheckBundle(answer, used, out error)
            || !TransportNegotiation.TryReadRemote(answer, used, SdpSetup.ActPass, isAnswer: true, out var remote, out error))
        {
            return false;
        }

        var subscribed = new List<SubscribedMedia>();
        var unmatched = new List<UnmatchedTrack>();
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i].Track is not { } track)
            {
                continue;
            }

            var media = answer.Media[i];
            if (media.IsRejected || media.Direction is SdpDirection.SendOnly or SdpDirection.Inactive)
            {
                unmatched.Add(new(track, SdpErrorCode.NoMedia));
            }
            else if (TryReadCodec(media, track, out var codec))
            {
                subscribed.Add(new()
                {
                    Mid = slots[i].Mid,
                    Index = i,
                    Kind = slots[i].Kind,
                    Track = track,
                    Codec = codec,
                    Extensions = ReadExtensions(media),
                });
            }
            else
            {
                unmatched.Add(new(track, SdpErrorCode.NoCommonCodec));
            }
        }

        result = new(remote, subscribed, unmatched);
        return true;
    }

    private static void WriteCodec(MediaDescription media, SubscribeSlot slot)
    {
        var idle = slot.Kind == MediaKind.Audio ? Codec.Opus : Codec.Vp8;
        if (slot.Track is null || !OfferedPayloadTypes.TryCreate(slot.Track.Codec, slot.Track.Fmtp, out var codec, out var rtx))
        {
            media.Direction = SdpDirection.Inactive;
            OfferedPayloadTypes.TryCreate(idle, "", out codec, out rtx);
        }

        // Also for a track that comes without: its successor on this m-line may come with it.
        if (OfferedPayloadTypes.Red(codec) is { } red)
        {
            media.Codecs.Add(red);
        }

        media.Codecs.Add(codec);
        var withRtx = rtx is not null && (slot.Track is null || slot.Track.RtxSsrc is not null);
        if (withRtx)
        {
            media.Codecs.Add(rtx!);
        }

        if (media.Direction == SdpDirection.SendOnly)
        {
            SubscribeAnswerWriter.WriteStream(media, slot.Track!, withRtx);
        }
    }

    private static bool IsAnswerTo(SessionDescription answer, IReadOnlyList<SubscribeSlot> slots)
    {
        if (answer.Media.Count != slots.Count)
        {
            return false;
        }

        for (var i = 0; i < slots.Count; i++)
        {
            var media = answer.Media[i];
            // A rejected m-line may leave its mid out.
            if (media.Kind != slots[i].Kind || (media.Mid != slots[i].Mid && !(media.IsRejected && media.Mid is null)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadCodec(MediaDescription media, OutgoingTrack track, [NotNullWhen(true)] out NegotiatedCodec? codec)
    {
        codec = null;
        if (!OfferedPayloadTypes.TryCreate(track.Codec, track.Fmtp, out var offered, out var offeredRtx))
        {
            return false;
        }

        // RFC 3264 §6.1 lets an answer renumber what it receives; JSEP answerers keep the number. Either way the name decides.
        var accepted = media.Codecs.Find(c => c.PayloadType == offered.PayloadType && c.Codec == track.Codec)
            ?? media.Codecs.Find(c => CodecMatch.Distance(c, track.Codec, offered.Parameters) >= 0);
        if (accepted is null)
        {
            return false;
        }

        var rtx = offeredRtx is null || track.RtxSsrc is null
            ? null
            : media.Codecs.Find(c => c.IsRtx && c.Parameters.GetInt("apt", -1) == accepted.PayloadType);
        // Only feedback that we offered counts.
        accepted.Feedback.RemoveAll(f => !offered.HasFeedback(f));
        var red = OfferedPayloadTypes.Red(offered) is null ? null : CodecAnswer.FindRed(media, accepted);
        codec = CodecAnswer.Describe(accepted, offered.Fmtp, rtx?.PayloadType, red?.PayloadType);
        return true;
    }

    /// <summary>An answer may drop extensions, not invent or renumber them (RFC 8285 §6).</summary>
    private static NegotiatedExtensions ReadExtensions(MediaDescription media)
    {
        var agreed = new MediaDescription { ExtmapAllowMixed = media.ExtmapAllowMixed };
        agreed.Extmaps.AddRange(HeaderExtensions.OfferedFor(media.Kind).Where(o =>
            (media.ExtmapAllowMixed || !HeaderExtensions.IsLongAtTimes(o))
            && media.Extmaps.Exists(e => e.Id == o.Id && e.Uri == o.Uri && e.Direction is not (SdpDirection.SendOnly or SdpDirection.Inactive))));
        return HeaderExtensions.Read(agreed);
    }
}
