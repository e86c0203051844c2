using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>What every answer of ours has around its codecs: session lines, rejected m-lines, the BUNDLE group, the transport.</summary>
internal static class AnswerFrame
{
    public static SessionDescription Start(SessionDescription offer, long sessionId, int version) => new()
    {
        SessionId = sessionId.ToString(CultureInfo.InvariantCulture),
        SessionVersion = version,
        IceLite = true,
        ExtmapAllowMixed = offer.ExtmapAllowMixed,
    };

    public static MediaDescription StartMedia(MediaDescription offered) => new()
    {
        Kind = offered.Kind,
        KindName = offered.KindName,
        Protocol = offered.Protocol,
        Mid = offered.Mid,
        // RFC 5506 §5: reduced-size RTCP is used when both sides say so.
        RtcpRsize = offered.RtcpRsize,
    };

    /// <summary>RFC 3264 §6: a refused m-line keeps its place, with port 0 and at least one format.</summary>
    public static MediaDescription Reject(MediaDescription offered)
    {
        var media = new MediaDescription
        {
            Kind = offered.Kind,
            KindName = offered.KindName,
            Protocol = offered.Protocol,
            Mid = offered.Mid,
            Port = 0,
            Direction = SdpDirection.Inactive,
        };
        media.Formats.AddRange(offered.Formats);
        if (offered.Codecs.Count > 0)
        {
            var first = offered.Codecs[0];
            media.Codecs.Add(new(first.PayloadType, first.Name, first.ClockRate, first.Channels));
        }

        return media;
    }

    /// <summary>Why an offered m-line cannot be used whatever its codecs; null when it can.</summary>
    public static string? RefusalOf(MediaDescription offered)
    {
        if (offered.IsRejected || offered.Kind is MediaKind.Application or MediaKind.Other)
        {
            return SdpErrorCode.NoMedia;
        }

        return offered.IsSecureRtp ? null : SdpErrorCode.NotSecure;
    }

    /// <summary>Adds group and transport to a complete list of answered m-lines.</summary>
    public static bool TryFinish(
        SessionDescription offer,
        SessionDescription answer,
        LocalTransport local,
        [NotNullWhen(true)] out RemoteTransport? remote,
        [NotNullWhen(false)] out SdpError? error)
    {
        remote = null;
        var used = new List<MediaDescription>();
        for (var i = 0; i < answer.Media.Count; i++)
        {
            if (!answer.Media[i].IsRejected)
            {
                used.Add(offer.Media[i]);
            }
        }

        if (!TransportNegotiation.TryCheckBundle(offer, used, out error)
            || !TransportNegotiation.TryReadRemote(offer, used, local.Setup, isAnswer: false, out remote, out error))
        {
            return false;
        }

        if (offer.Bundle is { } bundle)
        {
            // RFC 8843 §7.3: the offer's order without what is rejected; the first one left is the tagged m-line.
            var kept = answer.Media.Where(m => !m.IsRejected).Select(m => m.Mid).ToHashSet(StringComparer.Ordinal);
            answer.Groups.Add(new("BUNDLE", [.. bundle.Mids.Where(m => kept.Contains(m)).Distinct()]));
        }

        var tagged = answer.Bundle?.Mids.FirstOrDefault();
        var withCandidates = answer.Media.Find(m => !m.IsRejected && m.Mid == tagged) ?? answer.Media.Find(m => !m.IsRejected);
        foreach (var media in answer.Media.Where(m => !m.IsRejected))
        {
            TransportNegotiation.Write(media, local, TransportNegotiation.SetupOf(remote.DtlsRole), ReferenceEquals(media, withCandidates));
        }

        return true;
    }

    public static string Describe(string code) => code switch
    {
        SdpErrorCode.NoCommonCodec => "No offered codec can be used; offer Opus for audio and VP8, H264, VP9 or AV1 for video.",
        SdpErrorCode.NotSecure => "Media must be offered as UDP/TLS/RTP/SAVPF; plain RTP and SDES keys are not taken.",
        _ => "The description has no audio or video m-line in use; offer at least one.",
    };
}
