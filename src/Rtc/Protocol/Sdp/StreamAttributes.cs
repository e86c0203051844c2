namespace Events.Rtc.Protocol.Sdp;

/// <summary>Reads the a= lines that name streams: msid, ssrc, ssrc-group, rid, simulcast.</summary>
internal static class StreamAttributes
{
    public static string? ReadMsid(ReadOnlySpan<char> value, MediaDescription media)
    {
        if (!TryReadMsid(value, out var msid))
        {
            return SdpErrorCode.BadAttribute;
        }

        // A track in several streams repeats the line; the first stream stands for it.
        media.Msid ??= msid;
        return null;
    }

    public static string? ReadSsrc(ReadOnlySpan<char> value, MediaDescription media)
    {
        // RFC 5576 §4.1: a=ssrc:<ssrc> <attribute>[:<value>].
        var words = new SdpWords(value);
        if (!words.TryNextUInt(out var ssrc))
        {
            return SdpErrorCode.BadAttribute;
        }

        SessionAttributes.Split(words.Rest, out var name, out var text);
        var index = media.Ssrcs.FindIndex(s => s.Ssrc == ssrc);
        if (index < 0)
        {
            if (media.Ssrcs.Count == SdpLimits.MaxSsrcs)
            {
                return SdpErrorCode.TooMany;
            }

            index = media.Ssrcs.Count;
            media.Ssrcs.Add(new(ssrc));
        }

        if (name is "cname" && text.Length is > 0 and <= SdpLimits.MaxName)
        {
            media.Ssrcs[index] = media.Ssrcs[index] with { Cname = text.ToString() };
        }
        else if (name is "msid" && TryReadMsid(text, out var msid))
        {
            media.Ssrcs[index] = media.Ssrcs[index] with { Msid = msid };
        }

        return null;
    }

    public static string? ReadSsrcGroup(ReadOnlySpan<char> value, MediaDescription media)
    {
        if (media.SsrcGroups.Count == SdpLimits.MaxSsrcGroups)
        {
            return SdpErrorCode.TooMany;
        }

        var words = new SdpWords(value);
        if (!words.TryNext(out var semantics) || semantics.Length > 32)
        {
            return SdpErrorCode.BadAttribute;
        }

        var ssrcs = new List<uint>();
        while (!words.Rest.IsEmpty)
        {
            if (!words.TryNextUInt(out var ssrc))
            {
                return SdpErrorCode.BadAttribute;
            }

            if (ssrcs.Count == SdpLimits.MaxSsrcs)
            {
                return SdpErrorCode.TooMany;
            }

            ssrcs.Add(ssrc);
        }

        media.SsrcGroups.Add(new(semantics.ToString(), ssrcs));
        return null;
    }

    public static string? ReadRid(ReadOnlySpan<char> value, MediaDescription media)
    {
        // RFC 8851 §4: a=rid:<id> send|recv [<restrictions>].
        var words = new SdpWords(value);
        if (!words.TryNext(out var id) || !SdpToken.IsRid(id)
            || !words.TryNext(out var direction) || direction is not ("send" or "recv"))
        {
            return SdpErrorCode.BadAttribute;
        }

        if (media.Rids.Count == SdpLimits.MaxRids)
        {
            return SdpErrorCode.TooMany;
        }

        media.Rids.Add(new(id.ToString(), direction is "send", words.Rest.IsEmpty ? null : words.Rest.ToString()));
        return null;
    }

    public static string? ReadSimulcast(ReadOnlySpan<char> value, MediaDescription media)
    {
        // RFC 8853 §5.1: one or both of "send <list>" and "recv <list>".
        IReadOnlyList<SimulcastStream> send = [], receive = [];
        var words = new SdpWords(value);
        while (words.TryNext(out var direction))
        {
            if (direction is not ("send" or "recv") || !words.TryNext(out var list) || !TryReadStreams(list, out var streams))
            {
                return SdpErrorCode.BadAttribute;
            }

            if (direction is "send")
            {
                send = streams;
            }
            else
            {
                receive = streams;
            }
        }

        media.Simulcast = new(send, receive);
        return null;
    }

    private static bool TryReadStreams(ReadOnlySpan<char> list, out IReadOnlyList<SimulcastStream> streams)
    {
        var parsed = new List<SimulcastStream>();
        streams = parsed;
        foreach (var range in list.Split(';'))
        {
            var alternatives = new List<SimulcastRid>();
            var stream = list[range];
            foreach (var inner in stream.Split(','))
            {
                var rid = stream[inner];
                var isPaused = rid.StartsWith('~');
                rid = isPaused ? rid[1..] : rid;
                if (!SdpToken.IsRid(rid) || alternatives.Count == SdpLimits.MaxRids)
                {
                    return false;
                }

                alternatives.Add(new(rid.ToString(), isPaused));
            }

            if (parsed.Count == SdpLimits.MaxRids)
            {
                return false;
            }

            parsed.Add(new(alternatives));
        }

        return true;
    }

    private static bool TryReadMsid(ReadOnlySpan<char> value, out MediaStreamId? msid)
    {
        // RFC 8830 §2: a=msid:<stream id> [<track id>].
        msid = null;
        var words = new SdpWords(value);
        if (!words.TryNext(out var stream) || stream.Length > SdpLimits.MaxName)
        {
            return false;
        }

        words.TryNext(out var track);
        if (track.Length > SdpLimits.MaxName)
        {
            return false;
        }

        msid = new(stream.ToString(), track.IsEmpty ? null : track.ToString());
        return true;
    }
}
