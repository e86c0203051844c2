using System.Security.Cryptography;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Tokens;

public sealed class SecretRingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events-secrets-").FullName;
    private readonly ManualTime _clock = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_new_secret_is_shown_and_the_old_one_accepted_until_its_time_has_come()
    {
        SecretRing shows = Ring();
        SecretRing accepts = Ring();
        string before = shows.Current;
        Rotate(TimeSpan.FromHours(1));

        // Neither has looked since: who is shown an unknown secret looks then.
        string after = Ring().Current;
        Assert.NotEqual(before, after);
        Assert.True(accepts.Accepts(after));
        Assert.True(accepts.Accepts(before));
        Assert.Equal(2, accepts.Trusted.Count);
        Assert.Equal(before, shows.Current);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(after, shows.Current);

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.False(accepts.Accepts(before));
        Assert.True(accepts.Accepts(after));
        Assert.Equal(32, Assert.Single(accepts.Trusted).Length);
    }

    [Fact]
    public void A_stolen_secret_ends_within_a_second_and_one_whose_work_has_no_end_stays_otherwise()
    {
        SecretRing ring = Ring();
        string first = ring.Current;
        Rotate(overlap: null);
        _clock.Advance(TimeSpan.FromDays(1000));
        Assert.True(ring.Accepts(first));
        Rotate(overlap: null);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, ring.Trusted.Count);
        string last = ring.Current;
        Rotate(TimeSpan.Zero);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(ring.Accepts(first));
        Assert.False(ring.Accepts(last));
        Assert.Single(ring.Trusted);
    }

    [Fact]
    public void A_second_rotation_prolongs_nothing_and_forgets_what_has_ended()
    {
        SecretRing ring = Ring();
        string first = ring.Current;
        Rotate(TimeSpan.FromHours(1));
        _clock.Advance(TimeSpan.FromMinutes(50));
        string second = ring.Current;
        Rotate(TimeSpan.FromHours(1));
        _clock.Advance(TimeSpan.FromMinutes(15));
        Assert.False(ring.Accepts(first));
        Assert.True(ring.Accepts(second));
        Rotate(TimeSpan.FromHours(1));
        Assert.DoesNotContain(first, File.ReadAllText(SecretFile), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_an_older_kind_are_read_and_damaged_ones_leave_a_running_ring_as_it_was()
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)0xfb, 32)]; // has + and / in base64
        File.WriteAllText(SecretFile, Convert.ToBase64String(bytes));
        SecretRing ring = Ring();
        Assert.Equal(bytes, Assert.Single(ring.Trusted));
        Rotate(overlap: null);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(bytes, ring.Trusted[1]);
        string good = File.ReadAllText(SecretFile);
        string current = ring.Current;
        foreach (string bad in new[] { "", "short", "Trusted-Until: 2030-01-01T00:00:00Z\n" + good, good + "Trusted-Until: soon\n" })
        {
            File.WriteAllText(SecretFile, bad);
            Assert.Throws<CryptographicException>(Ring);
            _clock.Advance(TimeSpan.FromSeconds(2));
            Assert.True(ring.Accepts(current));
            Assert.Equal(2, ring.Trusted.Count);
        }
    }

    [Fact]
    public void What_is_no_secret_is_not_accepted()
    {
        SecretRing ring = Ring();
        foreach (string? shown in new[] { null, "", " ", ring.Current[..^1], ring.Current + "A", ring.Current.ToUpperInvariant() })
            Assert.False(ring.Accepts(shown));
        Assert.True(ring.Accepts(ring.Current));
    }

    private string SecretFile => Path.Combine(_directory, "node.key");

    private SecretRing Ring() => SecretRing.LoadOrCreate(_directory, SecretRing.Node, _clock);

    private void Rotate(TimeSpan? overlap) => SecretRing.Rotate(_directory, SecretRing.Node, overlap, _clock.GetUtcNow());
}
