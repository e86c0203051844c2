using Events.Rtc.Protocol.Codecs;
using Uris = Events.Rtc.Protocol.Wire.RtpExtensionUris;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Which header extensions we agree to.</summary>
internal static class HeaderExtensions
{
    /// <summary>
    /// The ids of our own offers, the same on every m-line as a BUNDLE demands (RFC 8843 §9.2): what a forwarded packet carries, which is the
    /// orientation, AV1's dependency descriptor and what the viewer measures its path by. SSRCs are signalled, so no packet needs to name its mid.
    /// </summary>
    private static readonly Extmap[] AudioOffer = [new(2, Uris.AbsSendTime), new(3, Uris.TransportWideCc)];

    private static readonly Extmap[] VideoOffer = [.. AudioOffer, new(13, Uris.VideoOrientation), new(12, Uris.DependencyDescriptor)];

    public static IReadOnlyList<Extmap> OfferedFor(MediaKind kind) => kind == MediaKind.Video ? VideoOffer : AudioOffer;

    /// <summary>Answers the extensions of an offer and says which id means what.</summary>
    /// <param name="offer">The offered m-line.</param>
    /// <param name="theySend">True when the offerer sends the packets, false when we do.</param>
    /// <param name="answer">Its Extmaps are filled.</param>
    /// <param name="sent">The codec that they will send: the first one that was agreed on. Null: we send.</param>
    public static NegotiatedExtensions Accept(MediaDescription offer, bool theySend, MediaDescription answer, Codec? sent = null)
    {
        var hasTransportCc = offer.Extmaps.Exists(e => e.Uri == Uris.TransportWideCc && e.Direction is null or SdpDirection.SendRecv);
        foreach (var extmap in offer.Extmaps)
        {
            // Four bytes on every packet that nobody would read.
            if (extmap.Uri == Uris.AbsSendTime && hasTransportCc)
            {
                continue;
            }

            // Where it is agreed on, libwebrtc leaves picture ids and temporal layers out of VP8's own descriptor, where we look for them: only AV1 has no other place.
            if (extmap.Uri == Uris.DependencyDescriptor && theySend && sent != Codec.Av1)
            {
                continue;
            }

            var useless = theySend ? SdpDirection.RecvOnly : SdpDirection.SendOnly;
            if (extmap.Direction == SdpDirection.Inactive || extmap.Direction == useless || !IsKnown(extmap.Uri, offer.Kind, theySend)
                || answer.Extmaps.Exists(e => e.Id == extmap.Id || e.Uri == extmap.Uri))
            {
                continue;
            }

            // RFC 8285 §6: ids above 14, and elements that are long now and then, need two-byte headers, which need the offerer's word.
            if ((extmap.Id > 14 || (!theySend && IsLongAtTimes(extmap))) && !offer.ExtmapAllowMixed)
            {
                continue;
            }

            answer.Extmaps.Add(extmap with { Direction = Reverse(extmap.Direction) });
        }

        answer.ExtmapAllowMixed = offer.ExtmapAllowMixed;
        return Read(answer);
    }

    /// <summary>The ids of an agreed m-line.</summary>
    public static NegotiatedExtensions Read(MediaDescription media)
    {
        var extensions = new NegotiatedExtensions { AllowMixed = media.ExtmapAllowMixed };
        foreach (var extmap in media.Extmaps)
        {
            var id = extmap.Id;
            extensions = extmap.Uri switch
            {
                Uris.Mid => extensions with { Mid = id },
                Uris.RtpStreamId => extensions with { Rid = id },
                Uris.RepairedRtpStreamId => extensions with { RepairedRid = id },
                Uris.AudioLevel => extensions with { AudioLevel = id },
                Uris.TransportWideCc => extensions with { TransportCc = id },
                Uris.AbsSendTime => extensions with { AbsSendTime = id },
                Uris.VideoOrientation => extensions with { VideoOrientation = id },
                Uris.PlayoutDelay => extensions with { PlayoutDelay = id },
                Uris.AbsCaptureTime => extensions with { AbsCaptureTime = id },
                Uris.DependencyDescriptor => extensions with { DependencyDescriptor = id },
                _ => extensions,
            };
        }

        return extensions.TransportCc != 0 ? extensions with { AbsSendTime = 0 } : extensions;
    }

    /// <summary>With a keyframe it has the structure of all layers, and more than the 16 bytes of the one-byte form.</summary>
    public static bool IsLongAtTimes(Extmap extmap) => extmap.Uri == Uris.DependencyDescriptor;

    private static bool IsKnown(string uri, MediaKind kind, bool theySend) => uri switch
    {
        Uris.VideoOrientation or Uris.DependencyDescriptor => kind == MediaKind.Video,
        Uris.TransportWideCc or Uris.AbsSendTime => true,
        Uris.Mid or Uris.AbsCaptureTime => theySend,
        Uris.RtpStreamId or Uris.RepairedRtpStreamId => theySend && kind == MediaKind.Video,
        Uris.AudioLevel => theySend && kind == MediaKind.Audio,
        Uris.PlayoutDelay => theySend && kind == MediaKind.Video,
        _ => false,
    };

    private static SdpDirection? Reverse(SdpDirection? direction) => direction switch
    {
        SdpDirection.SendOnly => SdpDirection.RecvOnly,
        SdpDirection.RecvOnly => SdpDirection.SendOnly,
        _ => direction,
    };
}
