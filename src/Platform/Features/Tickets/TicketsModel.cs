using System.Text.Json;

namespace Events.Platform.Features.Tickets;

/// <param name="Capacity">Tickets that this stock holds in all.</param>
public sealed record NewQuota(string? Name, int? Capacity);

/// <param name="Taken">Valid tickets.</param>
/// <param name="Held">Waiting for payment.</param>
/// <param name="Waiting">People on the waiting list, offers included.</param>
/// <param name="Available">What a new buyer can have.</param>
public sealed record QuotaDetails(Guid Id, string Name, int Capacity, int Taken, int Held, int Waiting, int Available, int Version);

/// <param name="Visibility">"public", "hidden" (needs a voucher) or "invited" (needs an invitation).</param>
/// <param name="PriceMinor">In the currency's smallest unit; 0 is free.</param>
/// <param name="Currency">ISO 4217; needed for a price.</param>
public sealed record NewTicketType(string? Name, string? Description, Guid? QuotaId, string? Visibility, long? PriceMinor, string? Currency, int? MaxPerOrder, DateTimeOffset? SalesFrom, DateTimeOffset? SalesUntil);

/// <param name="Sold">Tickets of it that were ever sold or are being paid for: its price stays with the first. Only for organisers.</param>
public sealed record TicketTypeDetails(Guid Id, Guid QuotaId, string Name, string Description, string Visibility, long PriceMinor, string Currency, int MaxPerOrder, DateTimeOffset? SalesFrom, DateTimeOffset? SalesUntil, int Available, int Version, int? Sold);

/// <param name="Kind">"text", "choice" (one of the options), "choices" (some of them), "yes_no", "file".</param>
/// <param name="ShownIf">Asked only when an earlier question was answered so.</param>
public sealed record NewQuestion(string? Label, string? Kind, bool? Required, IReadOnlyList<string>? Options, Guid? TicketTypeId, ShownIf? ShownIf);

public sealed record ShownIf(Guid QuestionId, string Answer);

public sealed record QuestionDetails(Guid Id, string Label, string Kind, bool Required, IReadOnlyList<string> Options, Guid? TicketTypeId, ShownIf? ShownIf, int Version = 1);

/// <param name="Sharing">What is shared with the organiser; empty when nothing is asked.</param>
public sealed record ConsentText(int Version, string Storing, string Sharing);

public sealed record NewConsentText(string? Storing, string? Sharing);

public sealed record NewVoucher(string? Code, Guid? TicketTypeId, int? PercentOff, int? MaxUses, DateTimeOffset? ValidUntil);

public sealed record VoucherDetails(Guid Id, string Code, Guid? TicketTypeId, int PercentOff, int MaxUses, DateTimeOffset? ValidUntil, int Used, int Version);

/// <summary>All that may change of a voucher: its code is known to people.</summary>
public sealed record VoucherChange(Guid? TicketTypeId, int? PercentOff, int? MaxUses, DateTimeOffset? ValidUntil);

public sealed record NewInvitation(string? Email);

/// <param name="State">sent, opened, accepted, declined, revoked.</param>
/// <param name="Key">Goes into the invitation's link; shown to the organiser.</param>
public sealed record InvitationDetails(Guid Id, Guid TicketTypeId, string Email, string State, string Key, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt);

public sealed record NewWaiting(Guid? TicketTypeId, string? Email, string? Name);

/// <param name="State">waiting, offered, claimed, lapsed, left.</param>
/// <param name="Key">Claims the offer in an order, and reads this entry.</param>
/// <param name="Position">1 is next.</param>
public sealed record WaitingDetails(Guid Id, string State, int Position, DateTimeOffset? OfferedUntil, string Key);

public sealed record OnSale(IReadOnlyList<TicketTypeDetails> Types, IReadOnlyList<QuestionDetails> Questions, ConsentText? Consent);

/// <param name="Voucher">A voucher's code.</param>
/// <param name="Invitation">An invitation's key.</param>
/// <param name="WaitingList">A waiting list entry's key.</param>
public sealed record NewOrder(string? Email, string? Name, IReadOnlyList<NewOrderTicket>? Tickets, string? Voucher, string? Invitation, string? WaitingList, Consent? Consent);

/// <param name="HolderName">Who comes; the buyer when left out.</param>
/// <param name="Answers">By question id: text, an option, a list of options, a boolean, or an uploaded file's key.</param>
public sealed record NewOrderTicket(Guid TicketTypeId, string? HolderName, string? HolderEmail, IReadOnlyDictionary<string, JsonElement>? Answers);

/// <param name="Version">Of the text that was shown.</param>
public sealed record Consent(int? Version, bool Storing, bool Sharing);

/// <param name="State">pending (waits for payment), confirmed, expired, cancelled, refunding, refunded.</param>
/// <param name="ExpiresAt">Until when a pending order keeps its tickets.</param>
/// <param name="Key">Opens this order for its buyer: header X-Order-Key.</param>
/// <param name="CheckoutUrl">Where a pending order is paid.</param>
public sealed record OrderDetails(Guid Id, Guid EventId, string State, string Email, string Name, long TotalMinor, string Currency, DateTimeOffset? ExpiresAt, string? Key, string? CheckoutUrl, IReadOnlyList<TicketDetails> Tickets);

/// <param name="Code">The text of the QR code, for a valid ticket.</param>
/// <param name="CheckedInAt">When its holder came in; null: not yet.</param>
public sealed record TicketDetails(Guid Id, Guid TicketTypeId, string TypeName, string HolderName, string HolderEmail, long PriceMinor, string State, string? Code, DateTimeOffset? CheckedInAt, Guid EventId);

/// <param name="Key">The answer to the question, in an order.</param>
public sealed record UploadedFile(string Key, string FileName, string MimeType, long Size);

/// <param name="Value">Text, an option, a list of options, or a boolean; null for a file.</param>
public sealed record TicketAnswer(Guid QuestionId, string Label, string Kind, JsonElement? Value, AnswerFileDetails? File);

/// <param name="Url">For organisers' accounts.</param>
public sealed record AnswerFileDetails(Guid Id, string FileName, string MimeType, long Size, string Url);

/// <param name="CheckedIn">Of its tickets, those whose holders have come in.</param>
/// <param name="RefundProblem">Why its money did not go back; null when nothing is wrong. Asking for the refund again tries again.</param>
public sealed record OrderSummary(Guid Id, string State, string Email, string Name, long TotalMinor, string Currency, DateTimeOffset CreatedAt, int Tickets, int CheckedIn, string? RefundProblem);

/// <param name="ByHand">True: the money whose refund failed was given back in another way.</param>
public sealed record NewRefund(bool? ByHand);

public sealed record OrderPage(IReadOnlyList<OrderSummary> Items, string? Next);

public sealed record NewHolder(string? Name, string? Email);

/// <summary>A row of <c>platform.ticket_types</c>.</summary>
internal sealed record TypeRow(Guid Id, Guid EventId, Guid QuotaId, string Name, string Description, string Visibility, long PriceMinor, string Currency, int MaxPerOrder, DateTimeOffset? SalesFrom, DateTimeOffset? SalesUntil, int Version)
{
    public const string Columns = "id, event_id, quota_id, name, description, visibility, price_minor, currency, max_per_order, sales_from, sales_until, version";

    /// <summary>In SQL, of a type <c>y</c>: the queue for it may move.</summary>
    public const string IsOffered = "y.retired_at is null and y.visibility <> 'invited' and (y.sales_from is null or y.sales_from <= now()) and (y.sales_until is null or y.sales_until > now())";

    /// <summary>In SQL, of a type <c>y</c>: nobody needs to wait for it any longer.</summary>
    public const string IsOver = "(y.retired_at is not null or y.visibility = 'invited' or y.sales_until <= now())";

    public bool IsOnSale(DateTimeOffset now) => !(SalesFrom > now || SalesUntil <= now);

    public TicketTypeDetails ToDetails(int available, int? sold = null) => new(Id, QuotaId, Name, Description, Visibility, PriceMinor, Currency, MaxPerOrder, SalesFrom, SalesUntil, available, Version, sold);
}
