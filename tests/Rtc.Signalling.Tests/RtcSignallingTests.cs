using Events.Rtc;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Rtc.Signalling;

public sealed class RtcSignallingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events-composition-").FullName;
    private readonly JwtSigningKey _key = JwtSigningKey.Generate();

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Open_mode_is_refused_outside_of_development()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Services.AddSingleton<IRtcServer>(new FakeRtcServer());
        builder.Services.AddRtcSignalling(Options with { OpenWhip = true });
        await using WebApplication app = builder.Build();
        Assert.Throws<InvalidOperationException>(() => app.MapRtcSignalling());
    }

    [Fact]
    public void Options_out_of_bounds_are_refused_at_start()
    {
        ServiceCollection services = new();
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { NodeKey = "short" }));
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { NodeName = "../up" }));
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { GrantPublicKeys = [] }));
        Assert.Throws<ArgumentException>(() => services.AddRtcSignalling(Options with { HubCallBurst = 0 }));
    }

    private SignallingOptions Options => new()
    {
        GrantPublicKeys = [_key.ExportPublicPem()],
        NodeKey = MediaNode.NodeKey,
        DataDirectory = _directory,
        NodeName = "media-1",
    };
}
