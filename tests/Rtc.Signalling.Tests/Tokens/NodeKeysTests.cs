using System.Security.Cryptography;
using Events.Rtc.Signalling.Tokens;

namespace Events.Tests.Rtc.Signalling.Tokens;

public sealed class NodeKeysTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events-keys-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Roles_that_start_at_once_end_up_with_the_same_keys()
    {
        for (int round = 0; round < 10; round++)
        {
            string data = Path.Combine(_directory, $"{round}");
            using Barrier start = new(3);
            NodeKeys[] keys = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return NodeKeys.LoadOrCreate(data);
                },
                TaskCreationOptions.LongRunning)));

            foreach (NodeKeys other in keys)
            {
                Assert.Equal(keys[0].GrantPrivatePem, other.GrantPrivatePem);
                Assert.Equal(keys[0].GrantPublicPem, other.GrantPublicPem);
                Assert.Equal(keys[0].EventsPrivatePem, other.EventsPrivatePem);
                Assert.Equal(keys[0].AnalyticsPrivatePem, other.AnalyticsPrivatePem);
                Assert.Equal(keys[0].NodeKey.Current, other.NodeKey.Current);
                Assert.Equal(keys[0].PlaybackKey.Current, other.PlaybackKey.Current);
            }

            Assert.Equal(8, Directory.GetFiles(Path.Combine(data, "keys")).Length);
        }
    }

    [Fact]
    public void Key_files_are_readable_by_their_owner_only()
    {
        NodeKeys.LoadOrCreate(_directory);
        string keys = Path.Combine(_directory, "keys");
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(keys));
        foreach (string file in Directory.GetFiles(keys))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void Grants_signed_with_the_private_half_pass_with_the_public_half()
    {
        NodeKeys keys = NodeKeys.LoadOrCreate(_directory);
        using JwtSigningKey key = JwtSigningKey.FromPem(keys.GrantPrivatePem);
        string token = CompactJwt.Sign(key, "t", new { iss = "i", aud = "a", exp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 60 });
        JwtExpectation expected = new() { Type = "t", Issuer = "i", Audience = "a" };
        Assert.True(CompactJwt.Verify(token, JwtVerificationKey.AllFromPem(keys.GrantPublicPem), expected, TimeProvider.System).IsOk);
        Assert.Equal(32, Assert.Single(keys.PlaybackKey.Trusted).Length);
        Assert.Equal(43, keys.NodeKey.Current.Length);
    }

    [Fact]
    public void Halves_of_different_keys_and_damaged_secrets_are_refused_at_start()
    {
        NodeKeys.LoadOrCreate(_directory);
        string keys = Path.Combine(_directory, "keys");
        string good = File.ReadAllText(Path.Combine(keys, "grants.pub.pem"));
        using (JwtSigningKey other = JwtSigningKey.Generate())
            File.WriteAllText(Path.Combine(keys, "grants.pub.pem"), other.ExportPublicPem());
        Assert.Throws<CryptographicException>(() => NodeKeys.LoadOrCreate(_directory));

        File.WriteAllText(Path.Combine(keys, "grants.pub.pem"), good);
        File.WriteAllText(Path.Combine(keys, "node.key"), "short");
        Assert.Throws<CryptographicException>(() => NodeKeys.LoadOrCreate(_directory));
    }
}
