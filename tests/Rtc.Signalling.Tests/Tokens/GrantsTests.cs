using Events.Rtc;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;
using Events.Tests.Rtc.Signalling.Fakes;

namespace Events.Tests.Rtc.Signalling.Tokens;

public sealed class GrantsTests : IDisposable
{
    private static readonly RoomRights Ada = new("stage-1", "p1.x", "Ada", "speaker", CanPublish: true, CanSubscribe: false, Hidden: false);

    private readonly ManualTime _time = new();
    private readonly JwtSigningKey _key = JwtSigningKey.Generate();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void A_grant_carries_its_rights_to_the_node_and_back()
    {
        IssuedGrant issued = new GrantSigner(_key, _time).Issue(Ada, TimeSpan.FromMinutes(5));

        RtcResult<RoomGrant> grant = Verifier(_key).Verify(issued.Token);

        Assert.True(grant.IsOk);
        Assert.Equal(Ada with { GrantId = issued.GrantId, IssuedAt = _time.GetUtcNow() }, grant.Value.Rights);
        Assert.Equal(issued.ExpiresAt, grant.Value.ExpiresAt);
        Assert.NotEqual(issued.GrantId, new GrantSigner(_key, _time).Issue(Ada, TimeSpan.FromMinutes(5)).GrantId);
    }

    public static TheoryData<RoomRights> Special => new()
    {
        Ada with { Moderates = true },
        Ada with { Sources = TrackSources.Microphone | TrackSources.ScreenAudio },
        Ada with { Sources = TrackSources.None },
        Ada with { CanPublish = false, Recorder = true },
    };

    [Theory]
    [MemberData(nameof(Special))]
    public void Moderation_sources_and_recording_are_carried_too(RoomRights rights)
    {
        IssuedGrant issued = new GrantSigner(_key, _time).Issue(rights with { GrantId = "g-1" }, TimeSpan.FromMinutes(5));
        Assert.Equal("g-1", issued.GrantId);
        Assert.Equal(rights with { GrantId = "g-1", IssuedAt = _time.GetUtcNow() }, Verifier(_key).Verify(issued.Token).Value?.Rights);
    }

    [Fact]
    public void A_grant_without_the_newer_claims_moderates_nothing_records_nothing_and_sends_every_source()
    {
        RoomRights rights = Verifier(_key).Verify(CompactJwt.Sign(_key, "rtc+jwt", Claims())).Value!.Rights;
        Assert.Equal((false, false, TrackSources.All, null, null), (rights.Moderates, rights.Recorder, rights.Sources, rights.GrantId, rights.IssuedAt));
    }

    [Fact]
    public void A_name_in_any_script_fits_into_a_grant()
    {
        RoomRights rights = Ada with { Name = string.Concat(Enumerable.Repeat("ä\u4e2d\U0001F600", 50)) };
        IssuedGrant issued = new GrantSigner(_key, _time).Issue(rights, TimeSpan.FromMinutes(5));
        Assert.Equal(rights with { GrantId = issued.GrantId, IssuedAt = _time.GetUtcNow() }, Verifier(_key).Verify(issued.Token).Value?.Rights);
    }

    [Fact]
    public void While_keys_rotate_grants_of_both_are_taken()
    {
        using JwtSigningKey next = JwtSigningKey.Generate();
        GrantVerifier verifier = new(JwtVerificationKey.AllFromPem(_key.ExportPublicPem() + next.ExportPublicPem()), _time);

        Assert.True(verifier.Verify(new GrantSigner(_key, _time).Issue(Ada, TimeSpan.FromMinutes(5)).Token).IsOk);
        Assert.True(verifier.Verify(new GrantSigner(next, _time).Issue(Ada, TimeSpan.FromMinutes(5)).Token).IsOk);
    }

    [Fact]
    public void Missing_foreign_and_expired_grants_each_have_their_code()
    {
        using JwtSigningKey other = JwtSigningKey.Generate();
        string token = new GrantSigner(_key, _time).Issue(Ada, TimeSpan.FromMinutes(5)).Token;

        Assert.Equal("grant_missing", Verifier(_key).Verify(null).Error?.Code);
        Assert.Equal("grant_missing", Verifier(_key).Verify("").Error?.Code);
        Assert.Equal("grant_invalid", Verifier(_key).Verify("a.b.c").Error?.Code);
        Assert.Equal("grant_invalid", Verifier(other).Verify(token).Error?.Code);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("grant_expired", Verifier(_key).Verify(token).Error?.Code);
    }

    [Theory]
    [InlineData("room", "a/b")]
    [InlineData("room", "..")]
    [InlineData("room", 7)]
    [InlineData("sub", "")]
    [InlineData("name", null)]
    [InlineData("pub", "true")]
    [InlineData("hid", 1)]
    [InlineData("mod", "true")]
    [InlineData("mod", null)]
    [InlineData("rec", 1)]
    [InlineData("rec", true)]
    [InlineData("src", "camera")]
    [InlineData("src", new[] { "sofa" })]
    public void A_signed_grant_with_a_claim_of_another_shape_is_invalid(string claim, object? value)
    {
        Dictionary<string, object?> claims = Claims();
        Assert.True(Verifier(_key).Verify(CompactJwt.Sign(_key, "rtc+jwt", claims)).IsOk);

        claims[claim] = value;

        Assert.Equal("grant_invalid", Verifier(_key).Verify(CompactJwt.Sign(_key, "rtc+jwt", claims)).Error?.Code);
    }

    [Fact]
    public void Rights_and_lifetimes_out_of_bounds_are_not_signed()
    {
        GrantSigner signer = new(_key, _time);
        Assert.ThrowsAny<ArgumentException>(() => signer.Issue(Ada with { Room = "a b" }, TimeSpan.FromMinutes(5)));
        Assert.ThrowsAny<ArgumentException>(() => signer.Issue(Ada with { Name = "" }, TimeSpan.FromMinutes(5)));
        Assert.ThrowsAny<ArgumentException>(() => signer.Issue(Ada with { Recorder = true }, TimeSpan.FromMinutes(5)));
        Assert.ThrowsAny<ArgumentException>(() => signer.Issue(Ada, TimeSpan.Zero));
        Assert.ThrowsAny<ArgumentException>(() => signer.Issue(Ada, TimeSpan.FromHours(25)));
    }

    private Dictionary<string, object?> Claims() => new()
    {
        ["iss"] = "events",
        ["aud"] = "rtc",
        ["sub"] = "p1",
        ["room"] = "r",
        ["name"] = "n",
        ["role"] = "speaker",
        ["pub"] = true,
        ["sub_ok"] = true,
        ["hid"] = false,
        ["exp"] = _time.GetUtcNow().ToUnixTimeSeconds() + 60,
    };

    private GrantVerifier Verifier(JwtSigningKey key) => new(JwtVerificationKey.AllFromPem(key.ExportPublicPem()), _time);
}
