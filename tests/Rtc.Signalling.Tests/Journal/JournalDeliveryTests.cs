using System.Text.Json;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Journal;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Rtc.Signalling.Journal;

public sealed class JournalDeliveryTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events-delivery-").FullName;
    private readonly List<(string Epoch, long Seq, int I)> _received = [];
    private readonly Queue<Func<IReadOnlyList<long>, IResult?>> _misbehaviour = new();
    private WebApplication _platform = null!;
    private string? _authorization;
    private int _largestBatch;

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _platform = builder.Build();
        _platform.MapPost("/internal/nodes/{node}/events", async (string node, HttpContext context) =>
        {
            using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body);
            Assert.Equal("media-1", node);
            lock (_received)
            {
                _authorization = context.Request.Headers.Authorization;
                string epoch = body.RootElement.GetProperty("epoch").GetString()!;
                List<(string, long Seq, int)> batch = [.. body.RootElement.GetProperty("events").EnumerateArray()
                    .Select(e => (epoch, e.GetProperty("seq").GetInt64(), e.GetProperty("data").GetProperty("i").GetInt32()))];
                _largestBatch = Math.Max(_largestBatch, batch.Count);
                if (_misbehaviour.TryDequeue(out var misbehave) && misbehave([.. batch.Select(e => e.Seq)]) is { } result)
                    return result;
                _received.AddRange(batch);
                return Results.Json(new { ack = batch[^1].Seq });
            }
        });
        await _platform.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _platform.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Every_event_arrives_in_order_with_the_node_key()
    {
        using IHost node = await StartNode();
        EventJournal journal = node.Services.GetRequiredService<EventJournal>();
        for (int i = 0; i < 1500; i++)
            journal.Record("track.muted", new { i });

        await Wait.Until(() => Received >= 1500 && journal.Count == 0, "1,500 events arrive");

        Assert.Equal("Bearer 0123456789abcdef", _authorization);
        Assert.Equal(Enumerable.Range(0, 1500), _received.Select(e => e.I));
        Assert.InRange(_largestBatch, 1, JournalDelivery.MaxBatch);
        await node.StopAsync();
    }

    [Fact]
    public async Task Failures_nonsense_and_lost_answers_delay_but_lose_nothing()
    {
        lock (_received)
        {
            _misbehaviour.Enqueue(_ => Results.StatusCode(503));
            _misbehaviour.Enqueue(_ => Results.StatusCode(413));
            _misbehaviour.Enqueue(_ => Results.Text("no json"));
            _misbehaviour.Enqueue(_ => Results.Json(new { ack = 0 }));
            _misbehaviour.Enqueue(_ => Results.Json(new { ack = long.MaxValue }));
            _misbehaviour.Enqueue(_ => Results.Json(new { ack = "7" }));
            // Taken, but the answer never makes it: the platform sees these again.
            _misbehaviour.Enqueue(seqs =>
            {
                _received.AddRange(seqs.Select(seq => ("", seq, (int)seq - 1)));
                return Results.StatusCode(500);
            });
        }

        using IHost node = await StartNode();
        EventJournal journal = node.Services.GetRequiredService<EventJournal>();
        for (int i = 0; i < 20; i++)
            journal.Record("track.muted", new { i });

        await Wait.Until(() => Received >= 20 && journal.Count == 0, "20 events arrive");

        long highest = 0;
        List<int> applied = [];
        foreach ((_, long seq, int i) in _received)
        {
            if (seq <= highest)
                continue; // what the platform does with duplicates
            highest = seq;
            applied.Add(i);
        }

        Assert.Equal(Enumerable.Range(0, 20), applied);
        await node.StopAsync();
    }

    [Fact]
    public async Task A_partial_acknowledgement_keeps_the_rest()
    {
        lock (_received)
            _misbehaviour.Enqueue(seqs => Results.Json(new { ack = seqs[0] }));
        using IHost node = await StartNode();
        EventJournal journal = node.Services.GetRequiredService<EventJournal>();
        for (int i = 0; i < 5; i++)
            journal.Record("track.muted", new { i });
        await Wait.Until(() => journal.Count == 0 && Received >= 4, "the rest arrives");
        Assert.Equal([1, 2, 3, 4], _received.Select(e => e.I));
        await node.StopAsync();
    }

    [Fact]
    public async Task What_a_stopped_node_did_not_deliver_is_delivered_by_its_successor()
    {
        Uri nobody = new("http://127.0.0.1:1/");
        using (IHost node = await StartNode(nobody))
        {
            EventJournal journal = node.Services.GetRequiredService<EventJournal>();
            journal.Record("track.muted", new { i = 0 });
            await journal.FlushAsync();
            await node.StopAsync();
        }

        using IHost successor = await StartNode();
        await Wait.Until(() => Received == 1, "the event arrives");
        await successor.StopAsync();
    }

    private int Received
    {
        get
        {
            lock (_received)
                return _received.Count;
        }
    }

    private async Task<IHost> StartNode(Uri? platform = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddEventJournal(new JournalOptions
        {
            Directory = _directory,
            NodeName = "media-1",
            NodeKey = SecretRing.Of("0123456789abcdef"),
            PlatformUrl = platform ?? new Uri(_platform.Urls.First()),
        });
        IHost host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
