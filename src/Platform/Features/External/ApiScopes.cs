namespace Events.Platform.Features.External;

/// <summary>What a token of the external API may do. A token has those that it was issued with and no others: writing does not include reading.</summary>
internal static class ApiScopes
{
    public const string EventsRead = "events:read";
    public const string EventsWrite = "events:write";
    public const string OrdersRead = "orders:read";
    public const string ParticipantsRead = "participants:read";
    public const string CheckInsRead = "check-ins:read";
    public const string CheckInsWrite = "check-ins:write";

    /// <summary>Every scope with what it opens, in words for the API's description.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        [EventsRead] = "Events in every state, their sessions, schedule, speakers, areas, ticket types and stock.",
        [EventsWrite] = "Making and changing them.",
        [OrdersRead] = "Orders: buyers' names and addresses. Each read is audited.",
        [ParticipantsRead] = "Who registered and who entered: names and addresses. Each read is audited.",
        [CheckInsRead] = "Which tickets are in.",
        [CheckInsWrite] = "Checking tickets in and out.",
    };
}

/// <summary>The scope that a route of the external API asks for.</summary>
internal sealed record ScopeRequired(string Scope);
