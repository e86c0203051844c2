using Events.Platform.Features.Onsite;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Platform.Features.Onsite;

/// <summary>The rule by itself, on made-up passages: few distinct times and ids, so that ties are common.</summary>
public sealed class ReconciliationTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 9, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Passage[]> Passages =
        from count in Gen.Choose(0, 8)
        from drawn in (from minute in Gen.Choose(0, 4) from device in Gen.Choose(0, 2) from isExit in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true))) from readmits in Gen.Elements(true, false) select (minute, device, isExit, readmits)).ArrayOf(count)
        select drawn.Select((d, i) => new Passage(i + 1, Id(i), d.device == 0 ? null : Id(100 + d.device), Start.AddMinutes(d.minute), d.isExit, d.readmits)).ToArray();

    [Fact]
    public void The_order_in_which_passages_become_known_changes_nothing() => Check.QuickThrowOnFailure(Prop.ForAll(
        (from passages in Passages from order in Gen.Shuffle(passages) select (passages, order)).ToArbitrary(),
        drawn =>
        {
            var (one, other) = (Reconciliation.Of(drawn.passages), Reconciliation.Of(drawn.order));
            return one.Entry == other.Entry && one.LeftAt == other.LeftAt && one.Results.SequenceEqual(other.Results);
        }));

    [Fact]
    public void The_entry_is_the_earliest_and_everybody_who_passed_is_accounted_for() => Check.QuickThrowOnFailure(Prop.ForAll(
        Passages.ToArbitrary(),
        passages =>
        {
            var settled = Reconciliation.Of(passages);
            var ins = passages.Where(p => !p.IsExit).OrderBy(p => p.At).ThenBy(p => p.Id).ToList();
            return settled.Entry == ins.FirstOrDefault() && settled.Results.Count == passages.Length && settled.Results.Select(r => r.Seq).Distinct().Count() == passages.Length
                && settled.Results.All(r => (r.Reason is not null) == (r.Result == "refused"));
        }));

    [Fact]
    public void Who_left_comes_in_again_where_that_is_allowed_and_only_there()
    {
        Passage In(int n, bool readmits) => new(n, Id(n), Id(100), Start.AddMinutes(n), false, readmits);
        Passage Out(int n) => new(n, Id(n), Id(100), Start.AddMinutes(n), true, false);
        Assert.Equal(["ok", "ok", "refused", "ok", "conflict"], Results(In(1, true), Out(2), In(3, false), In(4, true), In(5, true)));
        Assert.Equal(["not_in", "ok", "ok", "not_in"], Results(Out(1), In(2, false), Out(3), Out(4)));
        Assert.Equal(Start.AddMinutes(3), Reconciliation.Of([Out(1), In(2, false), Out(3), Out(4)]).LeftAt);

        static IEnumerable<string> Results(params Passage[] passages) => Reconciliation.Of(passages).Results.Select(r => r.Result);
    }

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);
}
