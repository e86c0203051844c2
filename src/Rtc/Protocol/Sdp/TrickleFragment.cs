using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>
/// The body of a WHIP or WHEP PATCH (application/trickle-ice-sdpfrag, RFC 8840 §9): more candidates, or new credentials for an ICE
/// restart.
/// </summary>
public sealed class TrickleFragment
{
    public string? IceUfrag { get; private set; }
    public string? IcePwd { get; private set; }

    /// <summary>Candidates with the mid of their m-line; null above the first m-line or where it has none.</summary>
    public List<TrickledCandidate> Candidates { get; } = [];

    /// <summary>No more will come.</summary>
    public bool EndOfCandidates { get; private set; }

    public static bool TryParse(
        ReadOnlySpan<char> text,
        [NotNullWhen(true)] out TrickleFragment? fragment,
        [NotNullWhen(false)] out SdpError? error)
    {
        fragment = null;
        if (!SdpLines.TryCheckLength(text, out error))
        {
            return false;
        }

        var parsed = new TrickleFragment();
        string? mid = null;
        var mediaCount = 0;
        var lines = new SdpLines(text);
        while (lines.TryNext(out var type, out var value, out error))
        {
            string? code = null;
            if (type == 'm')
            {
                // RFC 8840 §9: pseudo m-lines only carry the mid.
                mid = null;
                code = ++mediaCount > SdpLimits.MaxMedia ? SdpErrorCode.TooMany : null;
            }
            else if (type == 'a')
            {
                code = parsed.ReadAttribute(value, ref mid);
            }

            if (code is not null)
            {
                error = new(code, "The fragment's attribute is malformed or repeated too often; correct it or leave it out.", lines.Number);
                return false;
            }
        }

        if (error is not null)
        {
            return false;
        }

        if (parsed.IceUfrag is null != parsed.IcePwd is null)
        {
            error = new(SdpErrorCode.BadIce, "A fragment has both a=ice-ufrag and a=ice-pwd, or neither.");
            return false;
        }

        fragment = parsed;
        return true;
    }

    /// <summary>What answers an ICE restart by PATCH (RFC 9725 §4.3.3): our credentials and candidates.</summary>
    /// <param name="local">With the fresh ufrag and password.</param>
    /// <param name="mid">Of the tagged m-line; null when it has none.</param>
    /// <param name="kind">Its kind, "audio" or "video".</param>
    public static string Write(LocalTransport local, string? mid, string kind)
    {
        var text = new StringBuilder();
        text.Append("a=ice-lite\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=ice-ufrag:{local.IceUfrag}\r\na=ice-pwd:{local.IcePwd}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"m={kind} 9 UDP/TLS/RTP/SAVPF 0\r\n");
        if (mid is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"a=mid:{mid}\r\n");
        }

        foreach (var candidate in local.Candidates)
        {
            text.Append(CultureInfo.InvariantCulture, $"a={candidate}\r\n");
        }

        return text.Append("a=end-of-candidates\r\n").ToString();
    }

    private string? ReadAttribute(ReadOnlySpan<char> line, ref string? mid)
    {
        SessionAttributes.Split(line, out var name, out var value);
        switch (name)
        {
            case "mid":
                mid = value.ToString();
                return SdpToken.IsToken(value) && value.Length <= SdpLimits.MaxName ? null : SdpErrorCode.BadAttribute;
            case "ice-ufrag":
                IceUfrag ??= value.ToString();
                return SessionAttributes.IsUfrag(value) ? null : SdpErrorCode.BadAttribute;
            case "ice-pwd":
                IcePwd ??= value.ToString();
                return SessionAttributes.IsPwd(value) ? null : SdpErrorCode.BadAttribute;
            case "end-of-candidates":
                EndOfCandidates = true;
                return null;
            case "candidate" when Candidate.TryParse(value, out var candidate):
                if (Candidates.Count == SdpLimits.MaxCandidates)
                {
                    return SdpErrorCode.TooMany;
                }

                Candidates.Add(new(mid, candidate!));
                return null;
            default:
                return null;
        }
    }
}

/// <param name="Mid">Of the m-line that the candidate belongs to.</param>
public sealed record TrickledCandidate(string? Mid, Candidate Candidate);
