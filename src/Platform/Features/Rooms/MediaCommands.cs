using System.Net;
using System.Text.Json;
using Events.Platform.Composition;
using Events.Platform.Roles;
using Events.Rtc.Signalling.Http;
using Events.Rtc.Signalling.Tokens;
using Events.Rtc.Stats;

namespace Events.Platform.Features.Rooms;

/// <summary>What the platform asks of the media node's node API.</summary>
internal sealed class MediaCommands : IDisposable
{
    private static readonly ApiError Away = new(503, "media_unavailable", "The media server does not answer; try again in a moment.");

    private readonly HttpClient _http;

    public MediaCommands(NodeOptions options, NodeKeys keys)
    {
        _http = NodeClient.Create(options, keys);
        _http.BaseAddress = options.MediaUrl;
        _http.Timeout = TimeSpan.FromSeconds(5);
    }

    /// <summary>The room as it is; one that nobody is in and nothing was decided about is empty and open.</summary>
    public async Task<Outcome<NodeRoom>> RoomAsync(string room, CancellationToken cancel)
    {
        try
        {
            using var response = await _http.GetAsync($"/node/rooms/{room}", cancel);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => await response.Content.ReadFromJsonAsync<NodeRoom>(cancel) ?? throw new JsonException("The node answered null."),
                HttpStatusCode.NotFound => new NodeRoom(room, false, null, []),
                _ => Away,
            };
        }
        catch (Exception e) when (IsAway(e, cancel))
        {
            return Away;
        }
    }

    /// <summary>How media flows in the room now; in one that nobody is in, nothing does.</summary>
    public async Task<Outcome<RoomStats>> StatsAsync(string room, int viewers, CancellationToken cancel)
    {
        try
        {
            using var response = await _http.GetAsync($"/node/rooms/{room}/stats?viewers={viewers}", cancel);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => await response.Content.ReadFromJsonAsync<RoomStats>(cancel) ?? throw new JsonException("The node answered null."),
                HttpStatusCode.NotFound => new RoomStats(room, new(0, 0, 0, 0, 0, 0, 0, 0, 0, null), [], []),
                _ => Away,
            };
        }
        catch (Exception e) when (IsAway(e, cancel))
        {
            return Away;
        }
    }

    /// <summary>Runs a room. Null when it is done, else what the node said against it.</summary>
    public async Task<ApiError?> ModerateAsync(string room, JsonElement request, CancellationToken cancel)
    {
        try
        {
            using var response = await _http.PostAsJsonAsync($"/node/rooms/{room}/moderate", request, cancel);
            if (response.IsSuccessStatusCode)
            {
                return null;
            }

            if ((int)response.StatusCode is 401 or >= 500)
            {
                return Away;
            }

            var problem = await response.Content.ReadFromJsonAsync<NodeProblem>(cancel);
            return problem is { Code: { } code, Detail: { } detail } ? new ApiError((int)response.StatusCode, code, detail) : Away;
        }
        catch (Exception e) when (IsAway(e, cancel))
        {
            return Away;
        }
    }

    public void Dispose() => _http.Dispose();

    private static bool IsAway(Exception e, CancellationToken cancel) =>
        e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    private sealed record NodeProblem(string? Code, string? Detail);
}
