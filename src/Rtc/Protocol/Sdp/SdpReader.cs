using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Reads session descriptions (RFC 8866). Unknown lines and attributes are skipped; a known one that is malformed refuses the text.</summary>
public static class SdpReader
{
    /// <param name="text">Lines ended by CRLF or LF, at most <see cref="SdpLimits.MaxLength"/> characters.</param>
    /// <param name="description">The description, when true is returned.</param>
    /// <param name="error">The reason with its line, when false is returned.</param>
    public static bool TryParse(
        ReadOnlySpan<char> text,
        [NotNullWhen(true)] out SessionDescription? description,
        [NotNullWhen(false)] out SdpError? error)
    {
        description = null;
        if (!SdpLines.TryCheckLength(text, out error))
        {
            return false;
        }

        var session = new SessionDescription();
        MediaDescription? media = null;
        var lines = new SdpLines(text);
        var sawVersion = false;
        while (lines.TryNext(out var type, out var value, out error))
        {
            if (!sawVersion)
            {
                if (type != 'v' || value is not "0")
                {
                    error = new(SdpErrorCode.BadVersion, "A session description starts with the line v=0.", lines.Number);
                    return false;
                }

                sawVersion = true;
                continue;
            }

            var code = type switch
            {
                'o' when media is null => ReadOrigin(value, session),
                'm' => ReadMedia(value, session, out media),
                'a' when media is null => SessionAttributes.Read(value, session),
                'a' => MediaAttributes.Read(value, media),
                _ => null,
            };
            if (code is not null)
            {
                error = new(code, Describe(code), lines.Number);
                return false;
            }

            if (type == 'm')
            {
                MediaAttributes.StartMedia(session, media!);
            }
        }

        if (error is not null)
        {
            return false;
        }

        if (!TryFinish(session, out error))
        {
            return false;
        }

        description = session;
        return true;
    }

    private static string? ReadOrigin(ReadOnlySpan<char> value, SessionDescription session)
    {
        // RFC 8866 §5.2: o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>.
        var words = new SdpWords(value);
        if (!words.TryNext(out _) || !words.TryNext(out var id) || id.Length > 20 || id.ContainsAnyExceptInRange('0', '9')
            || !words.TryNext(out var version) || version.Length > 20 || version.ContainsAnyExceptInRange('0', '9'))
        {
            return SdpErrorCode.BadOrigin;
        }

        session.SessionId = id.ToString();
        // Some writers use the full unsigned range (NTP time, RFC 8866 §5.2); past 2^63 the value only has to be stable.
        session.SessionVersion = ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
            ? (long)(parsed & long.MaxValue)
            : 0;
        return null;
    }

    private static string? ReadMedia(ReadOnlySpan<char> value, SessionDescription session, out MediaDescription? media)
    {
        media = null;
        if (session.Media.Count == SdpLimits.MaxMedia)
        {
            return SdpErrorCode.TooMany;
        }

        // RFC 8866 §5.14: m=<media> <port>[/<number of ports>] <proto> <fmt> …
        var words = new SdpWords(value);
        if (!words.TryNext(out var kind) || kind.Length > 32 || !SdpToken.IsToken(kind)
            || !words.TryNext(out var portWord)
            || !words.TryNext(out var protocol) || protocol.Length > 32)
        {
            return SdpErrorCode.BadMedia;
        }

        var slash = portWord.IndexOf('/');
        portWord = slash < 0 ? portWord : portWord[..slash];
        if (!int.TryParse(portWord, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
        {
            return SdpErrorCode.BadMedia;
        }

        var parsed = new MediaDescription
        {
            KindName = kind.ToString(),
            Kind = kind switch
            {
                "audio" => MediaKind.Audio,
                "video" => MediaKind.Video,
                "application" => MediaKind.Application,
                _ => MediaKind.Other,
            },
            Port = port,
            Protocol = protocol.ToString(),
        };
        var formats = 0;
        while (words.TryNext(out var format))
        {
            if (++formats > SdpLimits.MaxPayloadTypes)
            {
                return SdpErrorCode.TooMany;
            }

            if (!parsed.IsRtp)
            {
                if (format.Length > 64)
                {
                    return SdpErrorCode.BadMedia;
                }

                parsed.Formats.Add(format.ToString());
                continue;
            }

            if (!int.TryParse(format, NumberStyles.None, CultureInfo.InvariantCulture, out var payloadType)
                || payloadType > 127 || parsed.Codecs.Exists(c => c.PayloadType == payloadType))
            {
                return SdpErrorCode.BadMedia;
            }

            parsed.Codecs.Add(StaticPayloadTypes.Create(payloadType));
        }

        if (formats == 0)
        {
            return SdpErrorCode.BadMedia;
        }

        session.Media.Add(parsed);
        media = parsed;
        return null;
    }

    private static bool TryFinish(SessionDescription session, [NotNullWhen(false)] out SdpError? error)
    {
        error = null;
        var mids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var media in session.Media)
        {
            if (media.Mid is not null && !mids.Add(media.Mid))
            {
                error = new(SdpErrorCode.DuplicateMid, $"Two m-lines carry a=mid:{media.Mid}; each needs its own.");
                return false;
            }

            // RFC 8839 §5.4 and RFC 8842 §5.1: session-level values hold for every m-line that has none of its own.
            media.IceUfrag ??= session.IceUfrag;
            media.IcePwd ??= session.IcePwd;
            media.IceOptions ??= session.IceOptions;
            media.Setup = media.Setup == SdpSetup.None ? session.Setup : media.Setup;
            if (media.Fingerprints.Count == 0)
            {
                media.Fingerprints.AddRange(session.Fingerprints);
            }
        }

        return true;
    }

    private static string Describe(string code) => code switch
    {
        SdpErrorCode.BadOrigin => "The o= line needs a user name, a numeric session id and a numeric version.",
        SdpErrorCode.BadMedia => "The m= line needs a kind, a port, a protocol and payload types from 0 to 127, each named once.",
        SdpErrorCode.TooMany => "The description repeats this kind of line more often than a server can accept; send fewer.",
        _ => "The attribute on this line is malformed; correct it or leave it out.",
    };
}

/// <summary>Payload types that mean a codec without an rtpmap (RFC 3551 §6), as far as WebRTC knows them.</summary>
internal static class StaticPayloadTypes
{
    public static RtpCodec Create(int payloadType) => payloadType switch
    {
        0 => new(0, "PCMU", 8000),
        8 => new(8, "PCMA", 8000),
        9 => new(9, "G722", 8000),
        13 => new(13, "CN", 8000),
        _ => new(payloadType),
    };
}
