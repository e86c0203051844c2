using System.Diagnostics;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Sdp;

namespace Events.Benchmarks.Load;

/// <summary>One run: join everybody, measure for a while, leave.</summary>
internal sealed class LoadRun(LoadOptions options, ClientStack stack, ILoadSignalling signalling)
{
    // Joins at a time: a door that opens, not a stampede.
    private const int ConcurrentJoins = 16;
    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    private readonly List<(SyntheticPublisher Client, LoadSession Session)> _publishers = [];
    private readonly List<Seat> _seats = [];
    private readonly Lock _gate = new();
    private EndpointLoop _publisherLoop = null!;
    private EndpointLoop[] _viewerLoops = [];
    private DelayHistogram[] _delays = [];
    private Counters _departed;
    private int _churned;

    private sealed record Seat(SyntheticViewer Viewer, LoadSession Session, EndpointLoop Loop, int Room);

    private readonly record struct Counters(long Sent, long Expected, long Received, long Repaired, long Delivered, long Bytes, long Corrupt, long Refused, long VideoLost, long KeyframeRequests);

    public async Task<LoadReport> RunAsync()
    {
        using var publisherLoop = new EndpointLoop("publishers", 0);
        _publisherLoop = publisherLoop;
        _viewerLoops = [.. Enumerable.Range(0, options.Threads).Select(i => new EndpointLoop($"viewers {i}", options.Loss))];
        _delays = [.. _viewerLoops.Select(_ => new DelayHistogram())];
        try
        {
            for (var i = 0; i < options.Publishers; i++)
            {
                await PublishAsync(i);
            }

            await RehearseAsync();
            var before = ServerUsage.Of(options.Pids);
            await JoinAllAsync();
            await Task.Delay(SettleTime);
            return await MeasureAsync(before);
        }
        finally
        {
            await LeaveAsync();
            Array.ForEach(_viewerLoops, l => l.Dispose());
        }
    }

    private async Task PublishAsync(int room)
    {
        var session = await signalling.PublishAsync(room);
        var publisher = new SyntheticPublisher(stack, session.Session, session.Host, options);
        _publishers.Add((publisher, session));
        await _publisherLoop.AddAsync(publisher);
        await publisher.Connected.Task.WaitAsync(JoinTimeout);
    }

    /// <summary>One viewer comes and goes in each loop before those who count, so that none of them waits for the generator's own first time.</summary>
    private async Task RehearseAsync()
    {
        for (var thread = 0; thread < options.Threads; thread++)
        {
            await JoinAsync(0, thread);
        }

        Seat[] seats = [.. _seats];
        _seats.Clear();
        foreach (var seat in seats)
        {
            await LeaveAsync(seat);
        }
    }

    private async Task JoinAllAsync()
    {
        using var door = new SemaphoreSlim(ConcurrentJoins);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, options.Viewers).Select(async i =>
        {
            if (options.JoinsPerSecond > 0 && TimeSpan.FromSeconds(i / options.JoinsPerSecond) - clock.Elapsed is var early && early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }

            await door.WaitAsync();
            try
            {
                await JoinAsync(i % options.Publishers, i % options.Threads);
            }
            finally
            {
                door.Release();
            }
        }));
    }

    private async Task JoinAsync(int room, int thread)
    {
        var offeredAt = ClientClock.Now;
        try
        {
            var session = await signalling.ViewAsync(room);
            var viewer = new SyntheticViewer(stack, session.Session, session.Host, options.Gro, offeredAt);
            lock (_gate)
            {
                _seats.Add(new(viewer, session, _viewerLoops[thread], room));
            }

            await _viewerLoops[thread].AddAsync(viewer);
            await viewer.Joined.Task.WaitAsync(JoinTimeout);
        }
        catch (Exception error) when (error is SignallingException or TimeoutException)
        {
            Console.Error.WriteLine($"A viewer did not join: {error.Message}");
        }
    }

    private async Task<LoadReport> MeasureAsync(ServerUsage before)
    {
        var loaded = ServerUsage.Of(options.Pids);
        var drops = ServerUsage.ReceiveBufferErrors();
        var generator = Process.GetCurrentProcess().TotalProcessorTime;
        var from = await CountAsync(_delays);
        var clock = Stopwatch.StartNew();
        using (var end = new CancellationTokenSource(TimeSpan.FromSeconds(options.Seconds)))
        {
            await ChurnUntilAsync(end.Token);
        }

        var to = await CountAsync(null);
        var seconds = clock.Elapsed.TotalSeconds;
        var after = ServerUsage.Of(options.Pids);
        var delivered = to.Delivered - from.Delivered;
        var delays = new DelayHistogram();
        Array.ForEach(_delays, d => d.AddTo(delays));
        var viewers = _seats.Select(s => s.Viewer).ToArray();
        var cpu = options.Pids.Count == 0 ? (double?)null : after.CpuSeconds - loaded.CpuSeconds;
        return new()
        {
            Server = options.Janus?.ToString() ?? options.Url.ToString(),
            Publishers = _publishers.Count,
            Viewers = options.Viewers,
            Joined = viewers.Count(v => v.FirstKeyframe is not null),
            Dropped = viewers.Count(v => v.FirstKeyframe is not null && v.EndReason is not null),
            Seconds = seconds,
            Pacing = options.Paced ? "paced" : "burst",
            FirstMediaP50 = Quantile(viewers.Select(v => v.FirstMedia), 0.5),
            FirstMediaP99 = Quantile(viewers.Select(v => v.FirstMedia), 0.99),
            FirstKeyframeP50 = Quantile(viewers.Select(v => v.FirstKeyframe), 0.5),
            FirstKeyframeP99 = Quantile(viewers.Select(v => v.FirstKeyframe), 0.99),
            FirstPresentP50 = Quantile(viewers.Select(v => v.FirstPresent), 0.5),
            FirstPresentP99 = Quantile(viewers.Select(v => v.FirstPresent), 0.99),
            PacketsSent = to.Sent - from.Sent,
            PacketsExpected = to.Expected - from.Expected,
            PacketsReceived = to.Received - from.Received,
            PacketsLost = to.Expected - from.Expected - (to.Received - from.Received),
            VideoPacketsLost = to.VideoLost - from.VideoLost,
            PacketsRepaired = to.Repaired - from.Repaired,
            PacketsCorrupt = to.Corrupt,
            PacketsRefused = to.Refused - from.Refused,
            DelayP50 = delays.Quantile(0.5),
            DelayP99 = delays.Quantile(0.99),
            MegabitsPerSecond = (to.Bytes - from.Bytes) * 8 / seconds / 1e6,
            PacketsPerSecond = delivered / seconds,
            KeyframeRequests = to.KeyframeRequests,
            ServerCpuShare = cpu / seconds,
            ServerMicrosecondsPerPacket = delivered == 0 ? null : cpu * 1e6 / delivered,
            ServerKilobytesPerViewer = viewers.Length == 0 || cpu is null ? null : (loaded.ResidentBytes - before.ResidentBytes) / 1024.0 / viewers.Length,
            ServerResidentMegabytes = cpu is null ? null : after.ResidentBytes / 1e6,
            GeneratorCpuShare = (Process.GetCurrentProcess().TotalProcessorTime - generator).TotalSeconds / seconds,
            KernelReceiveDrops = ServerUsage.ReceiveBufferErrors() - drops,
            Churned = _churned,
        };
    }

    /// <summary>Sums up, each loop's viewers on its own thread; starts delay measurement when histograms are given.</summary>
    private async Task<Counters> CountAsync(DelayHistogram[]? delays)
    {
        Seat[] seats;
        lock (_gate)
        {
            seats = [.. _seats];
        }

        var sums = await Task.WhenAll(_viewerLoops.Select((loop, index) => loop.RunAsync(() =>
        {
            var sum = default(Counters);
            foreach (var seat in seats)
            {
                if (seat.Loop == loop)
                {
                    seat.Viewer.Delays = delays?[index] ?? seat.Viewer.Delays;
                    sum = Add(sum, CountersOf(seat.Viewer));
                }
            }

            return sum;
        })));
        var sent = await _publisherLoop.RunAsync(() => _publishers.Aggregate(default(Counters), (sum, p) =>
            Add(sum, default(Counters) with { Sent = p.Client.PacketsSent, KeyframeRequests = p.Client.KeyframeRequests })));
        return sums.Append(sent).Append(_departed).Aggregate(Add);
    }

    private static Counters CountersOf(SyntheticViewer viewer)
    {
        var tracks = viewer.Peer.Receivers;
        return new(
            0, tracks.Sum(t => t.PacketsExpected), tracks.Sum(t => t.PacketsReceived), tracks.Sum(t => t.PacketsRepaired), viewer.Delivered,
            tracks.Sum(t => t.BytesReceived), viewer.Corrupt, viewer.Peer.Refused,
            tracks.Where(t => t.Media.Kind == MediaKind.Video).Sum(t => t.PacketsLost), 0);
    }

    private static Counters Add(Counters a, Counters b) => new(
        a.Sent + b.Sent, a.Expected + b.Expected, a.Received + b.Received, a.Repaired + b.Repaired, a.Delivered + b.Delivered, a.Bytes + b.Bytes,
        a.Corrupt + b.Corrupt, a.Refused + b.Refused, a.VideoLost + b.VideoLost, a.KeyframeRequests + b.KeyframeRequests);

    private async Task ChurnUntilAsync(CancellationToken end)
    {
        try
        {
            if (options.Churn == 0)
            {
                await Task.Delay(Timeout.Infinite, end);
            }

            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / options.Churn));
            for (var i = 0; await timer.WaitForNextTickAsync(end); i++)
            {
                await ReplaceAsync(i);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }

    private async Task ReplaceAsync(int turn)
    {
        Seat seat;
        lock (_gate)
        {
            // The longest there goes first.
            seat = _seats[0];
            _seats.RemoveAt(0);
        }

        await seat.Session.EndAsync();
        await seat.Loop.RemoveAsync(seat.Viewer);
        _departed = Add(_departed, CountersOf(seat.Viewer));
        seat.Viewer.Dispose();
        _churned++;
        await JoinAsync(seat.Room, turn % options.Threads);
    }

    private async Task LeaveAsync()
    {
        foreach (var seat in _seats)
        {
            await LeaveAsync(seat);
        }

        foreach (var (client, session) in _publishers)
        {
            await EndQuietlyAsync(session);
            await _publisherLoop.RemoveAsync(client);
            client.Dispose();
        }
    }

    private static async Task LeaveAsync(Seat seat)
    {
        await EndQuietlyAsync(seat.Session);
        await seat.Loop.RemoveAsync(seat.Viewer);
        seat.Viewer.Dispose();
    }

    private static async Task EndQuietlyAsync(LoadSession session)
    {
        try
        {
            await session.EndAsync();
        }
        catch (SignallingException error)
        {
            Console.Error.WriteLine($"A session did not end cleanly: {error.Message}");
        }
    }

    private static double Quantile(IEnumerable<TimeSpan?> values, double share)
    {
        var sorted = values.Where(v => v is not null).Select(v => v!.Value.TotalMilliseconds).Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
    }
}
