namespace Events.Platform.Features.Onsite;

/// <summary>Somebody passed a door with a ticket.</summary>
/// <param name="Seq">Of its row.</param>
/// <param name="Id">The device's own; decides between two of the same moment.</param>
/// <param name="DeviceId">Null: let in by an account or a token.</param>
/// <param name="At">On our clock.</param>
/// <param name="IsExit">Going out.</param>
/// <param name="Readmits">The entrance lets in again who has left.</param>
internal sealed record Passage(long Seq, Guid Id, Guid? DeviceId, DateTimeOffset At, bool IsExit, bool Readmits);

/// <param name="Result">ok, conflict (in already), refused (left before), not_in.</param>
internal readonly record struct PassageResult(long Seq, string Result, string? Reason);

/// <param name="Entry">The first one in; null: nobody is.</param>
/// <param name="LeftAt">When the holder went out for the last time; null: inside, or never in.</param>
/// <param name="Results">One a passage.</param>
internal sealed record Reconciled(Passage? Entry, DateTimeOffset? LeftAt, IReadOnlyList<PassageResult> Results);

/// <summary>
/// What the passages of one ticket amount to. It depends on their times alone and not on the order in which they became known, so that devices that were
/// offline may upload whenever they come back and all end with the same entry. The earliest is the entry; of two at the same moment the lower id.
/// </summary>
internal static class Reconciliation
{
    public static Reconciled Of(IEnumerable<Passage> passages)
    {
        Passage? entry = null;
        DateTimeOffset? leftAt = null;
        var results = new List<PassageResult>();
        foreach (var passage in passages.OrderBy(p => p.At).ThenBy(p => p.Id).ThenBy(p => p.DeviceId))
        {
            var isInside = entry is not null && leftAt is null;
            var (result, reason) = (passage.IsExit, isInside) switch
            {
                (true, true) => ("ok", null),
                (true, false) => ("not_in", null),
                (false, true) => ("conflict", null),
                (false, false) when entry is not null && !passage.Readmits => ("refused", Refusals.Left),
                _ => ("ok", (string?)null),
            };
            if (result == "ok")
            {
                leftAt = passage.IsExit ? passage.At : null;
                entry ??= passage;
            }

            results.Add(new PassageResult(passage.Seq, result, reason));
        }

        return new Reconciled(entry, leftAt, results);
    }
}
