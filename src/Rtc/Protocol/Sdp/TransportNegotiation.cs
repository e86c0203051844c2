using System.Diagnostics.CodeAnalysis;
using Events.Rtc.Protocol.Dtls;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>The one transport under all m-lines: BUNDLE (RFC 8843), ICE (RFC 8839), DTLS (RFC 8842).</summary>
internal static class TransportNegotiation
{
    /// <summary>Preferred first; SHA-1 is refused as broken.</summary>
    private static readonly string[] HashFunctions = ["sha-256", "sha-512", "sha-384", "sha-224"];

    /// <summary>Checks that the m-lines in use can share one transport.</summary>
    /// <param name="used">m-lines that are not rejected by either side.</param>
    public static bool TryCheckBundle(SessionDescription remote, IReadOnlyList<MediaDescription> used, [NotNullWhen(false)] out SdpError? error)
    {
        error = null;
        var bundle = remote.Bundle;
        foreach (var media in used)
        {
            if (media.IsRtp && !media.RtcpMux)
            {
                error = new(SdpErrorCode.NoRtcpMux, $"m-line {Name(media)} has no a=rtcp-mux; RTP and RTCP share one port here.");
                return false;
            }

            if (used.Count == 1 && bundle is null)
            {
                continue;
            }

            if (media.Mid is null)
            {
                error = new(SdpErrorCode.NoMid, "Several m-lines need an a=mid each and one a=group:BUNDLE.");
                return false;
            }

            if (bundle is null || !bundle.Mids.Contains(media.Mid))
            {
                error = new(SdpErrorCode.NotBundled, $"m-line {Name(media)} is not in the first a=group:BUNDLE; all media share one transport here.");
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads the other side's ICE and DTLS parameters from the tagged m-line, or from the first in use that carries them.</summary>
    public static bool TryReadRemote(
        SessionDescription remote,
        IReadOnlyList<MediaDescription> used,
        SdpSetup ourPreference,
        bool isAnswer,
        [NotNullWhen(true)] out RemoteTransport? transport,
        [NotNullWhen(false)] out SdpError? error)
    {
        transport = null;
        error = null;
        if (remote.IceLite)
        {
            error = new(SdpErrorCode.BothIceLite, "Both sides are ICE-lite, so nobody would send checks; use a full ICE agent.");
            return false;
        }

        var tagged = FirstTagged(remote, used, m => m.IceUfrag is not null && m.IcePwd is not null);
        if (tagged is null)
        {
            error = new(SdpErrorCode.NoIce, "No m-line in use has a=ice-ufrag and a=ice-pwd.");
            return false;
        }

        var keyed = tagged.Fingerprints.Count > 0 ? tagged : FirstTagged(remote, used, m => m.Fingerprints.Count > 0);
        var fingerprint = HashFunctions.Select(h => keyed?.Fingerprints.Find(f => f.Algorithm == h)).FirstOrDefault(f => f is not null);
        if (keyed is null || fingerprint is null)
        {
            error = new(SdpErrorCode.NoFingerprint, "No m-line in use has an a=fingerprint of sha-256 or better; media is keyed by DTLS here.");
            return false;
        }

        if (!TryChooseRole(keyed.Setup, ourPreference, isAnswer, out var role))
        {
            error = new(SdpErrorCode.BadSetup, "a=setup must be actpass, active or passive in an offer, and active or passive in an answer.");
            return false;
        }

        transport = new(tagged.IceUfrag!, tagged.IcePwd!, fingerprint, role, [.. tagged.Candidates]);
        return true;
    }

    /// <summary>Writes our end into an m-line.</summary>
    /// <remarks>
    /// Every m-line gets it, though RFC 8843 §7.3 wants it in the tagged one only: receivers that do not bundle in their parser look
    /// at each, and equal values harm nobody. The candidates stand in the first.
    /// </remarks>
    public static void Write(MediaDescription media, LocalTransport local, SdpSetup setup, bool withCandidates)
    {
        media.IceUfrag = local.IceUfrag;
        media.IcePwd = local.IcePwd;
        media.Fingerprints.Add(local.Fingerprint);
        media.Setup = setup;
        media.RtcpMux = media.IsRtp;
        if (withCandidates)
        {
            media.Candidates.AddRange(local.Candidates);
            media.EndOfCandidates = true;
        }
    }

    public static SdpSetup SetupOf(DtlsRole role) => role == DtlsRole.Client ? SdpSetup.Active : SdpSetup.Passive;

    private static string Name(MediaDescription media) => media.Mid is null ? media.KindName : $"{media.KindName} (mid {media.Mid})";

    /// <summary>
    /// RFC 8843 §7.3: when the tagged m-line of the offer is refused, the next one in use takes its place. A bundle-only m-line may
    /// lean on one that we refuse, so those come last.
    /// </summary>
    private static MediaDescription? FirstTagged(SessionDescription remote, IReadOnlyList<MediaDescription> used, Predicate<MediaDescription> has)
    {
        var bundled = (remote.Bundle?.Mids ?? []).Select(mid => remote.Media.Find(m => m.Mid == mid)).OfType<MediaDescription>().ToList();
        return bundled.Find(m => used.Contains(m) && has(m))
            ?? used.FirstOrDefault(m => has(m))
            ?? bundled.Find(m => !m.IsRejected && has(m));
    }

    private static bool TryChooseRole(SdpSetup theirs, SdpSetup ourPreference, bool isAnswer, out DtlsRole role)
    {
        // RFC 4145 §4.1: an absent line means active in an offer and passive in an answer.
        role = theirs switch
        {
            SdpSetup.Active => DtlsRole.Server,
            SdpSetup.Passive => DtlsRole.Client,
            SdpSetup.None => isAnswer ? DtlsRole.Client : DtlsRole.Server,
            _ => ourPreference == SdpSetup.Active ? DtlsRole.Client : DtlsRole.Server,
        };
        return theirs != SdpSetup.HoldConn && !(isAnswer && theirs == SdpSetup.ActPass);
    }
}
