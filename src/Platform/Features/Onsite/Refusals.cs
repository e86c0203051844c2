namespace Events.Platform.Features.Onsite;

/// <summary>Why a door stays red: fifteen reasons with stable codes, the same on the device, in the API and in the organiser's list.</summary>
internal static class Refusals
{
    /// <summary>No ticket's code at all: another QR code, or one that was cut off.</summary>
    public const string Malformed = "malformed";

    /// <summary>Looks like one of ours and was not signed by us.</summary>
    public const string SignatureInvalid = "signature_invalid";

    /// <summary>A ticket, but of another event.</summary>
    public const string WrongEvent = "wrong_event";

    /// <summary>Signed by us, and the event has no such ticket.</summary>
    public const string TicketUnknown = "ticket_unknown";

    public const string NotPaid = "not_paid";
    public const string Cancelled = "cancelled";
    public const string Refunded = "refunded";

    /// <summary>Handed on: its new holder has another code.</summary>
    public const string Transferred = "transferred";

    /// <summary>Taken back by the organiser.</summary>
    public const string Revoked = "revoked";

    /// <summary>The ticket is good, its holder is not to come in.</summary>
    public const string Blocked = "blocked";

    /// <summary>Good at another entrance.</summary>
    public const string WrongTicketType = "wrong_ticket_type";

    /// <summary>The entrance opens later, or the event is not open yet.</summary>
    public const string TooEarly = "too_early";

    /// <summary>The entrance has closed, or the event is over.</summary>
    public const string TooLate = "too_late";

    /// <summary>Its holder has left, and this entrance lets nobody in again.</summary>
    public const string Left = "left";

    /// <summary>The device was revoked before this scan arrived.</summary>
    public const string DeviceRevoked = "device_revoked";

    public static readonly IReadOnlyList<string> All =
        [Malformed, SignatureInvalid, WrongEvent, TicketUnknown, NotPaid, Cancelled, Refunded, Transferred, Revoked, Blocked, WrongTicketType, TooEarly, TooLate, Left, DeviceRevoked];

    /// <summary>What a ticket's own state says; null: it is good.</summary>
    /// <param name="state">The ticket's.</param>
    /// <param name="orderState">Its order's: a ticket of a refunded order is only cancelled by itself.</param>
    /// <param name="isBlocked">Its holder was blocked.</param>
    public static string? OfTicket(string state, string orderState, bool isBlocked) => state switch
    {
        "valid" => isBlocked ? Blocked : null,
        "held" or "released" => NotPaid,
        "cancelled" => orderState is "refunding" or "refunded" ? Refunded : Cancelled,
        "transferred" => Transferred,
        _ => Revoked,
    };

    /// <summary>What the event's state says to somebody who comes now; a scan that was made offline is held against the entrance's times only.</summary>
    public static string? OfEvent(string state) => state switch
    {
        "live" => null,
        "cancelled" => Cancelled,
        "ended" or "archived" => TooLate,
        _ => TooEarly,
    };
}
