using System.Globalization;
using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>H264 profiles as profile-level-id tells them apart (RFC 6184 §8.1, Table 5).</summary>
internal enum H264Profile
{
    /// <summary>Not named, or none that WebRTC endpoints use.</summary>
    Unknown,
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
}

/// <summary>Compares codecs by the parameters that make bit streams differ.</summary>
internal static class CodecMatch
{
    /// <summary>True when we forward this variant: 4:2:0 8-bit profiles, which every receiver of the codec decodes.</summary>
    public static bool IsForwardable(RtpCodec codec) => codec.Codec switch
    {
        Codec.None => false,
        Codec.Opus => codec.Channels == 2, // RFC 7587 §7: always 2 in the rtpmap.
        // draft-ietf-payload-vp9 §6.1: absent means profile 0. AV1 likewise (§7.2.1 of its payload format).
        Codec.Vp9 => codec.Parameters.GetInt("profile-id", 0) == 0,
        Codec.Av1 => codec.Parameters.GetInt("profile", 0) == 0,
        // RFC 6184 §8.1: mode 2 interleaves, which no WebRTC endpoint does.
        Codec.H264 => codec.Parameters.GetInt("packetization-mode", 0) <= 1
            && (codec.Parameters.Get("profile-level-id") is null || ProfileOf(codec.Parameters) != H264Profile.Unknown),
        _ => true,
    };

    /// <summary>How well a receiver's payload type suits a track: 0 exactly, more is worse, negative not at all.</summary>
    public static int Distance(RtpCodec receiver, Codec codec, FormatParameters track)
    {
        if (receiver.Codec != codec || !IsForwardable(receiver))
        {
            return -1;
        }

        switch (codec)
        {
            case Codec.Vp9:
                return track.GetInt("profile-id", 0) == 0 ? 0 : -1;
            case Codec.Av1:
                return track.GetInt("profile", 0) == 0 ? 0 : -1;
            case Codec.H264:
                var modeReceived = receiver.Parameters.GetInt("packetization-mode", 0);
                var modeSent = track.GetInt("packetization-mode", 0);
                // A mode 1 receiver also takes the single NAL unit packets of mode 0, not the other way round (RFC 6184 §6.2).
                if (modeReceived < modeSent)
                {
                    return -1;
                }

                var profile = ProfileDistance(ProfileOf(receiver.Parameters), ProfileOf(track));
                return profile < 0 ? -1 : profile + (modeReceived == modeSent ? 0 : 1);
            default:
                return 0;
        }
    }

    public static H264Profile ProfileOf(FormatParameters parameters)
    {
        var text = parameters.Get("profile-level-id");
        if (text is not { Length: 6 } || !int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
        {
            return H264Profile.Unknown;
        }

        // RFC 6184 Table 5: profile_idc, then the constraint_set flags from the most significant bit down.
        var flags = (id >> 8) & 0xFF;
        return (id >> 16) switch
        {
            0x42 when (flags & 0x4F) == 0x40 => H264Profile.ConstrainedBaseline,
            0x42 when (flags & 0x4F) == 0x00 => H264Profile.Baseline,
            0x4D when (flags & 0x8F) == 0x80 => H264Profile.ConstrainedBaseline,
            0x4D when (flags & 0xAF) == 0x00 => H264Profile.Main,
            0x58 when (flags & 0xCF) == 0xC0 => H264Profile.ConstrainedBaseline,
            0x58 when (flags & 0xCF) == 0x80 => H264Profile.Baseline,
            0x64 when flags == 0x00 => H264Profile.High,
            0x64 when flags == 0x0C => H264Profile.ConstrainedHigh,
            _ => H264Profile.Unknown,
        };
    }

    /// <remarks>
    /// Levels are not compared: browsers name 3.1 for whatever they decode, and with level-asymmetry-allowed=1 the sender's level is
    /// its own (RFC 6184 §8.2.2). A profile that contains the track's decodes it (H.264 Annex A.2).
    /// </remarks>
    private static int ProfileDistance(H264Profile receiver, H264Profile track)
    {
        if (receiver == track)
        {
            return 0;
        }

        return (track, receiver) switch
        {
            // Writers that leave the profile out mean "whatever comes"; the RFC's default (Baseline level 1) fits nobody.
            (H264Profile.Unknown, _) or (_, H264Profile.Unknown) => 8,
            (H264Profile.ConstrainedBaseline, H264Profile.Baseline) => 2,
            // What Baseline adds (FMO, ASO, redundant slices) no real-time encoder uses, and Chromium calls its own output 42001f.
            (H264Profile.Baseline, H264Profile.ConstrainedBaseline) => 2,
            (H264Profile.ConstrainedBaseline or H264Profile.Baseline, H264Profile.Main) => 4,
            (H264Profile.ConstrainedBaseline or H264Profile.Baseline, H264Profile.ConstrainedHigh) => 4,
            (H264Profile.ConstrainedBaseline or H264Profile.Baseline, H264Profile.High) => 6,
            (H264Profile.Main or H264Profile.ConstrainedHigh, H264Profile.High) => 4,
            _ => -1,
        };
    }
}
