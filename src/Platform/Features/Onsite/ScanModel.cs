namespace Events.Platform.Features.Onsite;

/// <param name="Clock">The device's clock as it sends this: by how much it is off is taken from every scan's time.</param>
/// <param name="Scans">1 to <see cref="UploadScans.MaxScans"/>.</param>
public sealed record ScanBatch(DateTimeOffset? Clock, IReadOnlyList<NewScan>? Scans);

/// <summary>A scan, by what the QR code says or, for who was found in the list, by the ticket's id. One of the two.</summary>
/// <param name="Id">Made by the device: the same scan sent again is not made again.</param>
/// <param name="At">By the device's clock.</param>
/// <param name="Kind">"in" (when left out) or "out".</param>
/// <param name="Decision">"ask": the platform decides now. What the device decided while it was offline: "admitted", "already_in", "refused".</param>
/// <param name="Reason">Of a refusal: one of <see cref="Refusals.All"/>.</param>
public sealed record NewScan(Guid? Id, string? Code, Guid? TicketId, DateTimeOffset? At, string? Kind, string? Decision, string? Reason);

/// <param name="Result">
/// ok: the holder passes. already_in, not_in: stopped, or was stopped. conflict: was let in by this device while the ticket had been used before; refused, with its reason.
/// </param>
/// <param name="At">On the platform's clock.</param>
/// <param name="Admitted">Whether the person passed: a refusal of somebody who did is shown to the organiser.</param>
/// <param name="Ticket">Null for what is no ticket of this event.</param>
/// <param name="Entry">How the ticket came in; null: it is not in.</param>
public sealed record ScanAnswer(Guid Id, string Result, string? Reason, DateTimeOffset At, bool Admitted, ScannedTicket? Ticket, TicketEntry? Entry);

public sealed record ScannedTicket(Guid Id, string HolderName, Guid TypeId, string TypeName);

/// <param name="Device">The device's name; null: an account or a system let it in.</param>
public sealed record TicketEntry(DateTimeOffset At, string? Device, DateTimeOffset? LeftAt);

public sealed record ScanAnswers(IReadOnlyList<ScanAnswer> Items);

/// <summary>Somebody passed who should not have, or whose ticket had been used.</summary>
/// <param name="Seq">Rises with each.</param>
/// <param name="Result">"conflict", or "refused" with its reason.</param>
/// <param name="Device">That let the holder in the second time; null: an account or a system.</param>
/// <param name="Entry">The one that counts.</param>
/// <param name="IsMine">The asking device let in here; false: it made the entry that counts.</param>
public sealed record CheckInConflict(long Seq, Guid ScanId, string Result, string? Reason, DateTimeOffset At, DateTimeOffset ReceivedAt, string? Device, ScannedTicket? Ticket, TicketEntry? Entry, bool? IsMine);

public sealed record ConflictPage(IReadOnlyList<CheckInConflict> Items, string? Next);
