using Events.MediaRegistry.Playback;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.MediaRegistry.Playback;

public sealed class SignedUrlsTests
{
    private static readonly string Hash = new('a', 64);
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private readonly SettableTime _time = new();

    private SignedUrls Urls => new(() => [Key], () => false, _time);

    [Fact]
    public void A_signed_address_is_valid_until_it_expires()
    {
        var (exp, sig) = Split(Urls.Sign(Hash, "recording.mp4", _time.Now.AddMinutes(5)));
        Assert.Equal(SignatureVerdict.Valid, Urls.Verify(Hash, "recording.mp4", exp, sig));
        _time.Now = _time.Now.AddMinutes(5);
        Assert.Equal(SignatureVerdict.Expired, Urls.Verify(Hash, "recording.mp4", exp, sig));
    }

    [Fact]
    public void Nothing_of_it_can_be_changed()
    {
        var (exp, sig) = Split(Urls.Sign(Hash, "recording.mp4", _time.Now.AddMinutes(5)));
        Assert.Equal(SignatureVerdict.Invalid, Urls.Verify(new string('b', 64), "recording.mp4", exp, sig));
        Assert.Equal(SignatureVerdict.Invalid, Urls.Verify(Hash, "other.mp4", exp, sig));
        Assert.Equal(SignatureVerdict.Invalid, Urls.Verify(Hash, "recording.mp4", exp + "0", sig));
        Assert.Equal(SignatureVerdict.Invalid, new SignedUrls(() => [[.. Key.Reverse()]], () => false, _time).Verify(Hash, "recording.mp4", exp, sig));
        for (var i = 0; i < sig.Length - 1; i++)
        {
            var changed = sig[..i] + (sig[i] == 'A' ? 'B' : 'A') + sig[(i + 1)..];
            Assert.Equal(SignatureVerdict.Invalid, Urls.Verify(Hash, "recording.mp4", exp, changed));
        }
    }

    [Fact]
    public void Addresses_of_the_key_before_are_good_while_it_is_trusted_and_a_new_key_is_looked_for()
    {
        byte[] next = [.. Key.Reverse()];
        List<byte[]> trusted = [Key];
        var asked = 0;
        var urls = new SignedUrls(() => trusted, () => ++asked == 2 && (trusted = [next, Key]).Count > 0, _time);
        var (exp, old) = Split(urls.Sign(Hash, "recording.mp4", _time.Now.AddMinutes(5)));
        var (_, early) = Split(new SignedUrls(() => [next], () => false, _time).Sign(Hash, "recording.mp4", _time.Now.AddMinutes(5)));
        Assert.Equal(SignatureVerdict.Invalid, urls.Verify(Hash, "recording.mp4", exp, early));
        Assert.Equal(SignatureVerdict.Valid, urls.Verify(Hash, "recording.mp4", exp, early));
        Assert.Equal(SignatureVerdict.Valid, urls.Verify(Hash, "recording.mp4", exp, old));
        Assert.Equal(early, Split(urls.Sign(Hash, "recording.mp4", _time.Now.AddMinutes(5))).Sig);
        trusted = [next];
        Assert.Equal(SignatureVerdict.Invalid, urls.Verify(Hash, "recording.mp4", exp, old));
    }

    [Fact]
    public void Whatever_comes_as_signature_is_refused_and_never_throws() =>
        Prop.ForAll<string?, string?>((exp, sig) => Urls.Verify(Hash, "recording.mp4", exp, sig) == SignatureVerdict.Invalid).QuickCheckThrowOnFailure();

    private static (string Exp, string Sig) Split(string url)
    {
        var query = System.Web.HttpUtility.ParseQueryString(new Uri("http://here" + url).Query);
        return (query["exp"]!, query["sig"]!);
    }

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 5, 1, 8, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
