using System.Net;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;

namespace Events.Benchmarks.Load;

/// <summary>A settled session, and how to end it.</summary>
internal sealed record LoadSession(ClientSession Session, IPAddress? Host, Func<Task> EndAsync);

/// <summary>How publishers and viewers get in.</summary>
internal interface ILoadSignalling
{
    Task<LoadSession> PublishAsync(int room);

    Task<LoadSession> ViewAsync(int room);
}

/// <summary>WHIP and WHEP.</summary>
internal sealed class HttpLoadSignalling(LoadOptions options, ClientStack stack) : ILoadSignalling
{
    public Task<LoadSession> PublishAsync(int room) => OpenAsync("whip", room, ClientMediaPlan.Publish);

    public Task<LoadSession> ViewAsync(int room) => OpenAsync("whep", room, ClientMediaPlan.View);

    private async Task<LoadSession> OpenAsync(string door, int room, ClientMediaPlan plan)
    {
        var description = new ClientDescription(stack.Dtls.LocalFingerprint);
        var url = new Uri(options.Url, $"/{door}/{options.RoomOf(room)}");
        var offer = description.WriteOffer(plan with { TransportCc = options.TransportCc });
        var result = await SdpExchange.PostAsync(stack.Http, url, options.Bearer, offer);
        return description.TryReadAnswer(result.Answer, out var session, out var error)
            ? new(session, IPAddress.TryParse(options.Url.Host, out var host) ? host : null, () => SdpExchange.DeleteAsync(stack.Http, result.Resource, options.Bearer))
            : throw new SignallingException(error, null, $"The answer of {url} cannot be used: {error}.");
    }
}
