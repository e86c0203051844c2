using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Npgsql;

namespace Events.Platform.Features.Onsite;

/// <summary>A device at the doors of one event: the caller of the device domain.</summary>
internal sealed record DeviceCaller(Guid DeviceId, Guid EventId, string Role, bool IsRevoked)
{
    public static ValueTask<DeviceCaller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<DeviceCaller>());
}

/// <summary>
/// Credentials of devices: <c>evd_</c> and 256 random bits, hashed, for one event, ended by revoking the device. They are had for an enrolment key of as many
/// bits, which works once and for a day. Its answer may get lost on a bad network: until the token that it gave is first used, and for ten minutes, the key gives another in that one's place.
/// </summary>
internal static class DeviceTokens
{
    public const string Prefix = "evd_";

    /// <summary>What a revoked device has scanned may still be handed in, for the record.</summary>
    public static readonly TimeSpan LastUploads = TimeSpan.FromDays(7);

    /// <summary>For a network that is away for a moment; whoever photographs the code later comes too late.</summary>
    private static readonly TimeSpan EnrolsAgainFor = TimeSpan.FromMinutes(10);

    private const int Length = 4 + 43; // the prefix and base64url of 32 bytes

    public static (string Secret, byte[] Hash) NewSecret(string prefix)
    {
        var secret = prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return (secret, Hash(secret));
    }

    /// <summary>A token for an enrolment key. The token that the device had before ends.</summary>
    public static async Task<Outcome<DeviceEnrolled>> EnrolAsync(NpgsqlTransaction transaction, string? key)
    {
        var (token, hash) = NewSecret(Prefix);
        var enrolled = key is { Length: < 100 }
            ? await transaction.Connection!.QuerySingleOrDefaultAsync<EnrolledRow>(
                """
                update platform.check_in_devices d set token_hash = @hash, enrolled_at = now(), last_seen_at = now(), enrol_used_at = coalesce(d.enrol_used_at, now()),
                       enrol_until = case when d.enrol_used_at is null then least(d.enrol_until, now() + @EnrolsAgainFor) else d.enrol_until end
                from platform.events e where e.id = d.event_id and d.enrol_hash = @Key and d.enrol_until > now() and d.revoked_at is null
                returning d.id, d.event_id, e.organiser_id
                """,
                new { hash, Key = Hash(key), EnrolsAgainFor })
            : null;
        if (enrolled is null)
        {
            return new ApiError(401, "enrolment_invalid", "This enrolment was used, has expired or was taken back; ask the organiser for a new one.");
        }

        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.System, "check_in_device.enrolled", enrolled.OrganiserId, enrolled.EventId, "check_in_device", enrolled.Id));
        return new DeviceEnrolled(token, enrolled.Id, enrolled.EventId);
    }

    /// <summary>The caller, or the code <c>device_token_invalid</c>. A revoked one is told as such by whoever asks.</summary>
    public static async Task<(DeviceCaller? Caller, DateTimeOffset? RevokedAt)> VerifyAsync(Database database, string token, CancellationToken cancel)
    {
        if (token.Length != Length || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return default;
        }

        await using var connection = await database.OpenAsync(cancel);

        // Last seen to the minute: a busy door does not rewrite its row at every scan. The first use of a token ends the key that gave it.
        var row = await connection.QuerySingleOrDefaultAsync<DeviceRow>(
            """
            with seen as (
                update platform.check_in_devices set last_seen_at = now(), enrol_used_at = null,
                       enrol_hash = case when enrol_used_at is null then enrol_hash end, enrol_until = case when enrol_used_at is null then enrol_until end
                where token_hash = @Hash and revoked_at is null and (last_seen_at is null or last_seen_at < now() - interval '1 minute' or enrol_used_at is not null))
            select id, event_id, role, revoked_at from platform.check_in_devices where token_hash = @Hash
            """,
            new { Hash = Hash(token) });
        return row is null ? default : (new DeviceCaller(row.Id, row.EventId, row.Role, row.RevokedAt is not null), row.RevokedAt);
    }

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    private sealed record EnrolledRow(Guid Id, Guid EventId, Guid OrganiserId);

    private sealed record DeviceRow(Guid Id, Guid EventId, string Role, DateTimeOffset? RevokedAt);
}

/// <param name="Token">Shown this once; only its hash is kept.</param>
public sealed record DeviceEnrolled(string Token, Guid DeviceId, Guid EventId);
