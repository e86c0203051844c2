using System.Net;
using Events.Platform.Composition;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Features.Recordings;

/// <summary>How the mixer answered a command.</summary>
internal enum MixerAnswer
{
    /// <summary>It has taken it; it is on its disk.</summary>
    Taken,

    /// <summary>It does not know the recording.</summary>
    Unknown,

    /// <summary>It refuses it for good.</summary>
    Refused,

    /// <summary>It did not answer, or not now: ask again.</summary>
    Unreachable,
}

/// <summary>What the platform asks of the mixer's node API. Every command may be repeated.</summary>
internal sealed class MixerCommands : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _relay;

    public MixerCommands(NodeOptions options, NodeKeys keys)
    {
        _http = NodeClient.Create(options, keys);
        _http.BaseAddress = options.MixerUrl;
        _http.Timeout = TimeSpan.FromSeconds(5);
        _relay = options.RelaySocket;
    }

    public Task<MixerAnswer> StartAsync(Guid id, string room, string layout, string title, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "/node/recordings", JsonContent.Create(new { recordingId = id, room, relay = _relay, layout, title }), cancel);

    /// <summary>Whether it still has the recording.</summary>
    public Task<MixerAnswer> AskAsync(Guid id, CancellationToken cancel) => SendAsync(HttpMethod.Get, $"/node/recordings/{id}", null, cancel);

    public Task<MixerAnswer> StopAsync(Guid id, CancellationToken cancel) => SendAsync(HttpMethod.Post, $"/node/recordings/{id}/stop", null, cancel);

    public Task<MixerAnswer> ComposeAsync(Guid id, CancellationToken cancel) => SendAsync(HttpMethod.Post, $"/node/recordings/{id}/compose", null, cancel);

    public Task<MixerAnswer> DeleteAsync(Guid id, CancellationToken cancel) => SendAsync(HttpMethod.Delete, $"/node/recordings/{id}", null, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<MixerAnswer> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body };
            using var response = await _http.SendAsync(request, cancel);
            return response.StatusCode switch
            {
                HttpStatusCode.NotFound => MixerAnswer.Unknown,
                HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => MixerAnswer.Refused,
                _ => response.IsSuccessStatusCode ? MixerAnswer.Taken : MixerAnswer.Unreachable,
            };
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return MixerAnswer.Unreachable;
        }
    }
}
