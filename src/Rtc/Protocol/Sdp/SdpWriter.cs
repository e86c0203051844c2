using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Writes session descriptions (RFC 8866), one attribute order for all, lines ended by CRLF.</summary>
public static class SdpWriter
{
    /// <summary>Most descriptions have less than half of this; a longer one's text is not kept.</summary>
    private const int KeptCapacity = 8_192;

    /// <summary>Every join writes one.</summary>
    [ThreadStatic]
    private static StringBuilder? _text;

    public static string Write(SessionDescription session)
    {
        var text = _text ?? new(KeptCapacity);
        _text = null;
        Write(text, session);
        var written = text.ToString();
        if (text.Capacity == KeptCapacity)
        {
            _text = text.Clear();
        }

        return written;
    }

    private static void Write(StringBuilder text, SessionDescription session)
    {
        text.Append("v=0\r\n");
        Line(text, $"o=- {session.SessionId} {session.SessionVersion} IN IP4 127.0.0.1");
        text.Append("s=-\r\nt=0 0\r\n");
        if (session.IceLite)
        {
            text.Append("a=ice-lite\r\n");
        }

        foreach (var group in session.Groups)
        {
            text.Append("a=group:").Append(group.Semantics);
            foreach (var mid in group.Mids)
            {
                text.Append(' ').Append(mid);
            }

            text.Append("\r\n");
        }

        if (session.ExtmapAllowMixed)
        {
            text.Append("a=extmap-allow-mixed\r\n");
        }

        // Readers older than RFC 8830 take msid lines seriously only below this one.
        text.Append("a=msid-semantic: WMS *\r\n");
        foreach (var media in session.Media)
        {
            WriteMedia(text, media);
        }
    }

    private static void WriteMedia(StringBuilder text, MediaDescription media)
    {
        text.Append(CultureInfo.InvariantCulture, $"m={media.KindName} {media.Port} {media.Protocol}");
        foreach (var codec in media.Codecs)
        {
            text.Append(CultureInfo.InvariantCulture, $" {codec.PayloadType}");
        }

        foreach (var format in media.Formats)
        {
            text.Append(' ').Append(format);
        }

        // JSEP (RFC 8829 §5.2.1): the address is in the candidates, here stands the meaningless one.
        text.Append("\r\nc=IN IP4 0.0.0.0\r\n");
        WriteTransport(text, media);
        if (media.Mid is not null)
        {
            Line(text, $"a=mid:{media.Mid}");
        }

        foreach (var extmap in media.Extmaps)
        {
            var direction = extmap.Direction is { } written ? "/" + NameOf(written) : "";
            Line(text, $"a=extmap:{extmap.Id}{direction} {extmap.Uri}");
        }

        if (media.ExtmapAllowMixed)
        {
            text.Append("a=extmap-allow-mixed\r\n");
        }

        if (media.SctpPort is null)
        {
            Line(text, $"a={NameOf(media.Direction)}"); // RFC 8841 §9.2: of no meaning to data channels.
        }

        if (media.Msid is { } msid)
        {
            Line(text, $"a=msid:{NameOf(msid)}");
        }

        Flag(text, media.BundleOnly, "bundle-only");
        Flag(text, media.RtcpMux, "rtcp-mux");
        Flag(text, media.RtcpRsize, "rtcp-rsize");
        foreach (var codec in media.Codecs)
        {
            WriteCodec(text, codec);
        }

        if (media.SctpPort is { } sctpPort)
        {
            Line(text, $"a=sctp-port:{sctpPort}");
        }

        if (media.MaxMessageSize is { } maxMessageSize)
        {
            Line(text, $"a=max-message-size:{maxMessageSize}");
        }

        WriteStreams(text, media);
    }

    private static void WriteTransport(StringBuilder text, MediaDescription media)
    {
        foreach (var candidate in media.Candidates)
        {
            Line(text, $"a={candidate}");
        }

        Flag(text, media.EndOfCandidates, "end-of-candidates");
        if (media.IceUfrag is not null)
        {
            Line(text, $"a=ice-ufrag:{media.IceUfrag}");
        }

        if (media.IcePwd is not null)
        {
            Line(text, $"a=ice-pwd:{media.IcePwd}");
        }

        if (media.IceOptions is not null)
        {
            Line(text, $"a=ice-options:{media.IceOptions}");
        }

        foreach (var fingerprint in media.Fingerprints)
        {
            Line(text, $"a=fingerprint:{fingerprint}");
        }

        if (media.Setup != SdpSetup.None)
        {
            Line(text, $"a=setup:{NameOf(media.Setup)}");
        }
    }

    private static void WriteCodec(StringBuilder text, RtpCodec codec)
    {
        if (codec.Name.Length > 0)
        {
            var channels = codec.Channels > 1 ? string.Create(CultureInfo.InvariantCulture, $"/{codec.Channels}") : "";
            Line(text, $"a=rtpmap:{codec.PayloadType} {codec.Name}/{codec.ClockRate}{channels}");
        }

        foreach (var feedback in codec.Feedback)
        {
            Line(text, $"a=rtcp-fb:{codec.PayloadType} {feedback}");
        }

        if (!string.IsNullOrEmpty(codec.Fmtp))
        {
            Line(text, $"a=fmtp:{codec.PayloadType} {codec.Fmtp}");
        }
    }

    private static void WriteStreams(StringBuilder text, MediaDescription media)
    {
        foreach (var rid in media.Rids)
        {
            Line(text, $"a=rid:{rid.Id} {(rid.IsSend ? "send" : "recv")}{(rid.Restrictions is null ? "" : " " + rid.Restrictions)}");
        }

        if (media.Simulcast is { } simulcast && simulcast.Send.Count + simulcast.Receive.Count > 0)
        {
            text.Append("a=simulcast:");
            AppendStreams(text, "send ", simulcast.Send);
            AppendStreams(text, simulcast.Send.Count > 0 ? " recv " : "recv ", simulcast.Receive);
            text.Append("\r\n");
        }

        foreach (var group in media.SsrcGroups)
        {
            text.Append("a=ssrc-group:").Append(group.Semantics);
            foreach (var ssrc in group.Ssrcs)
            {
                text.Append(CultureInfo.InvariantCulture, $" {ssrc}");
            }

            text.Append("\r\n");
        }

        foreach (var source in media.Ssrcs)
        {
            if (source.Cname is not null)
            {
                Line(text, $"a=ssrc:{source.Ssrc} cname:{source.Cname}");
            }

            if (source.Msid is { } msid)
            {
                Line(text, $"a=ssrc:{source.Ssrc} msid:{NameOf(msid)}");
            }
        }
    }

    private static void AppendStreams(StringBuilder text, string direction, IReadOnlyList<SimulcastStream> streams)
    {
        if (streams.Count > 0)
        {
            text.Append(direction).AppendJoin(';', streams.Select(s => string.Join(',', s.Alternatives.Select(r => r.IsPaused ? "~" + r.Id : r.Id))));
        }
    }

    // What is written are words and numbers without a sign, which all cultures write alike.
    private static void Line(StringBuilder text, [InterpolatedStringHandlerArgument(nameof(text))] ref StringBuilder.AppendInterpolatedStringHandler line) =>
        text.Append("\r\n");

    private static void Flag(StringBuilder text, bool isSet, string name)
    {
        if (isSet)
        {
            text.Append("a=").Append(name).Append("\r\n");
        }
    }

    private static string NameOf(MediaStreamId msid) => msid.TrackId is null ? msid.StreamId : msid.StreamId + " " + msid.TrackId;

    private static string NameOf(SdpDirection direction) => direction switch
    {
        SdpDirection.SendOnly => "sendonly",
        SdpDirection.RecvOnly => "recvonly",
        SdpDirection.Inactive => "inactive",
        _ => "sendrecv",
    };

    private static string NameOf(SdpSetup setup) => setup switch
    {
        SdpSetup.Active => "active",
        SdpSetup.Passive => "passive",
        SdpSetup.HoldConn => "holdconn",
        _ => "actpass",
    };
}
