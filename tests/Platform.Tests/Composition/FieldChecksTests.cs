using Events.Platform.Composition;

namespace Events.Tests.Platform.Composition;

public sealed class FieldChecksTests
{
    [Theory]
    [InlineData("Zoë Ångström-O’Neil")]
    [InlineData("אבי \u200F(Avi)")]
    [InlineData("علي\u200Cرضا")]
    [InlineData("家族 👩\u200D👩\u200D👧")]
    [InlineData("7")]
    public void Names_of_all_languages_are_taken(string name)
    {
        var checks = new FieldChecks();
        Assert.Equal(name, checks.Text("name", name, 100));
        Assert.Null(checks.Error);
    }

    [Theory]
    [InlineData("\u202Egnp.exe", "name_invalid")]
    [InlineData("Ann\u2066", "name_invalid")]
    [InlineData("Ann\u2028Organiser", "name_invalid")]
    [InlineData("a\0b", "name_invalid")]
    [InlineData("a\nb", "name_invalid")]
    [InlineData("\u200B\u200D", "name_invalid")]
    [InlineData("\u0301", "name_invalid")]
    [InlineData(" ", "name_missing")]
    [InlineData("\u00A0\u2003", "name_missing")]
    [InlineData("123456789012345678901", "name_too_long")]
    public void What_cannot_be_seen_or_turns_around_what_stands_behind_it_is_no_name(string name, string code)
    {
        var checks = new FieldChecks();
        checks.Text("name", name, 20);
        Assert.Equal(code, checks.Error?.Code);
    }
}
