using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Journal;

/// <summary>
/// The node's numbered events, kept on disk until the platform has acknowledged them. A thread of its own writes and
/// syncs in groups, so that <see cref="Record"/> only hands on. What <see cref="Pending"/> shows is durable.
/// </summary>
public sealed class EventJournal : IDisposable
{
    /// <summary>Events that come within this time share one fsync; it is the most that a lone event waits for one.</summary>
    private static readonly TimeSpan GroupWindow = TimeSpan.FromMilliseconds(10);

    /// <summary>After a failed write (disk full) the next try comes after this.</summary>
    private static readonly TimeSpan WriteRetry = TimeSpan.FromSeconds(1);

    /// <summary>Acknowledged bytes that the file may carry before it is rewritten.</summary>
    private const long MaxDeadBytes = 1024 * 1024;

    internal const long MaxSeq = 1L << 62;

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private readonly JournalOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<EventJournal> _logger;
    private readonly SignallingMetrics? _metrics;
    private readonly HashSet<string> _lossyTypes;
    private readonly FileStream _lock;
    private readonly JournalFile _file;
    private readonly Thread _thread;

    private readonly ConcurrentQueue<Arrival> _arrivals = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly ManualResetEventSlim _stop = new(false);
    private int _waiting;
    private long _refused;

    private readonly Lock _gate = new();
    private readonly List<JournalEvent> _pending;
    private long _pendingBytes;
    private long _nextSeq;
    private TaskCompletionSource _hasPending = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _saidFull;

    /// <summary>Opens the journal in <see cref="JournalOptions.Directory"/>; makes a new one, with a new epoch, when there is none.</summary>
    /// <exception cref="IOException">Another process has it open, or the disk fails.</exception>
    /// <exception cref="InvalidDataException">The file's header is damaged.</exception>
    public EventJournal(JournalOptions options, TimeProvider clock, ILogger<EventJournal> logger, SignallingMetrics? metrics = null)
    {
        _options = options;
        _clock = clock;
        _logger = logger;
        _metrics = metrics;
        _lossyTypes = [.. options.LossyTypes];
        Directory.CreateDirectory(options.Directory);
        _lock = new FileStream(Path.Combine(options.Directory, "journal.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            (_file, JournalContent content) = JournalFile.Open(Path.Combine(options.Directory, "journal"), options.Disk);
            Epoch = content.Epoch;
            _pending = [.. content.Events];
            _pendingBytes = content.Events.Sum(record => (long)record.Json.Length);
            _nextSeq = content.NextSeq;
            if (content.TornBytes > 0)
                RtcSignallingLog.JournalTailDropped(logger, content.TornBytes, options.Directory);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }

        if (_pending.Count > 0)
            _hasPending.SetResult();
        metrics?.ObserveJournal(() => Count);
        _thread = new Thread(Run) { Name = "event journal", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Names this journal; numbers count within it.</summary>
    public Guid Epoch { get; }

    /// <summary>Durable events that wait for an acknowledgement.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _pending.Count;
        }
    }

    /// <summary>Takes an event; from any thread, without blocking. It is durable within 50 ms (or when <see cref="FlushAsync"/> completes).</summary>
    /// <param name="type">See docs/api.md, "Events of nodes".</param>
    /// <param name="data">Serialised later, on the journal's thread: hand over something that does not change.</param>
    public void Record(string type, object data)
    {
        // A journal whose disk hangs must not eat the process.
        if (Volatile.Read(ref _waiting) >= _options.MaxEvents)
        {
            Interlocked.Increment(ref _refused);
            return;
        }

        Interlocked.Increment(ref _waiting);
        _arrivals.Enqueue(new Arrival(_clock.GetUtcNow(), type, data, null));
        _wake.Set();
    }

    /// <summary>Completes when everything recorded before the call is durable.</summary>
    /// <returns>Fails with <see cref="IOException"/> when the journal was closed with a disk that takes nothing.</returns>
    public Task FlushAsync()
    {
        ObjectDisposedException.ThrowIf(_stop.IsSet, this);
        TaskCompletionSource flushed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref _waiting);
        _arrivals.Enqueue(new Arrival(default, "", this, flushed));
        _wake.Set();
        return flushed.Task;
    }

    /// <summary>The oldest events that were not acknowledged, at least one if there is any.</summary>
    public IReadOnlyList<JournalEvent> Pending(int maxEvents, long maxBytes)
    {
        lock (_gate)
        {
            int count = 0;
            long bytes = 0;
            while (count < _pending.Count && count < maxEvents && (count == 0 || bytes + _pending[count].Json.Length <= maxBytes))
                bytes += _pending[count++].Json.Length;
            return _pending.GetRange(0, count);
        }
    }

    /// <summary>Completes when there is something to deliver.</summary>
    public Task WaitForPendingAsync(CancellationToken stop)
    {
        lock (_gate)
            return _hasPending.Task.WaitAsync(stop);
    }

    /// <summary>The platform has every event up to this number; they are forgotten.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a number that a journal can reach (2^62).</exception>
    public void Acknowledge(long seq)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seq, MaxSeq);
        lock (_gate)
        {
            // The platform knows more of this epoch than we do: our disk was set back. Its numbers are not used again.
            if (seq >= _nextSeq)
            {
                RtcSignallingLog.JournalSetBack(_logger, seq, _nextSeq - 1);
                _nextSeq = seq + 1;
            }

            int count = 0;
            while (count < _pending.Count && _pending[count].Seq <= seq)
                _pendingBytes -= _pending[count++].Json.Length;
            _pending.RemoveRange(0, count);
            RearmLocked();
        }

        _wake.Set(); // the file may be due for a rewrite
    }

    /// <summary>Writes what was recorded, and closes.</summary>
    public void Dispose()
    {
        if (_stop.IsSet)
            return;
        _stop.Set();
        _wake.Set();
        _thread.Join();
        _file.Dispose();
        _lock.Dispose();
        // _wake stays: a worker that still records while the process ends may signal it.
    }

    private void Run()
    {
        while (!_stop.IsSet)
        {
            _wake.WaitOne();
            if (!_arrivals.IsEmpty)
                _stop.Wait(GroupWindow);
            WriteArrivals();
            CompactWhenDue(MaxDeadBytes);
        }

        WriteArrivals();
        CompactWhenDue(1); // the next start need not offer again what is acknowledged
    }

    private void WriteArrivals()
    {
        List<JournalEvent> batch = [];
        List<TaskCompletionSource> flushed = [];
        while (_arrivals.TryDequeue(out Arrival arrival))
        {
            Interlocked.Decrement(ref _waiting);
            if (arrival.Flushed is not null)
                flushed.Add(arrival.Flushed);
            else if (Number(arrival) is { } record)
                batch.Add(record);
        }

        long refused = Interlocked.Exchange(ref _refused, 0);
        if (refused > 0)
            Refused(refused);
        batch = MakeRoom(batch);
        bool durable = batch.Count == 0 || AppendUntilDurable(batch);
        foreach (TaskCompletionSource done in flushed)
        {
            if (durable)
                done.SetResult();
            else
                done.SetException(new IOException("The journal could not be written before it was closed."));
        }
    }

    private JournalEvent? Number(in Arrival arrival)
    {
        try
        {
            long seq;
            lock (_gate)
                seq = _nextSeq++;
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(new { seq, at = arrival.At, type = arrival.Type, data = arrival.Data }, Web);
            if (json.Length <= JournalFile.MaxJson)
                return new JournalEvent(seq, _lossyTypes.Contains(arrival.Type), json);
            RtcSignallingLog.JournalEventTooLarge(_logger, arrival.Type, json.Length);
        }
        catch (Exception exception)
        {
            // The data is somebody else's object; whatever its getters throw costs this event, not the journal.
            RtcSignallingLog.JournalEventUnserialisable(_logger, arrival.Type, exception);
        }

        _metrics?.JournalRefused(1);
        return null;
    }

    /// <summary>Drops lossy events, oldest first, when the new ones do not fit; refuses those that still do not.</summary>
    private List<JournalEvent> MakeRoom(List<JournalEvent> batch)
    {
        long batchBytes = batch.Sum(record => (long)record.Json.Length);
        lock (_gate)
        {
            if (_pending.Count + batch.Count <= _options.MaxEvents && _pendingBytes + batchBytes <= _options.MaxBytes)
            {
                _saidFull = false;
                return batch;
            }

            // An eighth more than needed, so that not every event walks the list.
            int excess = _pending.Count + batch.Count - _options.MaxEvents + (_options.MaxEvents / 8);
            long excessBytes = _pendingBytes + batchBytes - _options.MaxBytes + (_options.MaxBytes / 8);
            int dropped = 0;
            _pending.RemoveAll(record =>
            {
                if (!record.Lossy || (excess <= 0 && excessBytes <= 0))
                    return false;
                excess--;
                excessBytes -= record.Json.Length;
                _pendingBytes -= record.Json.Length;
                dropped++;
                return true;
            });
            RearmLocked();

            List<JournalEvent> taken = [];
            int count = _pending.Count;
            long bytes = _pendingBytes;
            foreach (JournalEvent record in batch)
            {
                int factor = record.Lossy ? 1 : 2;
                if (count >= (long)_options.MaxEvents * factor || bytes + record.Json.Length > _options.MaxBytes * factor)
                    continue;
                taken.Add(record);
                count++;
                bytes += record.Json.Length;
            }

            if (dropped + batch.Count - taken.Count > 0)
                Refused(dropped + batch.Count - taken.Count);
            return taken;
        }
    }

    private void Refused(long events)
    {
        _metrics?.JournalRefused(events);
        if (!_saidFull)
            RtcSignallingLog.JournalFull(_logger, events, _options.Directory);
        _saidFull = true; // once per time that it fills up
    }

    private bool AppendUntilDurable(List<JournalEvent> batch)
    {
        while (true)
        {
            try
            {
                _file.Append(batch);
                break;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                RtcSignallingLog.JournalWriteFailed(_logger, exception);
                if (_stop.Wait(WriteRetry))
                    return false; // the process ends with a disk that takes nothing; said above
            }
        }

        lock (_gate)
        {
            _pending.AddRange(batch);
            _pendingBytes += batch.Sum(record => (long)record.Json.Length);
            RearmLocked();
        }

        return true;
    }

    private void CompactWhenDue(long maxDeadBytes)
    {
        List<JournalEvent> live;
        long nextSeq;
        lock (_gate)
        {
            long liveBytes = _pendingBytes + (_pending.Count * JournalFile.RecordOverhead);
            long dead = _file.Length - JournalFile.HeaderBytes - liveBytes;
            if (dead < maxDeadBytes || (dead < liveBytes && !_stop.IsSet))
                return;
            live = [.. _pending];
            nextSeq = _nextSeq;
        }

        try
        {
            _file.Rewrite(Epoch, nextSeq, live);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            RtcSignallingLog.JournalWriteFailed(_logger, exception); // whichever file stands holds everything
        }
    }

    private void RearmLocked()
    {
        if (_pending.Count > 0)
            _hasPending.TrySetResult();
        else if (_hasPending.Task.IsCompleted)
            _hasPending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private readonly record struct Arrival(DateTimeOffset At, string Type, object Data, TaskCompletionSource? Flushed);
}
