using Events.Platform.Composition;
using Events.Platform.Features.Tickets;

namespace Events.Platform.Features.Onsite;

/// <summary>Who decides about a scan, and what the device decided.</summary>
internal enum Decision
{
    /// <summary>The platform.</summary>
    Ask,

    /// <summary>The person passed.</summary>
    Admitted,

    AlreadyIn,
    Refused,
}

/// <summary>A scan as it was sent, its code read.</summary>
/// <param name="TicketId">Of a verified code, or named by hand; null: see <paramref name="Reason"/>.</param>
/// <param name="At">By the device's clock.</param>
/// <param name="Reason">Why the code is no ticket of this event, or why the device refused.</param>
internal sealed record ToldScan(Guid Id, Guid? TicketId, DateTimeOffset At, bool IsExit, Decision Decision, string? Reason)
{
    private static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Outcome<ToldScan> Read(NewScan? scan, int index, Guid eventId, TicketKeys keys)
    {
        if (scan is null)
        {
            return ApiError.BadRequest("scan_invalid", $"'scans[{index}]' is an object.");
        }

        var decision = scan.Decision switch { "ask" => Decision.Ask, "admitted" => Decision.Admitted, "already_in" => Decision.AlreadyIn, "refused" => Decision.Refused, _ => (Decision?)null };
        var checks = new FieldChecks();
        checks.Require(scan.Id is { } id && id != Guid.Empty, "scan_invalid", $"'scans[{index}].id' is a UUID.");
        checks.Require((scan.Code is null) != (scan.TicketId is null), "scan_invalid", $"'scans[{index}]' has 'code' or 'ticketId', one of them.");
        checks.Require(scan.At is { } at && at >= Earliest && at < Latest, "scan_invalid", $"'scans[{index}].at' is when it was made, by the device's clock.");
        checks.Require(scan.Kind is null or "in" or "out", "scan_invalid", $"'scans[{index}].kind' is \"in\" or \"out\".");
        checks.Require(decision is not null, "scan_invalid", $"'scans[{index}].decision' is \"ask\", \"admitted\", \"already_in\" or \"refused\".");
        checks.Require(decision != Decision.Refused || Refusals.All.Contains(scan.Reason), "scan_invalid", $"'scans[{index}].reason' is a refusal's code.");
        if (checks.Error is not null)
        {
            return checks.Error;
        }

        var (ticketId, wrong) = (scan.TicketId, (string?)null);
        if (scan.Code is not null)
        {
            var reading = keys.ReadCode(scan.Code, out var codeEvent, out var codeTicket);
            wrong = reading switch
            {
                TicketCodeReading.Malformed => Refusals.Malformed,
                TicketCodeReading.SignatureInvalid => Refusals.SignatureInvalid,

                // Another event's ticket may be another organisation's: nothing of it is kept.
                _ when codeEvent != eventId => Refusals.WrongEvent,
                _ => null,
            };
            ticketId = wrong is null ? codeTicket : null;
        }

        return new ToldScan(scan.Id!.Value, ticketId, scan.At!.Value, scan.Kind == "out", decision!.Value, decision == Decision.Refused ? scan.Reason : wrong);
    }
}
