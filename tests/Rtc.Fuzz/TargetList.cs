using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Srtp;
using Events.Tests.Rtc.Fuzz.Engine;
using Events.Tests.Rtc.Fuzz.Targets;

namespace Events.Tests.Rtc.Fuzz;

/// <summary>Every target by its name.</summary>
internal static class TargetList
{
    private static readonly Dictionary<string, Func<IFuzzTarget>> Targets = new()
    {
        ["stun"] = () => new StunTarget(),
        ["ice"] = () => new IceTarget(),
        ["stream-framing"] = () => new StreamFramingTarget(),
        ["sctp"] = () => new SctpTarget(),
        ["rtp"] = () => new RtpTarget(),
        ["rtcp"] = () => new RtcpTarget(),
        ["transport-feedback"] = () => new TransportFeedbackTarget(),
        ["layers"] = () => new LayersTarget(),
        ["estimator"] = () => new EstimatorTarget(),
        ["receive-stream"] = () => new ReceiveTarget(),
        ["sdp"] = () => new SdpTarget(),
        ["sdp-text"] = () => new SdpTextTarget(),
        ["srtp-gcm"] = () => new SrtpTarget(SrtpProfile.AeadAes128Gcm, "srtp-gcm"),
        ["srtp-cm"] = () => new SrtpTarget(SrtpProfile.Aes128CmHmacSha1Tag80, "srtp-cm"),
        ["dtls-server"] = () => new DtlsTarget(DtlsRole.Server),
        ["dtls-client"] = () => new DtlsTarget(DtlsRole.Client),
        ["dtls-resting"] = () => new RestingDtlsTarget(),
        ["peer-wire"] = () => new PeerWireTarget(),
        ["peer-inside"] = () => new PeerInsideTarget(),
        ["jwt"] = () => new JwtTarget(),
        ["hub"] = () => new HubTarget(),
        ["relay"] = () => new RelayTarget(),
        ["clock"] = () => new ClockTarget(),
        ["matroska"] = () => new MatroskaTarget(),
        ["manifest"] = () => new ManifestTarget(),
        ["ivf"] = () => new IvfTarget(),
        ["ogg"] = () => new OggTarget(),
    };

    static TargetList()
    {
        foreach (var (name, create) in PayloadTarget.All.Concat(FramesTarget.All))
        {
            Targets.Add(name, create);
        }
    }

    public static IReadOnlyCollection<string> Names => Targets.Keys;

    public static IFuzzTarget Create(string name) => Targets[name]();
}
