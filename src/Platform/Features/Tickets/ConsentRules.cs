using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Consent is to a text, and so to its version: agreeing to an older one is not agreeing. Storing is needed for a ticket. Sharing is what else the organiser asks to
/// do with names and addresses, and may be refused; a booth asks by itself, in person.
/// </summary>
internal static class ConsentRules
{
    /// <summary>In SQL, of a ticket <c>t</c> and its order <c>o</c>: what was said when sharing was asked for; null when it was not, or when the ticket's holder is another since.</summary>
    public const string Sharing = "(select o.consent_sharing from platform.consent_texts x where x.event_id = o.event_id and x.version = o.consent_version and x.sharing <> '' and t.replaces is null)";

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
