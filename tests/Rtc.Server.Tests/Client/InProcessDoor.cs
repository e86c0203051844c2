using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Events.Rtc;
using Events.Rtc.Rooms;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Rtc.Server.Tests.Client;

/// <summary>The real SFU behind an HttpClient: WHIP and WHEP without a web server in between, media over real loopback sockets.</summary>
internal sealed class InProcessDoor : HttpMessageHandler
{
    private readonly ConcurrentDictionary<string, IParticipant> _sessions = new();
    private readonly RtcMetrics _metrics = new();
    private int _created;

    public InProcessDoor() => Server = new(new() { Port = 0, Workers = 1 }, new NullObserver(), _metrics, NullLogger<RtcLog>.Instance);

    public RtcServer Server { get; }

    /// <summary>How many sessions have been created so far.</summary>
    public int Created => Volatile.Read(ref _created);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var parts = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (request.Method == HttpMethod.Delete)
        {
            if (!_sessions.TryRemove(parts[1], out var leaving))
            {
                return new(HttpStatusCode.NotFound);
            }

            await leaving.LeaveAsync("left");
            return new(HttpStatusCode.OK);
        }

        if (parts[0] == "moved")
        {
            return new(HttpStatusCode.TemporaryRedirect) { Headers = { Location = new($"/{parts[1]}/{parts[2]}", UriKind.Relative) } };
        }

        var publishes = parts[0] == "whip";
        var offer = await request.Content!.ReadAsStringAsync(cancellationToken);
        var rights = new RoomRights(parts[1], Guid.NewGuid().ToString("N"), "someone", "speaker", publishes, !publishes, Hidden: !publishes);
        var result = publishes ? await Server.WhipAsync(rights, offer) : await Server.WhepAsync(rights, offer);
        if (!result.IsOk)
        {
            return new(HttpStatusCode.NotFound) { Content = new StringContent($$"""{"code":"{{result.Error!.Code}}"}""") };
        }

        var id = Guid.NewGuid().ToString("N");
        _sessions[id] = result.Value.Participant;
        Interlocked.Increment(ref _created);
        return new(HttpStatusCode.Created)
        {
            Headers = { Location = new($"/sessions/{id}", UriKind.Relative) },
            Content = new StringContent(result.Value.Answer.Sdp) { Headers = { ContentType = new MediaTypeHeaderValue("application/sdp") } },
        };
    }

    protected override void Dispose(bool disposing)
    {
        Server.Dispose();
        _metrics.Dispose();
        base.Dispose(disposing);
    }

    private sealed class NullObserver : IRoomObserver
    {
        public void Record(string type, object data)
        {
        }
    }
}
