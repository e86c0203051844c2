using System.Collections.Concurrent;
using Events.Platform.Data.Work;
using Events.Tests.Platform.Features.Privacy;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Platform.Data;

/// <summary>What breaks is told and tried again, and ends nothing else.</summary>
public sealed class RowWorkerTests : IDisposable
{
    private readonly CapturedLog _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task A_row_that_breaks_is_told_and_tried_again_and_holds_no_other_up()
    {
        using var work = new Work(_log, async (worker, row) =>
        {
            worker.Done.Enqueue(row);
            await Task.Yield();
            if (row == "bad")
            {
                throw new InvalidOperationException("The row is broken.");
            }
        });
        await work.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => Task.FromResult(work.Done.Count == 2), "both have had their turn");
        Assert.Equal(["bad", "good"], work.Done);
        var told = Assert.Single(_log.Lines);
        Assert.Contains("row bad", told, StringComparison.Ordinal);
        Assert.Contains("The row is broken.", told, StringComparison.Ordinal);
        Assert.Contains(nameof(RowWorkerTests), told, StringComparison.Ordinal); // where it broke

        work.Wake();
        await Eventually.TrueAsync(() => Task.FromResult(work.Done.Count == 4), "both have another turn");
        await work.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task What_breaks_a_whole_look_does_not_end_the_platform()
    {
        using var work = new Work(_log, (_, _) => Task.CompletedTask) { BreaksAtOnce = true };
        await work.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => Task.FromResult(_log.Lines.Count == 1), "it is told");
        Assert.Contains("The look is broken.", Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.False(work.ExecuteTask!.IsCompleted);

        work.BreaksAtOnce = false;
        work.Wake();
        await Eventually.TrueAsync(() => Task.FromResult(work.Looks == 2), "it looks again");
        await work.StopAsync(CancellationToken.None);
        Assert.True(work.ExecuteTask!.IsCompletedSuccessfully);
    }

    private sealed class Work(ILogger log, Func<Work, string, Task> doRow) : RowWorker(log)
    {
        public ConcurrentQueue<string> Done { get; } = [];

        public bool BreaksAtOnce { get; set; }

        public int Looks { get; private set; }

        public override string Due => "false";

        protected override async Task WorkAsync(CancellationToken cancel)
        {
            Looks++;
            if (BreaksAtOnce)
            {
                throw new InvalidOperationException("The look is broken.");
            }

            foreach (var row in new[] { "bad", "good" })
            {
                await TryAsync($"row {row}", () => doRow(this, row));
            }
        }
    }
}
