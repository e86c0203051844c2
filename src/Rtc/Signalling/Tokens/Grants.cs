using System.Buffers.Text;
using System.Security.Cryptography;
using Events.Rtc.Rooms;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>A verified room grant.</summary>
/// <param name="Rights">The room, who enters it, and what the holder may do there.</param>
/// <param name="ExpiresAt">No joining and no resuming from then on; a call that runs goes on.</param>
public sealed record RoomGrant(RoomRights Rights, DateTimeOffset ExpiresAt);

/// <summary>A signed room grant.</summary>
/// <param name="Token">What its holder shows.</param>
/// <param name="GrantId">By which it can be revoked.</param>
/// <param name="ExpiresAt">No joining and no resuming from then on.</param>
public sealed record IssuedGrant(string Token, string GrantId, DateTimeOffset ExpiresAt);

/// <summary>What signer and verifier of room grants agree on (docs/api.md, "Room grant").</summary>
public static class GrantFormat
{
    /// <summary>Longest life of a grant; what is revoked is remembered for longer.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(24);

    internal const int MaxIdentity = 160; // two UUIDs and a dot are 73
    internal const int MaxName = 200;
    internal const int MaxRole = 40;

    internal static readonly JwtExpectation Expectation = new()
    {
        Type = "rtc+jwt",
        Issuer = "events",
        Audience = "rtc",
        Leeway = TimeSpan.FromSeconds(5), // clocks of nodes kept by NTP
    };

    /// <summary>A room's name that also stands in a path: no dot segment (RFC 3986 §5.2.4), which clients would resolve away.</summary>
    public static bool IsRoomName(string? name) => RoomName.IsValid(name) && name is not ("." or "..");
}

/// <summary>The platform's half: signs what a participant may do in a room.</summary>
/// <param name="keys">The grant keys (<c>grants.pem</c>).</param>
/// <param name="clock">The time that <c>nbf</c> and <c>exp</c> are counted from.</param>
public sealed class GrantSigner(SigningKeyRing keys, TimeProvider clock)
{
    /// <summary>Signs with one key that never changes.</summary>
    public GrantSigner(JwtSigningKey key, TimeProvider clock)
        : this(SigningKeyRing.OfKey(key.ExportPrivatePem(), clock), clock)
    {
    }

    /// <summary>Issues a grant.</summary>
    /// <param name="rights">The room must pass <see cref="GrantFormat.IsRoomName"/>; identity ≤ 160, name 1–200, role ≤ 40 characters.</param>
    /// <param name="lifetime">More than zero, at most <see cref="GrantFormat.MaxLifetime"/>.</param>
    /// <returns>The token, the id by which it can be revoked (<see cref="RoomRights.GrantId"/>, or a new one), and when it ends.</returns>
    /// <exception cref="ArgumentException">The rights or the lifetime are out of bounds.</exception>
    public IssuedGrant Issue(RoomRights rights, TimeSpan lifetime)
    {
        if (!GrantFormat.IsRoomName(rights.Room)
            || rights.Identity.Length is 0 or > GrantFormat.MaxIdentity
            || rights.Name.Length is 0 or > GrantFormat.MaxName
            || rights.Role.Length is 0 or > GrantFormat.MaxRole)
            throw new ArgumentException("The room's name, or the length of identity, name or role, is out of bounds.", nameof(rights));
        if (lifetime <= TimeSpan.Zero || lifetime > GrantFormat.MaxLifetime)
            throw new ArgumentOutOfRangeException(nameof(lifetime), lifetime, "A grant lives up to 24 h.");

        if (rights.Recorder && rights.CanPublish)
            throw new ArgumentException("A recorder looks on unseen and sends nothing.", nameof(rights));

        string grantId = rights.GrantId ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        long now = clock.GetUtcNow().ToUnixTimeSeconds();
        long exp = now + Math.Max(1, (long)lifetime.TotalSeconds);
        string token = CompactJwt.Sign(keys.Signing, GrantFormat.Expectation.Type, new Dictionary<string, object>
        {
            ["iss"] = GrantFormat.Expectation.Issuer,
            ["aud"] = GrantFormat.Expectation.Audience,
            ["sub"] = rights.Identity,
            ["room"] = rights.Room,
            ["name"] = rights.Name,
            ["role"] = rights.Role,
            ["pub"] = rights.CanPublish,
            ["sub_ok"] = rights.CanSubscribe,
            ["hid"] = rights.Hidden,
            ["mod"] = rights.Moderates,
            ["rec"] = rights.Recorder,
            ["src"] = TrackSourceNames.Of(rights.Sources),
            ["nbf"] = now,
            ["exp"] = exp,
            ["jti"] = grantId,
        });
        return new IssuedGrant(token, grantId, DateTimeOffset.FromUnixTimeSeconds(exp));
    }
}

/// <summary>The node's half: turns a token into rights.</summary>
/// <param name="keys">The trusted public keys: one, or more while keys rotate.</param>
/// <param name="clock">The time to hold against the grant's.</param>
public sealed class GrantVerifier(SigningKeyRing keys, TimeProvider clock)
{
    private static readonly RtcError Missing = new("grant_missing", "Send the room grant as 'Authorization: Bearer <grant>', or in the call's field 'grant'.");
    private static readonly RtcError Invalid = new("grant_invalid", "The room grant is not one that this node accepts; ask the platform for a new one.");
    private static readonly RtcError Expired = new("grant_expired", "The room grant has expired; ask the platform for a new one.");

    /// <summary>Trusts keys that never change.</summary>
    public GrantVerifier(IReadOnlyList<JwtVerificationKey> keys, TimeProvider clock)
        : this(SigningKeyRing.OfPublicKeys(keys, clock), clock)
    {
    }

    /// <summary>The rights that a token grants, or <c>grant_missing</c>, <c>grant_invalid</c>, <c>grant_expired</c>.</summary>
    public RtcResult<RoomGrant> Verify(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return Missing;
        RtcResult<JwtClaims> verified = keys.Verify(token, GrantFormat.Expectation);
        if (!verified.IsOk)
            return verified.Error.Code == "token_expired" ? Expired : Invalid;

        JwtClaims claims = verified.Value;
        if (claims.Text("room", 64) is not { } room || !GrantFormat.IsRoomName(room)
            || claims.Text("sub", GrantFormat.MaxIdentity) is not { } identity
            || claims.Text("name", GrantFormat.MaxName) is not { } name
            || claims.Text("role", GrantFormat.MaxRole) is not { } role
            || claims.Flag("pub") is not { } canPublish
            || claims.Flag("sub_ok") is not { } canSubscribe
            || claims.Flag("hid") is not { } hidden
            || !TryOptionalFlag(claims, "mod", out bool moderates)
            || !TryOptionalFlag(claims, "rec", out bool recorder)
            || (recorder && canPublish)
            || !TrySources(claims, out TrackSources sources)
            || claims.ExpiresAt > clock.GetUtcNow() + GrantFormat.MaxLifetime + GrantFormat.Expectation.Leeway)
            return Invalid;
        RoomRights rights = new(room, identity, name, role, canPublish, canSubscribe, hidden)
        {
            Moderates = moderates,
            Recorder = recorder,
            Sources = sources,
            GrantId = claims.Text("jti", 128),
            IssuedAt = claims.IssuedAt,
        };
        return new RoomGrant(rights, claims.ExpiresAt);
    }

    /// <summary>An absent claim is false: what it gives is not granted.</summary>
    private static bool TryOptionalFlag(JwtClaims claims, string name, out bool flag)
    {
        flag = claims.Flag(name) ?? false;
        return flag || claims.Flag(name) is not null || !JsonFields.Has(claims.Root, name);
    }

    private static bool TrySources(JwtClaims claims, out TrackSources sources)
    {
        sources = TrackSources.All;
        return !JsonFields.Has(claims.Root, "src") || TrackSourceNames.TryRead(claims.Root, "src", out sources);
    }
}
