using Events.Benchmarks.Load;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Srtp;

if (LoadOptions.Parse(args) is not { } options)
{
    return 2;
}

using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };
var stack = new ClientStack(http, new OpenSslDtlsEngineFactory(), SrtpCiphers.Default)
{
    Options = options.CounterMode ? new() { Profiles = [SrtpProfile.Aes128CmHmacSha1Tag80] } : new(),
};
ILoadSignalling signalling = options.Janus is null ? new HttpLoadSignalling(options, stack) : new JanusSignalling(options, stack);
try
{
    var report = await new LoadRun(options, stack, signalling).RunAsync();
    report.Print(Console.Out);
    if (options.Json is not null)
    {
        await File.WriteAllTextAsync(options.Json, report.ToJson());
    }

    return report.Joined == options.Viewers && report.PacketsCorrupt == 0 ? 0 : 1;
}
catch (Exception error) when (error is SignallingException or TimeoutException)
{
    Console.Error.WriteLine($"The load could not start: {error.Message}");
    return 1;
}
