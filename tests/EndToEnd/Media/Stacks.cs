using Events.Rtc.Client;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.EndToEnd.Media;

/// <summary>What our own WHIP and WHEP clients are made of.</summary>
public static class Stacks
{
    public static ClientStack Default { get; } = new(new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }), new OpenSslDtlsEngineFactory(), SrtpCiphers.Default);
}
