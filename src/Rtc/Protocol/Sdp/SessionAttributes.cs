using Events.Rtc.Protocol.Dtls;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Reads a= lines above the first m-line, and the lines that both levels share.</summary>
internal static class SessionAttributes
{
    /// <returns>Null, or the code of what is wrong.</returns>
    public static string? Read(ReadOnlySpan<char> line, SessionDescription session)
    {
        Split(line, out var name, out var value);
        switch (name)
        {
            case "group":
                return ReadGroup(value, session);
            case "ice-lite":
                session.IceLite = true;
                return null;
            case "extmap-allow-mixed":
                session.ExtmapAllowMixed = true;
                return null;
            case "ice-ufrag":
                return Take(IsUfrag(value), value, v => session.IceUfrag = v);
            case "ice-pwd":
                return Take(IsPwd(value), value, v => session.IcePwd = v);
            case "ice-options":
                return Take(true, value, v => session.IceOptions = v);
            case "fingerprint":
                return ReadFingerprint(value, session.Fingerprints);
            case "setup":
                session.Setup = ReadSetup(value);
                return session.Setup == SdpSetup.None ? SdpErrorCode.BadAttribute : null;
            case "sendrecv" or "sendonly" or "recvonly" or "inactive":
                session.Direction = ReadDirection(name);
                return null;
            default:
                return null;
        }
    }

    /// <summary>"name:value", or "name" alone.</summary>
    public static void Split(ReadOnlySpan<char> line, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        var colon = line.IndexOf(':');
        name = colon < 0 ? line : line[..colon];
        value = colon < 0 ? default : line[(colon + 1)..].Trim();
    }

    // RFC 8839 §5.4: ufrag of 4 to 256 ice-chars, password of 22 to 256.
    public static bool IsUfrag(ReadOnlySpan<char> value) => value.Length is >= 4 and <= 256 && SdpToken.IsIce(value);

    public static bool IsPwd(ReadOnlySpan<char> value) => value.Length is >= 22 and <= 256 && SdpToken.IsIce(value);

    public static SdpDirection ReadDirection(ReadOnlySpan<char> name) => name switch
    {
        "sendonly" => SdpDirection.SendOnly,
        "recvonly" => SdpDirection.RecvOnly,
        "inactive" => SdpDirection.Inactive,
        _ => SdpDirection.SendRecv,
    };

    public static SdpSetup ReadSetup(ReadOnlySpan<char> value) => value switch
    {
        "actpass" => SdpSetup.ActPass,
        "active" => SdpSetup.Active,
        "passive" => SdpSetup.Passive,
        "holdconn" => SdpSetup.HoldConn,
        _ => SdpSetup.None,
    };

    /// <summary>A hash function that we do not know is skipped: RFC 8122 §5 allows several lines.</summary>
    public static string? ReadFingerprint(ReadOnlySpan<char> value, List<Fingerprint> fingerprints)
    {
        if (fingerprints.Count == SdpLimits.MaxFingerprints)
        {
            return SdpErrorCode.TooMany;
        }

        if (Fingerprint.TryParse(value, out var fingerprint))
        {
            fingerprints.Add(fingerprint!);
            return null;
        }

        return value.StartsWith("sha-", StringComparison.OrdinalIgnoreCase) ? SdpErrorCode.BadAttribute : null;
    }

    public static string? Take(bool isGood, ReadOnlySpan<char> value, Action<string> store)
    {
        if (!isGood || value.Length > SdpLimits.MaxName)
        {
            return SdpErrorCode.BadAttribute;
        }

        store(value.ToString());
        return null;
    }

    private static string? ReadGroup(ReadOnlySpan<char> value, SessionDescription session)
    {
        if (session.Groups.Count == SdpLimits.MaxGroups)
        {
            return SdpErrorCode.TooMany;
        }

        var words = new SdpWords(value);
        if (!words.TryNext(out var semantics) || semantics.Length > 32)
        {
            return SdpErrorCode.BadAttribute;
        }

        var mids = new List<string>();
        while (words.TryNext(out var mid))
        {
            if (mids.Count == SdpLimits.MaxMedia || mid.Length > SdpLimits.MaxName)
            {
                return SdpErrorCode.TooMany;
            }

            mids.Add(mid.ToString());
        }

        session.Groups.Add(new(semantics.ToString(), mids));
        return null;
    }
}
