using System.Text.Json;
using Events.Platform.Features.Tickets;
using Events.Rtc.Signalling.Tokens;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Platform.Features.Tickets;

public sealed class TicketRulesTests
{
    private static readonly Guid Type = Guid.CreateVersion7();

    // RFC 9285 §4.3 and §4.4
    [Theory]
    [InlineData("AB", "BB8")]
    [InlineData("Hello!!", "%69 VD92EX0")]
    [InlineData("base-45", "UJCLQE7W581")]
    [InlineData("ietf!", "QED8WEX0")]
    public void Base45_follows_the_published_examples(string text, string encoded)
    {
        Assert.Equal(encoded, Base45.Encode(System.Text.Encoding.ASCII.GetBytes(text)));
        Assert.True(Base45.TryDecode(encoded, out var bytes));
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(bytes));
    }

    [Fact]
    public void Base45_gives_every_byte_string_back_and_survives_any_text()
    {
        Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(bytes => Base45.TryDecode(Base45.Encode(bytes), out var back) && back.AsSpan().SequenceEqual(bytes)));
        Check.QuickThrowOnFailure(Prop.ForAll<string>(text => Base45.TryDecode(text ?? "", out _) || true));
        Assert.False(Base45.TryDecode("GGW", out _)); // 65,536: RFC 9285 §6
    }

    [Fact]
    public void A_code_is_verified_by_its_own_key_only_and_no_character_of_it_can_change()
    {
        using var key = JwtSigningKey.Generate();
        using var other = JwtSigningKey.Generate();
        var (own, foreign) = (JwtVerificationKey.AllFromPem(key.ExportPublicPem()), JwtVerificationKey.AllFromPem(other.ExportPublicPem()));
        var (eventId, ticketId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var code = TicketCode.Sign(key, eventId, ticketId);
        Assert.True(TicketCode.TryVerify([.. foreign, .. own], code, out var readEvent, out var readTicket));
        Assert.Equal((eventId, ticketId), (readEvent, readTicket));
        Assert.False(TicketCode.TryVerify(foreign, code, out _, out _));
        for (var i = 0; i < code.Length; i++)
        {
            var changed = code[..i] + (code[i] == '0' ? '1' : '0') + code[(i + 1)..];
            Assert.False(TicketCode.TryVerify(own, changed, out _, out _));
        }
    }

    [Fact]
    public void A_question_is_asked_only_when_the_one_it_depends_on_was_answered_so()
    {
        var diet = Question("choice", true, options: ["none", "other"]);
        var which = Question("text", true, new ShownIf(diet.Id, "other"));
        var elsewhere = Question("text", true) with { TicketTypeId = Guid.CreateVersion7() };
        QuestionDetails[] all = [diet, which, elsewhere];

        Assert.Equal("answer_missing", Code(all, "{}"));
        Assert.Null(Code(all, $$"""{"{{diet.Id}}":"none"}"""));
        Assert.Equal("answer_missing", Code(all, $$"""{"{{diet.Id}}":"other"}"""));
        Assert.Equal("answer_missing", Code(all, $$"""{"{{diet.Id}}":"other","{{which.Id}}":"  "}"""));
        Assert.Null(Code(all, $$"""{"{{diet.Id}}":"other","{{which.Id}}":"nuts"}"""));
        var (kept, _) = QuestionRules.Check(all, Type, Answers($$"""{"{{diet.Id}}":"none","{{which.Id}}":"nobody asked"}"""));
        Assert.Equal([diet.Id], kept.Keys);
    }

    [Theory]
    [InlineData("text", "5", false)]
    [InlineData("text", "\"a\"", true)]
    [InlineData("choice", "\"a\"", true)]
    [InlineData("choice", "\"c\"", false)]
    [InlineData("choice", "[\"a\"]", false)]
    [InlineData("choices", "[\"a\",\"b\"]", true)]
    [InlineData("choices", "[\"a\",\"a\"]", false)]
    [InlineData("choices", "[1]", false)]
    [InlineData("yes_no", "true", true)]
    [InlineData("yes_no", "\"yes\"", false)]
    public void An_answer_fits_its_question(string kind, string answer, bool fits)
    {
        var question = Question(kind, true, options: ["a", "b"]);
        Assert.Equal(fits ? null : "answer_invalid", Code([question], $$"""{"{{question.Id}}":{{answer}}}"""));
    }

    private static QuestionDetails Question(string kind, bool required, ShownIf? shownIf = null, string[]? options = null) =>
        new(Guid.CreateVersion7(), "Question", kind, required, options ?? [], null, shownIf);

    private static Dictionary<string, JsonElement> Answers(string json) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;

    private static string? Code(IReadOnlyList<QuestionDetails> questions, string answers) => QuestionRules.Check(questions, Type, Answers(answers)).Error?.Code;
}
