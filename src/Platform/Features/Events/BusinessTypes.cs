namespace Events.Platform.Features.Events;

/// <summary>What kind of event it is, for the listing's filter.</summary>
internal static class BusinessTypes
{
    public const string Detail = "'businessType' is conference, trade_show, webinar, workshop, hackathon, meetup, internal or other.";

    public static bool Contains(string type) => type is "conference" or "trade_show" or "webinar" or "workshop" or "hackathon" or "meetup" or "internal" or "other";
}
