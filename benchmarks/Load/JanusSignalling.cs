using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;

namespace Events.Benchmarks.Load;

/// <summary>Janus' videoroom plugin by its HTTP API: publishers offer, subscribers answer what Janus offers.</summary>
internal sealed class JanusSignalling(LoadOptions options, ClientStack stack) : ILoadSignalling
{
    private const int FirstRoom = 4_200;
    private const int PublisherId = 1;

    private readonly Uri _api = options.Janus!;

    public async Task<LoadSession> PublishAsync(int room)
    {
        var (session, handle) = await AttachAsync();
        await RequestAsync(handle, new JsonObject
        {
            ["request"] = "create",
            ["room"] = FirstRoom + room,
            ["publishers"] = 10,
            ["bitrate"] = 0,
            ["fir_freq"] = 0,
            ["audiocodec"] = "opus",
            ["videocodec"] = "vp8",
            ["audiolevel_event"] = false,
        });
        var description = new ClientDescription(stack.Dtls.LocalFingerprint);
        var offer = description.WriteOffer(ClientMediaPlan.Publish with { TransportCc = options.TransportCc });
        var joined = await SendAsync(session, handle, new JsonObject
        {
            ["request"] = "joinandconfigure",
            ["room"] = FirstRoom + room,
            ["ptype"] = "publisher",
            ["id"] = PublisherId,
            ["audio"] = true,
            ["video"] = true,
        }, new JsonObject { ["type"] = "offer", ["sdp"] = offer });
        var answer = SdpOf(joined);
        return description.TryReadAnswer(answer, out var settled, out var error)
            ? new(settled, IPAddress.Loopback, () => EndAsync(session))
            : throw new SignallingException(error, null, $"Janus' answer cannot be used: {error}.");
    }

    public async Task<LoadSession> ViewAsync(int room)
    {
        var (session, handle) = await AttachAsync();
        var attached = await SendAsync(session, handle, new JsonObject
        {
            ["request"] = "join",
            ["room"] = FirstRoom + room,
            ["ptype"] = "subscriber",
            ["streams"] = new JsonArray(new JsonObject { ["feed"] = PublisherId }),
        }, null);
        var description = new ClientDescription(stack.Dtls.LocalFingerprint);
        if (!description.TryAnswer(SdpOf(attached), out var answer, out var settled, out var error))
        {
            throw new SignallingException(error, null, $"Janus' offer cannot be used: {error}.");
        }

        await SendAsync(session, handle, new JsonObject { ["request"] = "start", ["room"] = FirstRoom + room }, new JsonObject { ["type"] = "answer", ["sdp"] = answer });
        return new(settled, IPAddress.Loopback, () => EndAsync(session));
    }

    private static string SdpOf(JsonNode reply) => reply["jsep"]?["sdp"]?.GetValue<string>()
        ?? throw new SignallingException("janus-refused", null, $"Janus sent no description: {reply.ToJsonString()}");

    private static JsonObject Command(string name) => new() { ["janus"] = name, ["transaction"] = Guid.NewGuid().ToString("N") };

    private async Task<(Uri Session, Uri Handle)> AttachAsync()
    {
        var created = await PostAsync(_api, Command("create"));
        var session = new Uri($"{_api}/{created["data"]!["id"]}");
        var command = Command("attach");
        command["plugin"] = "janus.plugin.videoroom";
        var attached = await PostAsync(session, command);
        return (session, new($"{session}/{attached["data"]!["id"]}"));
    }

    /// <summary>A request that the plugin answers at once.</summary>
    private Task<JsonNode> RequestAsync(Uri handle, JsonObject body)
    {
        var command = Command("message");
        command["body"] = body;
        return PostAsync(handle, command);
    }

    /// <summary>A request that is acknowledged first and answered by an event.</summary>
    private async Task<JsonNode> SendAsync(Uri session, Uri handle, JsonObject body, JsonObject? description)
    {
        var command = Command("message");
        command["body"] = body;
        if (description is not null)
        {
            command["jsep"] = description;
        }

        var transaction = command["transaction"]!.GetValue<string>();
        await PostAsync(handle, command);
        while (true)
        {
            var polled = await stack.Http.GetFromJsonAsync<JsonNode>($"{session}?maxev=1");
            if (polled?["transaction"]?.GetValue<string>() == transaction)
            {
                return polled["plugindata"]?["data"]?["error"] is { } error
                    ? throw new SignallingException("janus-refused", null, $"Janus refused: {error}")
                    : polled;
            }
        }
    }

    private async Task<JsonNode> PostAsync(Uri url, JsonObject command)
    {
        using var response = await stack.Http.PostAsJsonAsync(url, command);
        var reply = await response.Content.ReadFromJsonAsync<JsonNode>();
        return reply is null || reply["janus"]?.GetValue<string>() == "error"
            ? throw new SignallingException("janus-refused", response.StatusCode, $"Janus refused: {reply?.ToJsonString()}")
            : reply;
    }

    private async Task EndAsync(Uri session) => await PostAsync(session, Command("destroy"));
}
