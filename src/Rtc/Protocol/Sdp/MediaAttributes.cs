using System.Globalization;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Reads a= lines below an m-line.</summary>
internal static class MediaAttributes
{
    /// <summary>"rtcp-fb:*" lines hold for every payload type (RFC 4585 §4.2), also for those whose rtpmap follows.</summary>
    private const int AllPayloadTypes = -1;

    public static void StartMedia(SessionDescription session, MediaDescription media)
    {
        media.Direction = session.Direction;
        media.ExtmapAllowMixed = session.ExtmapAllowMixed;
    }

    /// <returns>Null, or the code of what is wrong.</returns>
    public static string? Read(ReadOnlySpan<char> line, MediaDescription media)
    {
        SessionAttributes.Split(line, out var name, out var value);
        switch (name)
        {
            case "rtpmap":
                return ReadRtpMap(value, media);
            case "fmtp":
                return ReadFmtp(value, media);
            case "rtcp-fb":
                return ReadFeedback(value, media);
            case "mid":
                return SessionAttributes.Take(SdpToken.IsToken(value) && value.Length <= SdpLimits.MaxName, value, v => media.Mid = v);
            case "sendrecv" or "sendonly" or "recvonly" or "inactive":
                media.Direction = SessionAttributes.ReadDirection(name);
                return null;
            case "msid":
                return StreamAttributes.ReadMsid(value, media);
            case "ssrc":
                return StreamAttributes.ReadSsrc(value, media);
            case "ssrc-group":
                return StreamAttributes.ReadSsrcGroup(value, media);
            case "rid":
                return StreamAttributes.ReadRid(value, media);
            case "simulcast":
                return StreamAttributes.ReadSimulcast(value, media);
            case "extmap":
                return ReadExtmap(value, media);
            case "extmap-allow-mixed":
                media.ExtmapAllowMixed = true;
                return null;
            case "rtcp-mux":
                media.RtcpMux = true;
                return null;
            case "rtcp-mux-only":
                // RFC 8858 §3: stands beside or instead of rtcp-mux.
                media.RtcpMux = true;
                return null;
            case "rtcp-rsize":
                media.RtcpRsize = true;
                return null;
            case "bundle-only":
                media.BundleOnly = true;
                return null;
            case "sctp-port":
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
                {
                    return SdpErrorCode.BadAttribute;
                }

                media.SctpPort = port;
                return null;
            default:
                return ReadTransport(name, value, media);
        }
    }

    private static string? ReadTransport(ReadOnlySpan<char> name, ReadOnlySpan<char> value, MediaDescription media)
    {
        switch (name)
        {
            case "ice-ufrag":
                return SessionAttributes.Take(SessionAttributes.IsUfrag(value), value, v => media.IceUfrag = v);
            case "ice-pwd":
                return SessionAttributes.Take(SessionAttributes.IsPwd(value), value, v => media.IcePwd = v);
            case "ice-options":
                return SessionAttributes.Take(true, value, v => media.IceOptions = v);
            case "fingerprint":
                return SessionAttributes.ReadFingerprint(value, media.Fingerprints);
            case "setup":
                media.Setup = SessionAttributes.ReadSetup(value);
                return media.Setup == SdpSetup.None ? SdpErrorCode.BadAttribute : null;
            case "end-of-candidates":
                media.EndOfCandidates = true;
                return null;
            case "candidate":
                if (Candidate.TryParse(value, out var candidate))
                {
                    if (media.Candidates.Count == SdpLimits.MaxCandidates)
                    {
                        return SdpErrorCode.TooMany;
                    }

                    media.Candidates.Add(candidate!);
                }

                return null;
            default:
                return null;
        }
    }

    private static string? ReadRtpMap(ReadOnlySpan<char> value, MediaDescription media)
    {
        // RFC 8866 §6.6: a=rtpmap:<payload type> <encoding name>/<clock rate>[/<channels>].
        var words = new SdpWords(value);
        if (!words.TryNextInt(0, 127, out var payloadType) || !words.TryNext(out var map))
        {
            return SdpErrorCode.BadAttribute;
        }

        var slash = map.IndexOf('/');
        if (slash is <= 0 or > 64 || !SdpToken.IsToken(map[..slash]))
        {
            return SdpErrorCode.BadAttribute;
        }

        var encoding = map[..slash];
        var rate = map[(slash + 1)..];
        var channels = 1;
        slash = rate.IndexOf('/');
        if (slash >= 0)
        {
            if (!int.TryParse(rate[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out channels) || channels is < 1 or > 255)
            {
                return SdpErrorCode.BadAttribute;
            }

            rate = rate[..slash];
        }

        if (!int.TryParse(rate, NumberStyles.None, CultureInfo.InvariantCulture, out var clockRate) || clockRate == 0)
        {
            return SdpErrorCode.BadAttribute;
        }

        // Lines of payload types that the m-line does not name are without meaning.
        if (media.Codecs.Find(c => c.PayloadType == payloadType) is { } codec)
        {
            codec.Name = encoding.ToString();
            codec.ClockRate = clockRate;
            codec.Channels = channels;
        }

        return null;
    }

    private static string? ReadFmtp(ReadOnlySpan<char> value, MediaDescription media)
    {
        if (!media.IsRtp)
        {
            return null;
        }

        var words = new SdpWords(value);
        if (!words.TryNextInt(0, 127, out var payloadType))
        {
            return SdpErrorCode.BadAttribute;
        }

        if (words.Rest.Length > SdpLimits.MaxFmtp)
        {
            return SdpErrorCode.TooLarge;
        }

        if (media.Codecs.Find(c => c.PayloadType == payloadType) is { } codec && !words.Rest.IsEmpty)
        {
            codec.Fmtp = words.Rest.ToString();
        }

        return null;
    }

    private static string? ReadFeedback(ReadOnlySpan<char> value, MediaDescription media)
    {
        var words = new SdpWords(value);
        if (!words.TryNext(out var target) || !words.TryNext(out var type) || type.Length > 32)
        {
            return SdpErrorCode.BadAttribute;
        }

        var payloadType = AllPayloadTypes;
        if (target is not "*" && (!int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out payloadType) || payloadType > 127))
        {
            return SdpErrorCode.BadAttribute;
        }

        var parameter = words.Rest;
        if (parameter.Length > 64)
        {
            return SdpErrorCode.BadAttribute;
        }

        var feedback = new RtcpFeedback(type.ToString(), parameter.ToString());
        if (payloadType == AllPayloadTypes)
        {
            // Thousands of equal lines, each held against every payload type, would be a second of work in one description.
            if (media.FeedbackOfAll.Contains(feedback))
            {
                return null;
            }

            if (media.FeedbackOfAll.Count == SdpLimits.MaxFeedback)
            {
                return SdpErrorCode.TooMany;
            }

            media.FeedbackOfAll.Add(feedback);
        }

        foreach (var codec in media.Codecs)
        {
            if ((payloadType == AllPayloadTypes || codec.PayloadType == payloadType) && !codec.Feedback.Contains(feedback))
            {
                if (codec.Feedback.Count == SdpLimits.MaxFeedback)
                {
                    return SdpErrorCode.TooMany;
                }

                codec.Feedback.Add(feedback);
            }
        }

        return null;
    }

    private static string? ReadExtmap(ReadOnlySpan<char> value, MediaDescription media)
    {
        // RFC 8285 §8: a=extmap:<id>["/"<direction>] <uri> [<extension attributes>].
        var words = new SdpWords(value);
        if (!words.TryNext(out var idWord) || !words.TryNext(out var uri) || uri.Length > SdpLimits.MaxName)
        {
            return SdpErrorCode.BadAttribute;
        }

        SdpDirection? direction = null;
        var slash = idWord.IndexOf('/');
        if (slash >= 0)
        {
            var name = idWord[(slash + 1)..];
            if (name is not ("sendrecv" or "sendonly" or "recvonly" or "inactive"))
            {
                return SdpErrorCode.BadAttribute;
            }

            direction = SessionAttributes.ReadDirection(name);
            idWord = idWord[..slash];
        }

        if (!int.TryParse(idWord, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == 0)
        {
            return SdpErrorCode.BadAttribute;
        }

        if (media.Extmaps.Count == SdpLimits.MaxExtmaps)
        {
            return SdpErrorCode.TooMany;
        }

        // RFC 8285 §4.2 reserves 15; 4096 and up are offers of alternatives (§6), which nobody sends. Both are passed over.
        if (id is <= 255 and not 15)
        {
            media.Extmaps.Add(new((byte)id, uri.ToString(), direction));
        }

        return null;
    }
}
