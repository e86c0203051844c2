using System.Text;
using System.Text.Json;
using Events.Rtc.Signalling.Journal;
using Events.Rtc.Signalling.Tokens;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Rtc.Signalling.Journal;

public sealed class EventJournalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events-journal-").FullName;

    private string FilePath => Path.Combine(_directory, "journal");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Events_are_numbered_from_one_and_survive_a_restart()
    {
        Guid epoch;
        using (EventJournal journal = Open())
        {
            epoch = journal.Epoch;
            await RecordAll(journal, 3);
        }

        using EventJournal again = Open();
        Assert.Equal(epoch, again.Epoch);
        Assert.Equal([1L, 2L, 3L], Numbers(again));
        using JsonDocument json = JsonDocument.Parse(again.Pending(1, long.MaxValue)[0].Json);
        Assert.Equal(1, json.RootElement.GetProperty("seq").GetInt64());
        Assert.Equal("participant.joined", json.RootElement.GetProperty("type").GetString());
        Assert.Equal("p0", json.RootElement.GetProperty("data").GetProperty("participantId").GetString());
        Assert.InRange(json.RootElement.GetProperty("at").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Whatever_byte_a_crash_stops_at_the_whole_records_before_it_are_kept_and_no_number_is_used_twice()
    {
        List<long> ends = [];
        using (EventJournal journal = Open())
        {
            for (int i = 0; i < 3; i++)
            {
                await RecordAll(journal, 1);
                ends.Add(new FileInfo(FilePath).Length);
            }
        }

        byte[] whole = File.ReadAllBytes(FilePath);
        for (int length = JournalFile.HeaderBytes; length <= whole.Length; length++)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            int kept = ends.Count(end => end <= length);
            bool torn = length > JournalFile.HeaderBytes && !ends.Contains(length);
            using (EventJournal journal = Open())
            {
                Assert.Equal(Enumerable.Range(1, kept).Select(seq => (long)seq), Numbers(journal));
                await RecordAll(journal, 1);
            }

            using EventJournal again = Open();
            List<long> numbers = Numbers(again);
            Assert.Equal(kept + 1, numbers.Count);
            Assert.True(torn ? numbers[^1] > 3 : numbers[^1] == kept + 1, $"cut at {length}: {numbers[^1]}");
        }
    }

    [Fact]
    public async Task A_flipped_bit_ends_the_journal_before_it()
    {
        using (EventJournal journal = Open())
            await RecordAll(journal, 3);
        byte[] whole = File.ReadAllBytes(FilePath);
        for (int i = JournalFile.HeaderBytes; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= 0x10;
            File.WriteAllBytes(FilePath, damaged);
            using EventJournal journal = Open();
            List<long> numbers = Numbers(journal);
            Assert.True(numbers.Count < 3, $"bit of byte {i} went unseen");
            Assert.Equal(Enumerable.Range(1, numbers.Count).Select(seq => (long)seq), numbers);
        }
    }

    [Fact]
    public async Task A_damaged_header_is_said_and_not_written_over()
    {
        using (EventJournal journal = Open())
            await RecordAll(journal, 1);
        byte[] whole = File.ReadAllBytes(FilePath);
        whole[5] ^= 1;
        File.WriteAllBytes(FilePath, whole);
        Assert.Throws<InvalidDataException>(() => Open());
        Assert.Equal(whole, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public async Task A_rewrite_that_a_crash_cut_short_leaves_the_old_file()
    {
        using (EventJournal journal = Open())
            await RecordAll(journal, 2);
        File.WriteAllBytes(FilePath + ".new", [1, 2, 3]);
        using EventJournal again = Open();
        Assert.Equal([1L, 2L], Numbers(again));
    }

    [Fact]
    public async Task Acknowledged_events_are_forgotten_and_the_file_shrinks_but_the_numbers_go_on()
    {
        string filler = new('x', 10_000);
        Guid epoch;
        using (EventJournal journal = Open())
        {
            epoch = journal.Epoch;
            for (int i = 0; i < 300; i++)
                journal.Record("track.published", new { filler });
            await journal.FlushAsync();
            Assert.True(new FileInfo(FilePath).Length > 3_000_000);
            journal.Acknowledge(299);
            Assert.Equal([300L], Numbers(journal));
            journal.Acknowledge(300);
            Assert.Equal(0, journal.Count);
            await Fakes.Wait.Until(() => new FileInfo(FilePath).Length < 100_000, "the file shrinks");
        }

        using EventJournal again = Open();
        Assert.Equal(epoch, again.Epoch);
        await RecordAll(again, 1);
        Assert.Equal([301L], Numbers(again));
    }

    [Fact]
    public async Task A_full_journal_loses_progress_first_and_the_oldest_of_it()
    {
        using EventJournal journal = Open(new JournalOptions { Directory = _directory, NodeName = "n", NodeKey = SecretRing.Of("k"), MaxEvents = 80 });
        for (int i = 0; i < 40; i++)
        {
            journal.Record("recording.progress", new { i });
            journal.Record("recording.started", new { i });
        }

        await journal.FlushAsync();
        for (int i = 40; i < 60; i++)
            journal.Record("recording.started", new { i });
        await journal.FlushAsync();

        List<(string Type, int I)> events = Contents(journal);
        Assert.Equal(Enumerable.Range(0, 60), events.Where(e => e.Type == "recording.started").Select(e => e.I));
        List<int> progress = [.. events.Where(e => e.Type == "recording.progress").Select(e => e.I)];
        Assert.InRange(progress.Count, 1, 20);
        Assert.Equal(Enumerable.Range(40 - progress.Count, progress.Count), progress);
    }

    [Fact]
    public async Task A_journal_that_is_full_of_what_matters_refuses_progress_and_in_the_end_everything()
    {
        using EventJournal journal = Open(new JournalOptions { Directory = _directory, NodeName = "n", NodeKey = SecretRing.Of("k"), MaxEvents = 10 });
        for (int i = 0; i < 40; i++)
        {
            journal.Record(i == 15 ? "recording.progress" : "recording.started", new { i });
            await journal.FlushAsync();
        }

        Assert.Equal(Enumerable.Range(0, 21).Where(i => i != 15), Contents(journal).Select(e => e.I));
    }

    [Fact]
    public void A_second_process_cannot_open_the_same_journal()
    {
        using EventJournal journal = Open();
        Assert.ThrowsAny<IOException>(() => Open());
    }

    [Fact]
    public async Task An_event_that_cannot_be_serialised_or_is_too_large_costs_only_itself()
    {
        using EventJournal journal = Open();
        journal.Record("bad", new Throwing());
        journal.Record("large", new { text = new string('x', 2_000_000) });
        await RecordAll(journal, 1);
        Assert.Single(journal.Pending(10, long.MaxValue));
    }

    [Fact]
    public async Task A_journal_whose_directory_cannot_be_synced_after_a_rewrite_goes_on_in_the_new_file_once_it_can()
    {
        using FailingDisk disk = new();
        using (EventJournal journal = Open(Options(disk)))
        {
            await Fill(journal, 300);
            disk.RefusesSyncs = true;
            journal.Acknowledge(299);
            await Fakes.Wait.Until(() => new FileInfo(FilePath).Length < 100_000 && disk.Refusals > 0, "the rewrite");
            journal.Record("participant.joined", new { });
            Task flushed = journal.FlushAsync();
            int refusals = disk.Refusals;
            await Fakes.Wait.Until(() => disk.Refusals > refusals, "a try to append");
            Assert.False(flushed.IsCompleted); // Its name would be lost with a crash.
            disk.RefusesSyncs = false;
            await flushed.WaitAsync(TimeSpan.FromSeconds(10));
        }

        using EventJournal again = Open();
        Assert.Equal([300L, 301L], Numbers(again));
    }

    [Fact]
    public async Task A_write_that_fails_and_cannot_be_taken_back_at_once_is_taken_back_before_the_next()
    {
        using FailingDisk disk = new();
        byte[] atCrash;
        using (EventJournal journal = Open(Options(disk)))
        {
            await RecordAll(journal, 1);
            disk.Breaks = true;
            journal.Record("participant.joined", new { });
            await Fakes.Wait.Until(() => disk.Refusals > 0, "a write that fails");
            disk.Breaks = false;
            await RecordAll(journal, 2);
            atCrash = File.ReadAllBytes(FilePath);
        }

        File.WriteAllBytes(FilePath, atCrash);
        using EventJournal again = Open();
        Assert.Equal([1L, 2L, 3L, 4L], Numbers(again));
    }

    [Fact]
    public async Task A_directory_that_is_not_ours_any_more_costs_a_rewrite_and_not_the_process()
    {
        using FailingDisk disk = new();
        using EventJournal journal = Open(Options(disk));
        await Fill(journal, 300);
        disk.ForbidsFiles = true;
        journal.Acknowledge(299);
        await Fakes.Wait.Until(() => disk.Refusals > 0, "a rewrite that is forbidden");
        await RecordAll(journal, 1);
        Assert.Equal([300L, 301L], Numbers(journal));
    }

    [Fact]
    public async Task Many_threads_record_at_once_and_nothing_is_lost_or_doubled()
    {
        using EventJournal journal = Open();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (int i = 0; i < 500; i++)
                journal.Record("track.muted", new { i = (worker * 500) + i });
        })));
        await journal.FlushAsync();
        Assert.Equal(Enumerable.Range(1, 4000).Select(seq => (long)seq), Numbers(journal));
        Assert.Equal(Enumerable.Range(0, 4000), Contents(journal).Select(e => e.I).Order());
    }

    private static List<long> Numbers(EventJournal journal) => [.. journal.Pending(int.MaxValue, long.MaxValue).Select(record => record.Seq)];

    private static List<(string Type, int I)> Contents(EventJournal journal) => [.. journal.Pending(int.MaxValue, long.MaxValue).Select(record =>
    {
        using JsonDocument json = JsonDocument.Parse(Encoding.UTF8.GetString(record.Json));
        return (json.RootElement.GetProperty("type").GetString()!, json.RootElement.GetProperty("data").GetProperty("i").GetInt32());
    })];

    /// <summary>10 KB each.</summary>
    private static async Task Fill(EventJournal journal, int count)
    {
        string filler = new('x', 10_000);
        for (int i = 0; i < count; i++)
            journal.Record("track.published", new { filler });
        await journal.FlushAsync();
    }

    private static async Task RecordAll(EventJournal journal, int count)
    {
        for (int i = 0; i < count; i++)
            journal.Record("participant.joined", new { participantId = $"p{i}" });
        await journal.FlushAsync();
    }

    private JournalOptions Options(FailingDisk disk) =>
        new() { Directory = _directory, NodeName = "n", NodeKey = SecretRing.Of("k"), Disk = new JournalDisk(disk.Open, disk.SyncDirectory) };

    private EventJournal Open(JournalOptions? options = null) =>
        new(options ?? new JournalOptions { Directory = _directory, NodeName = "n", NodeKey = SecretRing.Of("k") }, TimeProvider.System, NullLogger<EventJournal>.Instance);

    /// <summary>The real one, until it is to fail.</summary>
    private sealed class FailingDisk : IDisposable
    {
        private volatile int _refusals;

        /// <summary>Directories cannot be synced.</summary>
        public volatile bool RefusesSyncs;

        /// <summary>Files take bytes, and then neither sync them nor give them back.</summary>
        public volatile bool Breaks;

        /// <summary>No file may be opened.</summary>
        public volatile bool ForbidsFiles;

        public int Refusals => _refusals;

        public FileStream Open(string path, FileMode mode) =>
            ForbidsFiles ? throw Refused(new UnauthorizedAccessException("It is somebody else's.")) : new Breaking(path, mode, this);

        public void SyncDirectory(string directory)
        {
            if (RefusesSyncs)
                throw Refused(new IOException("It cannot be synced."));
        }

        public void Dispose() => Breaks = RefusesSyncs = ForbidsFiles = false; // What is still written at the end is.

        private Exception Refused(Exception exception)
        {
            Interlocked.Increment(ref _refusals);
            return exception;
        }

        private sealed class Breaking(string path, FileMode mode, FailingDisk disk)
            : FileStream(path, mode, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0)
        {
            public override void Flush(bool flushToDisk)
            {
                if (disk.Breaks)
                    throw disk.Refused(new IOException("It cannot be synced."));
                base.Flush(flushToDisk);
            }

            public override void SetLength(long value)
            {
                if (disk.Breaks)
                    throw new IOException("It cannot be cut.");
                base.SetLength(value);
            }
        }
    }

    private sealed class Throwing
    {
        public string Value => throw new InvalidTimeZoneException("a getter that throws");
    }
}
