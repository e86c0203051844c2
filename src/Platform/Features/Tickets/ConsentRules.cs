using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Consent is to a text, and so to its version: agreeing to an older one is not agreeing.</summary>
internal static class ConsentRules
{
    public static Task<ConsentText?> CurrentAsync(NpgsqlConnection connection, Guid eventId) =>
        connection.QuerySingleOrDefaultAsync<ConsentText>("select version, storing, sharing from platform.consent_texts where event_id = @eventId order by version desc limit 1", new { eventId });

    public static async Task<ApiError?> ErrorAsync(NpgsqlConnection connection, Guid eventId, Consent? consent)
    {
        var current = await CurrentAsync(connection, eventId);
        return consent is null || !consent.Storing ? ApiError.BadRequest("consent_missing", "A ticket cannot be made without consent to storing the data that is asked for.")
            : current?.Version != consent.Version ? ApiError.Conflict("consent_outdated", "The consent text has changed; show the current one and ask again.")
            : null;
    }
}
