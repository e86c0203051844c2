using System.Text.Json;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;

namespace Events.Tests.EndToEnd.Browsers;

/// <summary>What one participant's browser measured over some seconds.</summary>
/// <param name="FramesPerSecond">Decoded of the remote picture, the slowest one.</param>
/// <param name="Width">Of the remote picture.</param>
/// <param name="Loudness">RMS of the remote sound at its loudest, 0…1.</param>
/// <param name="SendCipher">SRTP profile towards the SFU.</param>
/// <param name="ReceiveCipher">SRTP profile from the SFU.</param>
/// <param name="VideoTracks">Remote pictures.</param>
public sealed record CallFigures(double FramesPerSecond, int Width, double Loudness, string SendCipher, string ReceiveCipher, int VideoTracks);

/// <summary>The selected candidate pair of a peer connection.</summary>
/// <param name="Protocol">Of this side: udp or tcp; of a relayed one, between relay and server.</param>
/// <param name="Type">Of this side: host, prflx, relay.</param>
/// <param name="Address">The server's.</param>
/// <param name="Port">The server's.</param>
public sealed record MediaPath(string Protocol, string Type, string Address, int Port);

/// <summary>One person's page: signing in, joining, and what can be seen and measured there.</summary>
public sealed class RoomPage : IAsyncDisposable
{
    /// <summary>Keeps the page's sockets within reach, so that a test can cut them and keep them cut.</summary>
    private const string SocketGate = """
        (() => {
          const open = new Set();
          const Real = window.WebSocket;
          let cut = false;
          window.WebSocket = class extends Real {
            constructor(url, protocols) {
              super(cut ? `${url}/cut` : url, protocols); // an address that refuses: the page's policy allows no other host
              open.add(this);
              this.addEventListener('close', () => open.delete(this));
            }
          };
          window.cutSockets = () => { cut = true; for (const socket of open) socket.close(); return open.size; };
          window.mendSockets = () => { cut = false; };
        })();
        """;

    /// <summary>Notes when each step of a reload is done; times of a page count from when it began to load.</summary>
    private const string ReloadWatch = """
        (() => {
          if (window.reloaded) return;
          const steps = (window.reloaded = { script: performance.now() });
          const note = (name, done) => { if (done && !(name in steps)) steps[name] = performance.now(); };
          const look = async () => {
            const rtc = window.eventsRtc;
            note('account', performance.getEntriesByType('resource').some((r) => r.name.endsWith('/me') && r.responseEnd > 0));
            note('grant', performance.getEntriesByType('resource').some((r) => r.name.endsWith('/grants') && r.responseEnd > 0));
            note('joined', rtc?.you);
            note('connected', rtc?.subscriber?.connectionState === 'connected');
            const stats = rtc?.subscriber && [...(await rtc.subscriber.getStats()).values()];
            note('packet', stats?.some((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.packetsReceived > 0));
            note('frame', stats?.some((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.framesDecoded > 0));
            if (!steps.frame) setTimeout(look, 10);
          };
          look();
        })();
        """;

    private const string PolicyLabel = "Content-Security-Policy: ";

    /// <summary>What the page's Content-Security-Policy kept it from counts among its errors: no page of ours asks for what its policy refuses.</summary>
    private const string PolicyWatch = """
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber, sample }) =>
          console.error(`Content-Security-Policy: ${effectiveDirective} refuses ${blockedURI} (${sourceFile}:${lineNumber} ${sample})`));
        """;

    private const string Measure = """
        async (ms) => {
          const rtc = window.eventsRtc;
          const reports = async () => {
            const all = await rtc.stats();
            const cipher = (list) => list.find((s) => s.type === 'transport')?.srtpCipher ?? '';
            const video = all.subscriber.filter((s) => s.type === 'inbound-rtp' && s.kind === 'video');
            return { video, send: cipher(all.publisher), receive: cipher(all.subscriber) };
          };
          const context = new AudioContext();
          await context.resume();
          const ears = [...rtc.media.values()].filter((t) => t.kind === 'audio').map((track) => {
            const analyser = context.createAnalyser();
            analyser.fftSize = 2048;
            context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
            return analyser;
          });
          const samples = new Float32Array(2048);
          const loudest = ears.map(() => 0);
          const listen = () => ears.forEach((ear, i) => {
            ear.getFloatTimeDomainData(samples);
            loudest[i] = Math.max(loudest[i], Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length));
          });
          const before = await reports();
          const start = performance.now();
          const timer = setInterval(listen, 40);
          await new Promise((done) => setTimeout(done, ms));
          clearInterval(timer);
          const after = await reports();
          const seconds = (performance.now() - start) / 1000;
          await context.close();
          const rates = after.video.map((s) => (s.framesDecoded - (before.video.find((b) => b.id === s.id)?.framesDecoded ?? 0)) / seconds);
          return {
            framesPerSecond: rates.length ? Math.min(...rates) : 0,
            width: after.video.length ? Math.min(...after.video.map((s) => s.frameWidth ?? 0)) : 0,
            loudness: loudest.length ? Math.min(...loudest) : 0,
            sendCipher: after.send, receiveCipher: after.receive, videoTracks: after.video.length,
          };
        }
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];

    private RoomPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.PageError += (_, error) => _errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Text.StartsWith(PolicyLabel, StringComparison.Ordinal))
            {
                _errors.Add(message.Text);
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Uncaught errors of the page's scripts, and what its policy refused.</summary>
    public IReadOnlyList<string> Errors => _errors;

    public static async Task<RoomPage> OpenAsync(IBrowserContext context)
    {
        await context.AddInitScriptAsync(SocketGate);
        await context.AddInitScriptAsync(PolicyWatch);
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        return new(context, page);
    }

    public ILocator Find(string testId) => Page.GetByTestId(testId);

    /// <summary>Signs in with the demo's button and lands at the session's door.</summary>
    public async Task OpenAsOrganiserAsync(DemoSession session)
    {
        await Page.GotoAsync($"/sign-in?next={Uri.EscapeDataString(PathOf(session))}");
        await Find("sign-in-demo").ClickAsync();
        await Find("join-publish").WaitForAsync();
    }

    /// <param name="session">Where to.</param>
    /// <param name="name">How others see the guest.</param>
    /// <param name="videoCodec">What the guest's camera is sent in; null: the browser's choice.</param>
    public async Task OpenAsGuestAsync(DemoSession session, string name, string? videoCodec = null, bool data = false)
    {
        await Page.GotoAsync(PathOf(session) + (videoCodec is null ? data ? "?data" : "" : $"?video={videoCodec}"));
        await Find("join-name").FillAsync(name);
    }

    public async Task JoinAsync(string door = "join-publish")
    {
        await Find(door).ClickAsync();
        await Find("room").WaitForAsync();
        await Page.Locator("[data-testid=connection-state][data-state=connected]").WaitForAsync();
    }

    /// <summary>Presses join and says how long it took until the first remote frame was decoded, in milliseconds.</summary>
    public Task<double> JoinTimedAsync(string door) => Page.EvaluateAsync<double>(
        """
        async (door) => {
          const start = performance.now();
          document.querySelector(`[data-testid=${door}]`).click();
          while (performance.now() - start < 15000) {
            const stats = await window.eventsRtc?.subscriber?.getStats();
            const seen = stats && [...stats.values()].some((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.framesDecoded > 0);
            if (seen) return performance.now() - start;
            await new Promise((done) => setTimeout(done, 10));
          }
          return Infinity;
        }
        """,
        door);

    /// <summary>
    /// Reloads the page, which comes back into the room by itself. How long it took, in milliseconds from the moment that the page began to load: until somebody
    /// else's picture was decoded, and for the eye of who reads a failure each step on the way there.
    /// </summary>
    public async Task<(double Back, string Way)> ReloadTimedAsync()
    {
        await Page.AddInitScriptAsync(ReloadWatch);
        await Page.ReloadAsync(new() { WaitUntil = WaitUntilState.Commit });
        await Page.WaitForFunctionAsync("() => window.reloaded?.frame", null, new() { Timeout = 60_000, PollingInterval = 50 });
        var steps = await Page.EvaluateAsync<JsonElement>("() => window.reloaded");
        return (steps.GetProperty("frame").GetDouble(), steps.ToString());
    }

    /// <summary>Waits until this many other people's pictures are shown.</summary>
    public Task SeeOthersAsync(int count) =>
        Page.WaitForFunctionAsync("count => document.querySelectorAll('[data-testid=tile][data-self=false][data-video=true]').length >= count", count);

    public async Task<CallFigures> MeasureAsync(TimeSpan time)
    {
        var figures = await Page.EvaluateAsync<JsonElement>(Measure, time.TotalMilliseconds);
        return figures.Deserialize<CallFigures>(Json)!;
    }

    /// <summary>Frames decoded of all remote pictures so far.</summary>
    public Task<int> FramesDecodedAsync() => Page.EvaluateAsync<int>(
        """
        async () => [...(await window.eventsRtc.subscriber.getStats()).values()]
          .filter((s) => s.type === 'inbound-rtp' && s.kind === 'video').reduce((sum, s) => sum + s.framesDecoded, 0)
        """);

    /// <summary>Waits until every remote picture has gone on.</summary>
    public async Task SeesMotionAsync(TimeSpan patience)
    {
        var before = await FramesDecodedAsync();
        await Until.True("the picture moves", patience, async () => await FramesDecodedAsync() >= before + 10);
    }

    /// <summary>The way that media takes to the server now, of both peer connections; those without one are left out.</summary>
    public async Task<IReadOnlyList<MediaPath>> PathsAsync()
    {
        var paths = await Page.EvaluateAsync<JsonElement>(
            """
            async () => {
              const paths = [];
              for (const pc of [window.eventsRtc.publisher, window.eventsRtc.subscriber]) {
                const stats = await pc.getStats();
                const transport = [...stats.values()].find((s) => s.type === 'transport');
                const pair = stats.get(transport?.selectedCandidatePairId);
                const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
                if (remote) paths.push({ protocol: local.protocol, type: local.candidateType, address: remote.address, port: remote.port });
              }
              return paths;
            }
            """);
        return paths.Deserialize<List<MediaPath>>(Json)!;
    }

    /// <summary>Waits until a remote picture of such a width is decoded.</summary>
    public Task SeeWidthAsync(int width, TimeSpan patience) => Until.True(
        $"a picture {width} wide",
        patience,
        () => Page.EvaluateAsync<bool>(
            """
            async (width) => {
              const all = async () => [...(await window.eventsRtc.subscriber.getStats()).values()].filter((s) => s.type === 'inbound-rtp' && s.kind === 'video');
              const before = await all();
              await new Promise((done) => setTimeout(done, 300));
              const after = await all();
              return after.some((s) => s.frameWidth === width && s.framesDecoded > (before.find((b) => b.id === s.id)?.framesDecoded ?? 0));
            }
            """,
            width));

    /// <summary>Waits until a tile says such a size, in lines.</summary>
    public Task SaysSizeAsync(Func<int, bool> expected, TimeSpan patience) => Until.True(
        "a size that is said on a tile",
        patience,
        async () => expected(await Page.EvaluateAsync<int>("() => parseInt(document.querySelector('[data-testid=tile-size]')?.textContent ?? '0')")));

    /// <summary>Waits until this person's browser encodes a layer, or has stopped to.</summary>
    public Task SendsLayerAsync(string rid, bool active, TimeSpan patience) => Until.True(
        $"layer {rid} {(active ? "sent" : "stopped")}",
        patience,
        () => Page.EvaluateAsync<bool>(
            """
            async ([rid, active]) => [...(await window.eventsRtc.publisher.getStats()).values()]
              .some((s) => s.type === 'outbound-rtp' && s.kind === 'video' && s.rid === rid && s.active === active)
            """,
            (object[])[rid, active]));

    /// <summary>What this person's camera is sent as: rid, width and whether it is encoded, of each stream.</summary>
    public Task<string> SentLayersAsync() => Page.EvaluateAsync<string>(
        """
        async () => [...(await window.eventsRtc.publisher.getStats()).values()].filter((s) => s.type === 'outbound-rtp' && s.kind === 'video')
          .map((s) => `${s.rid ?? '-'} ${s.frameWidth ?? 0} ${s.active} ${s.scalabilityMode ?? ''} ${s.framesEncoded}`).sort().join(', ')
        """);

    public Task<string> ParticipantIdAsync() => Page.EvaluateAsync<string>("() => window.eventsRtc.you.participantId");

    public Task<int> CutSocketsAsync() => Page.EvaluateAsync<int>("() => window.cutSockets()");

    public Task MendSocketsAsync() => Page.EvaluateAsync("() => window.mendSockets()");

    public async Task ScreenshotAsync(string name)
    {
        Directory.CreateDirectory(Repository.Results);
        await Page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Results, $"{name}.png"), Type = ScreenshotType.Png });
    }

    public async ValueTask DisposeAsync() => await _context.CloseAsync();

    public static string PathOf(DemoSession session) => $"/e/{session.EventSlug}/s/{session.Id}";
}
