using System.Security.Cryptography;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Tokens;

public sealed class SigningKeyRingTests : IDisposable
{
    private static readonly JwtExpectation Expected = new() { Type = "t", Issuer = "i", Audience = "a" };

    private readonly string _directory = Directory.CreateTempSubdirectory("events-ring-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_new_key_signs_and_the_old_ones_tokens_are_good_until_they_end()
    {
        ManualTime clock = new();
        SigningKeyRing ring = SigningKeyRing.LoadOrCreate(_directory, "k", clock);
        SigningKeyRing node = SigningKeyRing.LoadPublic(_directory, "k", clock);
        string before = Sign(ring, clock, hours: 48);
        string id = SigningKeyRing.Rotate(_directory, "k", TimeSpan.FromHours(1), clock.GetUtcNow());

        // Not looked at since: the node meets the new key in a token, and looks then.
        string after = CompactJwt.Sign(SigningKeyRing.LoadOrCreate(_directory, "k", clock).Signing, "t", Claims(clock, 48));
        Assert.True(node.Verify(after, Expected).IsOk);
        Assert.True(node.Verify(before, Expected).IsOk);
        Assert.Equal(2, node.Trusted.Count);

        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(id, ring.Signing.KeyId);
        Assert.True(ring.Verify(before, Expected).IsOk);

        // Its own end is far; the key's is not.
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal("token_key_unknown", node.Verify(before, Expected).Error!.Code);
        Assert.Equal("token_key_unknown", ring.Verify(before, Expected).Error!.Code);
        Assert.True(node.Verify(after, Expected).IsOk);
        Assert.Equal([id], node.Trusted.Select(k => k.KeyId));
    }

    [Fact]
    public void Two_rotations_in_a_row_leave_three_keys_and_none_of_them_lives_longer_for_it()
    {
        ManualTime clock = new();
        SigningKeyRing ring = SigningKeyRing.LoadOrCreate(_directory, "k", clock);
        string first = Sign(ring, clock, hours: 48);
        SigningKeyRing.Rotate(_directory, "k", TimeSpan.FromHours(1), clock.GetUtcNow());
        clock.Advance(TimeSpan.FromMinutes(50));
        string second = Sign(ring, clock, hours: 48);
        SigningKeyRing.Rotate(_directory, "k", TimeSpan.FromHours(1), clock.GetUtcNow());
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, ring.Trusted.Count);
        Assert.True(ring.Verify(first, Expected).IsOk);
        clock.Advance(TimeSpan.FromMinutes(15));
        Assert.False(ring.Verify(first, Expected).IsOk);
        Assert.True(ring.Verify(second, Expected).IsOk);

        // The next rotation throws the ended block away.
        SigningKeyRing.Rotate(_directory, "k", TimeSpan.FromHours(1), clock.GetUtcNow());
        Assert.Equal(3, JwtVerificationKey.AllFromPem(File.ReadAllText(Path.Combine(_directory, "k.pub.pem"))).Count);
    }

    [Fact]
    public void A_stolen_keys_tokens_end_within_a_second_and_what_has_no_end_stays_trusted_otherwise()
    {
        ManualTime clock = new();
        SigningKeyRing ring = SigningKeyRing.LoadOrCreate(_directory, "k", clock);
        string before = Sign(ring, clock, hours: 20_000);
        SigningKeyRing.Rotate(_directory, "k", overlap: null, clock.GetUtcNow());
        clock.Advance(TimeSpan.FromDays(400));
        Assert.True(ring.Verify(before, Expected).IsOk);
        SigningKeyRing.Rotate(_directory, "k", TimeSpan.Zero, clock.GetUtcNow());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token_key_unknown", ring.Verify(before, Expected).Error!.Code);
        Assert.Single(ring.Trusted);
    }

    [Fact]
    public void Files_that_cannot_be_used_refuse_a_start_and_leave_a_running_ring_as_it_was()
    {
        ManualTime clock = new();
        SigningKeyRing ring = SigningKeyRing.LoadOrCreate(_directory, "k", clock);
        string token = Sign(ring, clock, hours: 1);
        string file = Path.Combine(_directory, "k.pub.pem");
        string good = File.ReadAllText(file);
        foreach (string bad in new[] { "nothing", "Trusted-Until: soon\n" + good, JwtSigningKey.Generate().ExportPublicPem() })
        {
            File.WriteAllText(file, bad);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
            Assert.Throws<CryptographicException>(() => _ = SigningKeyRing.LoadOrCreate(_directory, "k", clock).Trusted);
            clock.Advance(TimeSpan.FromSeconds(2));
            Assert.True(ring.Verify(token, Expected).IsOk);
        }
    }

    [Fact]
    public void A_rooms_grants_go_on_across_a_rotation_that_the_node_was_not_told_of()
    {
        NodeKeys.LoadOrCreate(_directory);
        string keys = Path.Combine(_directory, "keys");
        GrantVerifier node = new(SigningKeyRing.LoadPublic(keys, NodeKeys.Grants, TimeProvider.System), TimeProvider.System);
        RoomRights rights = new("room", "identity", "Eve", "attendee", true, true, false);
        string before = new GrantSigner(SigningKeyRing.LoadOrCreate(keys, NodeKeys.Grants, TimeProvider.System), TimeProvider.System).Issue(rights, TimeSpan.FromHours(1)).Token;
        SigningKeyRing.Rotate(keys, NodeKeys.Grants, TimeSpan.FromHours(25), DateTimeOffset.UtcNow);
        string after = new GrantSigner(SigningKeyRing.LoadOrCreate(keys, NodeKeys.Grants, TimeProvider.System), TimeProvider.System).Issue(rights, TimeSpan.FromHours(1)).Token;
        Assert.NotEqual(before.Split('.')[0], after.Split('.')[0]);
        Assert.True(node.Verify(after).IsOk);
        Assert.True(node.Verify(before).IsOk);
        Assert.Equal(NodeKeys.LoadOrCreate(_directory).GrantPublicPem, File.ReadAllText(Path.Combine(keys, "grants.pub.pem")));
    }

    private static string Sign(SigningKeyRing ring, TimeProvider clock, int hours) => CompactJwt.Sign(ring.Signing, "t", Claims(clock, hours));

    private static object Claims(TimeProvider clock, int hours) => new { iss = "i", aud = "a", exp = clock.GetUtcNow().AddHours(hours).ToUnixTimeSeconds() };
}
