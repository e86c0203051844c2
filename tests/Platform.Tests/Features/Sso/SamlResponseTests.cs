using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using Events.Platform.Features.Sso.Saml;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>What a response must be to be taken, and the known ways to wrap one.</summary>
public sealed class SamlResponseTests : IDisposable
{
    private const string Acs = "https://events.example/sso/1/acs";
    private const string Audience = "https://events.example/sso/1/metadata";
    private const string Victim = "victim@company.example";

    private static readonly SamlClaims Proper = new(Acs, Audience, "_request", "mallory@company.example") { Subject = "mallory" };

    private readonly SamlStandIn _provider = new();

    public void Dispose() => _provider.Dispose();

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_response_is_taken_whose_assertion_or_envelope_is_signed(bool assertion, bool envelope)
    {
        var response = SamlStandIn.Response(Proper);
        if (assertion)
        {
            _provider.Sign(SamlStandIn.Assertion(response));
        }

        if (envelope)
        {
            _provider.Sign(response.DocumentElement!);
        }

        var verdict = Verify(response).Value!;
        Assert.Equal("mallory@company.example", verdict.Person.Email);
        Assert.Equal("Sam Person", verdict.Person.Name);
        Assert.Equal("_request", verdict.InResponseTo);
    }

    [Fact]
    public void The_old_and_the_new_certificate_hold_both_while_they_overlap()
    {
        using var next = new SamlStandIn();
        Assert.Null(SamlResponse.Verify(SamlStandIn.Bytes(_provider.Signed(Proper)), Expected(next.Der, _provider.Der), DateTimeOffset.UtcNow).Error);
        Assert.Null(SamlResponse.Verify(SamlStandIn.Bytes(next.Signed(Proper)), Expected(next.Der, _provider.Der), DateTimeOffset.UtcNow).Error);
        Assert.Equal("saml_signature_invalid", SamlResponse.Verify(SamlStandIn.Bytes(next.Signed(Proper)), Expected(_provider.Der), DateTimeOffset.UtcNow).Error!.Code);
    }

    public static TheoryData<string, string> WrongClaims() => new()
    {
        { "issuer", "sso_issuer_mismatch" },
        { "destination", "saml_recipient_invalid" },
        { "recipient", "saml_recipient_invalid" },
        { "audience", "saml_audience_invalid" },
        { "expired", "saml_expired" },
        { "not yet valid", "saml_expired" },
        { "issued long ago", "saml_expired" },
        { "valid for too long", "saml_expired" },
        { "session over", "saml_expired" },
        { "transient", "saml_subject_transient" },
        { "nobody", "saml_subject_missing" },
        { "no authentication", "saml_subject_missing" },
        { "unsolicited", "saml_unsolicited" },
        { "failed", "sso_denied" },
        { "unknown condition", "saml_malformed" },
        { "second audience restriction", "saml_audience_invalid" },
    };

    [Theory]
    [MemberData(nameof(WrongClaims))]
    public void A_signed_response_with_a_wrong_claim_is_refused(string what, string code)
    {
        var now = DateTimeOffset.UtcNow;
        var claims = what switch
        {
            "issuer" => Proper with { Issuer = "https://other.example" },
            "destination" => Proper with { Destination = "https://other.example/acs" },
            "recipient" => Proper with { Recipient = "https://other.example/acs" },
            "audience" => Proper with { Audience = "https://other.example" },
            "expired" => Proper with { Now = now.AddMinutes(-7) },
            "not yet valid" => Proper with { Now = now.AddMinutes(2) },
            "issued long ago" => Proper with { Now = now.AddHours(-2), Life = TimeSpan.FromHours(3) },
            "valid for too long" => Proper with { Life = TimeSpan.FromHours(2) },
            "session over" => Proper with { Authn = "<saml:AuthnStatement AuthnInstant=\"2020-01-01T00:00:00Z\" SessionNotOnOrAfter=\"2020-01-02T00:00:00Z\"/>" },
            "transient" => Proper with { Format = SamlNames.Transient },
            "nobody" => Proper with { Subject = " " },
            "no authentication" => Proper with { Authn = "" },
            "unsolicited" => Proper with { InResponseTo = "" },
            "failed" => Proper with { Status = "urn:oasis:names:tc:SAML:2.0:status:Responder" },
            "unknown condition" => Proper with { ConditionsExtra = "<x:Weather xmlns:x=\"urn:x\"/>" },
            _ => Proper with { ConditionsExtra = "<saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction>" },
        };
        Assert.Equal(code, Verify(_provider.Signed(claims)).Error?.Code);
    }

    [Fact]
    public void Clocks_may_differ_by_less_than_a_minute()
    {
        Assert.Null(Verify(_provider.Signed(Proper with { Now = DateTimeOffset.UtcNow.AddSeconds(50) })).Error);
        Assert.Null(Verify(_provider.Signed(Proper with { Now = DateTimeOffset.UtcNow.AddMinutes(-5).AddSeconds(-50) })).Error);
    }

    /// <summary>The eight of "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), and later ones.</summary>
    private static readonly Dictionary<string, Func<SamlStandIn, XmlDocument>> Wrappings = new()
    {
        ["XSW1: signed response inside the signature of a forged one"] = p => WrapResponse(p, (forged, original, signature) =>
        {
            forged.InsertAfter(signature, forged.FirstChild);
            signature.AppendChild(original);
        }),
        ["XSW2: signed response before its signature in a forged one"] = p => WrapResponse(p, (forged, original, signature) =>
        {
            forged.InsertAfter(original, forged.FirstChild);
            forged.InsertAfter(signature, original);
        }),
        ["XSW3: forged assertion before the signed one"] = p => WrapAssertion(p, (response, forged, original) => response.InsertBefore(forged, original)),
        ["XSW4: signed assertion inside the forged one"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            response.ReplaceChild(forged, original);
            forged.AppendChild(original);
        }),
        ["XSW5: forged assertion takes the signature, the signed one follows"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            var signature = Signature(original);
            response.ReplaceChild(forged, original);
            forged.InsertAfter(signature, forged.FirstChild);
            response.AppendChild(original);
        }),
        ["XSW6: signed assertion inside the signature of the forged one"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            var signature = Signature(original);
            response.ReplaceChild(forged, original);
            forged.InsertAfter(signature, forged.FirstChild);
            signature.AppendChild(original);
        }),
        ["XSW7: forged assertion in extensions"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            var extensions = response.OwnerDocument.CreateElement("samlp", "Extensions", SamlNames.Protocol);
            extensions.AppendChild(forged);
            response.InsertBefore(extensions, original);
        }),
        ["XSW8: signed assertion in an object of the signature"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            var signature = Signature(original);
            response.ReplaceChild(forged, original);
            forged.InsertAfter(signature, forged.FirstChild);
            var holder = response.OwnerDocument.CreateElement("ds", "Object", SamlNames.Signature);
            holder.AppendChild(original);
            signature.AppendChild(holder);
        }),
        ["forged assertion after the signed one"] = p => WrapAssertion(p, (response, forged, original) => response.InsertAfter(forged, original)),
        ["forged assertion with the signed one's id"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            forged.SetAttribute("ID", original.GetAttribute("ID"));
            response.InsertBefore(forged, original);
        }),
        ["signature moved to a forged assertion of the same id"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            forged.SetAttribute("ID", original.GetAttribute("ID"));
            forged.InsertAfter(Signature(original), forged.FirstChild);
            response.ReplaceChild(forged, original);
        }),
        ["id in another spelling on a forged subject"] = p => WrapAssertion(p, (response, forged, original) =>
        {
            forged.SetAttribute("Id", original.GetAttribute("ID"));
            forged.InsertAfter(Signature(original), forged.FirstChild);
            response.ReplaceChild(forged, original);
        }),
        ["signed response as a child of its status"] = p => WrapResponse(p, (forged, original, signature) =>
        {
            forged.InsertAfter(signature, forged.FirstChild);
            forged.GetElementsByTagName("Status", SamlNames.Protocol)[0]!.AppendChild(original);
        }),
    };

    public static TheoryData<string> WrappingNames() => [.. Wrappings.Keys];

    [Theory]
    [MemberData(nameof(WrappingNames))]
    public void A_wrapped_response_is_refused(string how)
    {
        var wrapped = Wrappings[how](_provider);
        Assert.Contains(Victim, wrapped.OuterXml);
        var outcome = Verify(wrapped);
        Assert.Null(outcome.Value);
        Assert.Contains(outcome.Error!.Code, new[] { "saml_malformed", "saml_signature_invalid" });
    }

    /// <summary>Behind the refusal of odd shapes: even where a shape passes, what a signature vouches for is what is read.</summary>
    [Theory]
    [MemberData(nameof(WrappingNames))]
    public void What_a_signature_covers_never_speaks_of_the_victim(string how)
    {
        var wrapped = Wrappings[how](_provider);
        foreach (var element in wrapped.GetElementsByTagName("*").OfType<XmlElement>().Where(e => e.LocalName is "Response" or "Assertion"))
        {
            Assert.DoesNotContain(Victim, SignedElement.Verify(element, [_provider.Der])?.OuterXml ?? "");
        }
    }

    private static readonly Dictionary<string, Action<SamlStandIn, XmlDocument>> OddSignatures = new()
    {
        ["none"] = (_, _) => { },
        ["another key's"] = (_, r) =>
        {
            using var other = new SamlStandIn();
            other.Sign(SamlStandIn.Assertion(r), change: s => s.KeyInfo = Info(other.Certificate));
        },
        ["SHA-1 signature"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), method: SignedXml.XmlDsigRSASHA1Url),
        ["SHA-1 digest"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), digest: SignedXml.XmlDsigSHA1Url),
        ["inclusive canonicalisation"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), canonicalisation: SignedXml.XmlDsigC14NTransformUrl),
        ["with comments"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), canonicalisation: SignedXml.XmlDsigExcC14NWithCommentsTransformUrl),
        ["the whole document"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), change: s => ((Reference)s.SignedInfo!.References[0]!).Uri = ""),
        ["two references"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), change: s => s.AddReference(new Reference("#" + r.DocumentElement!.GetAttribute("ID")) { DigestMethod = SignedXml.XmlDsigSHA256Url })),
        ["the response, from inside the assertion"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), change: s => ((Reference)s.SignedInfo!.References[0]!).Uri = "#" + r.DocumentElement!.GetAttribute("ID")),
        ["a third transform"] = (p, r) => p.Sign(SamlStandIn.Assertion(r), change: s => ((Reference)s.SignedInfo!.References[0]!).AddTransform(new XmlDsigExcC14NTransform())),
        ["an XPath transform"] = (p, r) =>
        {
            p.Sign(SamlStandIn.Assertion(r));
            var transform = (XmlElement)r.GetElementsByTagName("Transform", SamlNames.Signature)[0]!;
            transform.SetAttribute("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116");
            transform.InnerXml = "<XPath xmlns=\"http://www.w3.org/2000/09/xmldsig#\">not(ancestor-or-self::*)</XPath>";
        },
        ["keyed with the certificate as a secret"] = (p, r) =>
        {
            p.Sign(SamlStandIn.Assertion(r));
            ((XmlElement)r.GetElementsByTagName("SignatureMethod", SamlNames.Signature)[0]!).SetAttribute("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256");
        },
        ["changed afterwards"] = (p, r) =>
        {
            p.Sign(SamlStandIn.Assertion(r));
            r.GetElementsByTagName("AttributeValue", SamlNames.Assertion)[0]!.InnerText = Victim;
        },
        ["of the response, which was changed afterwards"] = (p, r) =>
        {
            p.Sign(SamlStandIn.Assertion(r));
            p.Sign(r.DocumentElement!);
            r.DocumentElement!.SetAttribute("InResponseTo", "_other");
        },
        ["of the subject alone"] = (p, r) =>
        {
            var subject = (XmlElement)r.GetElementsByTagName("Subject", SamlNames.Assertion)[0]!;
            subject.SetAttribute("ID", "_subject");
            subject.PrependChild(r.CreateElement("saml", "Issuer", SamlNames.Assertion));
            p.Sign(subject);
        },
    };

    public static TheoryData<string> OddSignatureNames() => [.. OddSignatures.Keys];

    [Theory]
    [MemberData(nameof(OddSignatureNames))]
    public void An_odd_signature_is_refused(string which)
    {
        var response = SamlStandIn.Response(Proper);
        OddSignatures[which](_provider, response);
        Assert.Contains(Verify(response).Error?.Code, new[] { "saml_malformed", "saml_signature_invalid" });
    }

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY e \"mallory\">]>", "saml_malformed")]
    [InlineData("<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">", "saml_malformed")]
    [InlineData("<!-- hello -->", "saml_malformed")]
    [InlineData("<?hello world?>", "saml_malformed")]
    [InlineData("", null)]
    public void Document_types_comments_and_instructions_are_refused(string prefix, string? code) =>
        Assert.Equal(code, SamlResponse.Verify(Encoding.UTF8.GetBytes(prefix + _provider.Signed(Proper).OuterXml), Expected(_provider.Der), DateTimeOffset.UtcNow).Error?.Code);

    [Fact]
    public void A_comment_does_not_cut_a_name_short()
    {
        var response = _provider.Signed(Proper with { Email = $"{Victim}.evil.example" });
        var cut = response.OuterXml.Replace($"{Victim}.evil.example", $"{Victim}<!---->.evil.example", StringComparison.Ordinal);
        Assert.Equal("saml_malformed", SamlResponse.Verify(Encoding.UTF8.GetBytes(cut), Expected(_provider.Der), DateTimeOffset.UtcNow).Error!.Code);
    }

    [Fact]
    public void Deep_long_and_crowded_documents_are_refused_at_once()
    {
        foreach (var bomb in new[]
        {
            string.Concat(Enumerable.Repeat("<a>", 10_000)),
            "<a>" + string.Concat(Enumerable.Repeat("<b/>", 20_000)) + "</a>",
            "<a " + string.Join(' ', Enumerable.Range(0, 5_000).Select(i => $"a{i}=\"\"")) + "/>",
            "<a>" + new string('x', 1_000_000) + "</a>",
            "",
            "\0",
            "<",
            "<a xmlns:b='urn:x'><b:c/></a",
        })
        {
            Assert.Equal("saml_malformed", SamlResponse.Verify(Encoding.UTF8.GetBytes(bomb), Expected(_provider.Der), DateTimeOffset.UtcNow).Error!.Code);
        }
    }

    /// <summary>Nothing that differs from what was signed lets anybody else in, and nothing makes the reader throw.</summary>
    [Fact]
    public void Mutated_responses_say_what_was_signed_or_nothing()
    {
        var rounds = Environment.GetEnvironmentVariable("EVENTS_LONG_TESTS") == "1" ? 100_000 : 3_000;
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var both = _provider.Signed(Proper);
        _provider.Sign(both.DocumentElement!);
        byte[][] originals = [SamlStandIn.Bytes(_provider.Signed(Proper)), SamlStandIn.Bytes(both)];
        var expected = Expected(_provider.Der);
        var subject = SamlResponse.Verify(originals[0], expected, DateTimeOffset.UtcNow).Value!.Person;
        for (var i = 0; i < rounds; i++)
        {
            var mutated = Mutate(originals[random.Next(originals.Length)], random);
            var outcome = SamlResponse.Verify(mutated, expected, DateTimeOffset.UtcNow);
            Assert.True(outcome.Value is null || outcome.Value.Person == subject, $"seed {seed}, round {i}: {Encoding.UTF8.GetString(mutated)}");
        }
    }

    /// <summary>Bytes changed, cut, and pieces of the document copied to elsewhere in it.</summary>
    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var (at, length) = (random.Next(bytes.Count), random.Next(1, 200));
            length = Math.Min(length, bytes.Count - at);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(32, 127);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                default:
                    var text = Encoding.UTF8.GetString([.. bytes]);
                    var tags = text.Split('<');
                    (tags[random.Next(1, tags.Length)], tags[random.Next(1, tags.Length)]) = (tags[random.Next(1, tags.Length)], tags[random.Next(1, tags.Length)]);
                    bytes = [.. Encoding.UTF8.GetBytes(string.Join('<', tags))];
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private static XmlDocument WrapResponse(SamlStandIn provider, Action<XmlElement, XmlElement, XmlElement> arrange)
    {
        var signed = SamlStandIn.Response(Proper);
        provider.Sign(signed.DocumentElement!);
        var forged = Forge(signed);
        foreach (var stale in forged.GetElementsByTagName("Signature", SamlNames.Signature).OfType<XmlElement>().ToList())
        {
            stale.ParentNode!.RemoveChild(stale);
        }

        forged.DocumentElement!.SetAttribute("ID", "_forged");
        var original = (XmlElement)forged.ImportNode(signed.DocumentElement!, deep: true);
        var signature = Signature(original);
        original.RemoveChild(signature);
        arrange(forged.DocumentElement!, original, signature);
        return SamlStandIn.Parse(forged.OuterXml);
    }

    private static XmlDocument WrapAssertion(SamlStandIn provider, Action<XmlElement, XmlElement, XmlElement> arrange)
    {
        var document = provider.Signed(Proper);
        var original = SamlStandIn.Assertion(document);
        var forged = (XmlElement)document.ImportNode(SamlStandIn.Assertion(Forge(document)), deep: true);
        forged.RemoveChild(Signature(forged));
        forged.SetAttribute("ID", "_forged");
        arrange(document.DocumentElement!, forged, original);
        return SamlStandIn.Parse(document.OuterXml);
    }

    private static XmlDocument Forge(XmlDocument signed) => SamlStandIn.Parse(signed.OuterXml.Replace("mallory@company.example", Victim, StringComparison.Ordinal).Replace(">mallory<", ">victim<", StringComparison.Ordinal));

    private static XmlElement Signature(XmlElement of) => of.ChildNodes.OfType<XmlElement>().First(e => e.LocalName == "Signature");

    private static KeyInfo Info(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
    {
        var info = new KeyInfo();
        info.AddClause(new KeyInfoX509Data(certificate));
        return info;
    }

    private static SamlExpectation Expected(params byte[][] certificates) => new(SamlStandIn.EntityId, Acs, Audience, certificates);

    private Events.Platform.Composition.Outcome<SamlVerdict> Verify(XmlDocument response) => SamlResponse.Verify(SamlStandIn.Bytes(response), Expected(_provider.Der), DateTimeOffset.UtcNow);
}
