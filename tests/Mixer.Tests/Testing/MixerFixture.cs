using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Events.MediaRegistry.Blobs;
using Events.Mixer;
using Events.Mixer.Recording;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>A mixer over a temporary directory, with its events.</summary>
public sealed class MixerFixture : IAsyncDisposable, IMixerEvents
{
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public MixerFixture(string? directory = null, Func<MixerOptions, MixerOptions>? configure = null)
    {
        Root = directory ?? Directory.CreateTempSubdirectory("mixer-").FullName;
        Options = new() { DataDirectory = Root, NodeKey = () => "key", RetryDelay = TimeSpan.FromMilliseconds(50), DiskReserve = 0 };
        Options = configure?.Invoke(Options) ?? Options;
        Blobs = new DiskBlobStore(Path.Combine(Root, "blobs"));
        var metrics = new MixerMetrics(_provider.GetRequiredService<IMeterFactory>());
        Service = new(Options, Blobs, this, metrics, NullLogger<MixerService>.Instance);
        Services = new(Options, Blobs, this, metrics, NullLogger.Instance, new(Options.MaxComposites), new(Options.DiskReserve, Root));
    }

    public string Root { get; }

    public MixerOptions Options { get; }

    public DiskBlobStore Blobs { get; }

    public MixerService Service { get; }

    /// <summary>For a job that a test runs itself.</summary>
    internal RecordingServices Services { get; }

    public ConcurrentQueue<(string Type, object Data)> Events { get; } = new();

    public string RelayPath => Path.Combine(Root, "relay.sock");

    public void Record(string type, object data) => Events.Enqueue((type, data));

    public T? Event<T>()
        where T : class => Events.Select(e => e.Data).OfType<T>().LastOrDefault();

    public static async Task Until(Func<bool> condition, string what, int seconds = 40)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds), $"waited in vain for {what}");
            await Task.Delay(10);
        }
    }

    /// <summary>Stops, waits for the composite, and gives its file.</summary>
    public async Task<(RecordingComposed Composed, string Path)> FinishAsync(string recording)
    {
        Assert.True((await Service.StopAsync(recording)).IsOk);
        return await ComposedAsync();
    }

    public async Task<(RecordingComposed Composed, string Path)> ComposedAsync()
    {
        await Until(() => Event<RecordingComposed>() is not null || Event<RecordingFailed>() is not null, "the composite");
        Assert.Null(Event<RecordingFailed>());
        var composed = Event<RecordingComposed>()!;
        await using var blob = await Blobs.OpenReadAsync(composed.Video.Sha256);
        var path = Path.Combine(Root, "composite.mp4");
        await using var file = File.Create(path);
        await blob!.Stream.CopyToAsync(file);
        return (composed, path);
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await _provider.DisposeAsync();
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
