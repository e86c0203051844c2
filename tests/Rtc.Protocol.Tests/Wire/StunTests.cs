using System.Net;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class StunTests
{
    // RFC 5769 §2: password of the samples with short-term credentials.
    private static readonly byte[] Password = Encoding.ASCII.GetBytes("VOkJxbRl1RmTxUk/WvJxBt");

    private static readonly byte[] SampleTransaction = Convert.FromHexString("b7e7a701bc34d686fa87dfae");

    // RFC 5769 §2.1
    private static readonly byte[] SampleRequest = Convert.FromHexString(
        "000100582112a442b7e7a701bc34d686fa87dfae"
        + "802200105354554e207465737420636c69656e74"
        + "002400046e0001ff"
        + "80290008932ff9b151263b36"
        + "000600096576746a3a68367659202020"
        + "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
        + "80280004e57a3bcf");

    // RFC 5769 §2.2
    private static readonly byte[] SampleIPv4Response = Convert.FromHexString(
        "0101003c2112a442b7e7a701bc34d686fa87dfae"
        + "8022000b7465737420766563746f7220"
        + "002000080001a147e112a643"
        + "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
        + "80280004c07d4c96");

    // RFC 5769 §2.3
    private static readonly byte[] SampleIPv6Response = Convert.FromHexString(
        "010100482112a442b7e7a701bc34d686fa87dfae"
        + "8022000b7465737420766563746f7220"
        + "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
        + "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
        + "80280004c8fb0b4c");

    // RFC 5769 §2.4
    private static readonly byte[] SampleLongTermRequest = Convert.FromHexString(
        "000100602112a44278ad3433c6ad72c029da412e"
        + "00060012e3839ee38388e383aae38383e382afe382b90000"
        + "0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341"
        + "0014000b6578616d706c652e6f726700"
        + "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666");

    [Fact]
    public void Sample_request_of_RFC_5769_reads_and_verifies()
    {
        Assert.True(StunReader.TryRead(SampleRequest, out var message));
        Assert.Equal(StunClass.Request, message.Class);
        Assert.Equal(StunMethod.Binding, message.Method);
        Assert.True(message.TransactionId.SequenceEqual(SampleTransaction));
        Assert.True(message.TryGetUsername(out var username));
        Assert.Equal("evtj:h6vY", Encoding.UTF8.GetString(username));
        Assert.True(message.TryGetPriority(out var priority));
        Assert.Equal(0x6E00_01FFu, priority);
        Assert.True(message.TryGetIceControlled(out var tieBreaker));
        Assert.Equal(0x932F_F9B1_5126_3B36UL, tieBreaker);
        Assert.False(message.TryGetIceControlling(out _));
        Assert.False(message.HasUseCandidate);
        Assert.True(message.VerifyMessageIntegrity(Password));
        Assert.False(message.VerifyMessageIntegrity("another password"u8));
        Assert.True(message.HasFingerprint);
        Assert.True(message.VerifyFingerprint());
    }

    [Fact]
    public void Sample_responses_of_RFC_5769_give_both_address_families()
    {
        Assert.True(StunReader.TryRead(SampleIPv4Response, out var message));
        Assert.Equal(StunClass.SuccessResponse, message.Class);
        Assert.True(message.TryGetXorMappedAddress(out var address));
        Assert.Equal(IPEndPoint.Parse("192.0.2.1:32853"), address.ToIPEndPoint());
        Assert.True(message.VerifyMessageIntegrity(Password));
        Assert.True(message.VerifyFingerprint());

        Assert.True(StunReader.TryRead(SampleIPv6Response, out message));
        Assert.True(message.TryGetXorMappedAddress(out address));
        Assert.Equal(IPEndPoint.Parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"), address.ToIPEndPoint());
        Assert.True(message.VerifyMessageIntegrity(Password));
        Assert.True(message.VerifyFingerprint());
    }

    [Fact]
    public void Sample_request_with_long_term_credentials_of_RFC_5769_verifies()
    {
        var key = MD5.HashData(Encoding.UTF8.GetBytes("マトリックス:example.org:TheMatrIX"));
        Assert.True(StunReader.TryRead(SampleLongTermRequest, out var message));
        Assert.True(message.VerifyMessageIntegrity(key));
        Assert.False(message.HasFingerprint);
        Assert.False(message.VerifyFingerprint());
    }

    [Fact]
    public void Writer_reproduces_the_sample_responses_of_RFC_5769_but_for_their_padding()
    {
        // The samples pad SOFTWARE with a space where this writer writes zero, so integrity differs; the address bytes must not.
        foreach (var (text, sample) in new[]
        {
            ("192.0.2.1:32853", SampleIPv4Response), ("[2001:db8:1234:5678:11:2233:4455:6677]:32853", SampleIPv6Response),
        })
        {
            var buffer = new byte[200];
            var writer = new StunWriter(buffer, StunClass.SuccessResponse, StunMethod.Binding, SampleTransaction);
            writer.AddAttribute(StunAttribute.Software, "test vector"u8);
            writer.AddXorMappedAddress(TransportAddress.From(IPEndPoint.Parse(text)));
            writer.AddMessageIntegrity(Password);
            writer.AddFingerprint();
            Assert.Equal(sample.Length, writer.Length);
            Assert.Equal(sample[20..35], buffer[20..35]);
            var integrityAt = sample.Length - 32;
            Assert.Equal(sample[36..(integrityAt + 4)], buffer[36..(integrityAt + 4)]);
        }
    }

    [Fact]
    public void Written_messages_read_back_the_same() => Seeded.Run(300, random =>
    {
        var transaction = random.Bytes(12);
        var key = random.Bytes(random.Next(1, 40));
        var username = random.Bytes(random.Next(0, 60));
        var kind = (StunClass)random.Next(4);
        var method = (ushort)random.Next(0x1000);
        var priority = (uint)random.NextInt64(uint.MaxValue);
        var tieBreaker = (ulong)random.NextInt64();
        var code = random.Next(300, 700);
        var address = random.Next(2) == 0
            ? TransportAddress.FromIPv4((uint)random.NextInt64(uint.MaxValue), (ushort)random.Next(65_536))
            : TransportAddress.FromIPv6(random.Bytes(16), (ushort)random.Next(65_536));
        var buffer = random.Bytes(400);
        var writer = new StunWriter(buffer, kind, method, transaction);
        Assert.True(writer.AddAttribute(StunAttribute.Username, username));
        Assert.True(writer.AddUInt32(StunAttribute.Priority, priority));
        Assert.True(writer.AddUInt64(StunAttribute.IceControlling, tieBreaker));
        Assert.True(writer.AddAttribute(StunAttribute.UseCandidate, default));
        Assert.True(writer.AddXorMappedAddress(address));
        Assert.True(writer.AddErrorCode(code, "why"u8));
        Assert.True(writer.AddMessageIntegrity(key));
        Assert.True(writer.AddFingerprint());

        Assert.True(StunReader.TryRead(writer.Message, out var message));
        Assert.Equal(kind, message.Class);
        Assert.Equal(method, message.Method);
        Assert.True(message.TransactionId.SequenceEqual(transaction));
        Assert.True(message.TryGetUsername(out var readName));
        Assert.True(readName.SequenceEqual(username));
        Assert.True(message.TryGetPriority(out var readPriority));
        Assert.Equal(priority, readPriority);
        Assert.True(message.TryGetIceControlling(out var readTie));
        Assert.Equal(tieBreaker, readTie);
        Assert.True(message.HasUseCandidate);
        Assert.True(message.TryGetXorMappedAddress(out var readAddress));
        Assert.Equal(address, readAddress);
        Assert.True(message.TryGetErrorCode(out var readCode));
        Assert.Equal(code, readCode);
        Assert.True(message.VerifyMessageIntegrity(key));
        Assert.True(message.VerifyFingerprint());

        // Any flipped bit is noticed: refused on reading, or by one of the two checks.
        buffer[random.Next(writer.Length)] ^= (byte)(1 << random.Next(8));
        Assert.False(StunReader.TryRead(buffer.AsSpan(0, writer.Length), out message) && message.VerifyFingerprint());
    });

    [Fact]
    public void Attributes_behind_message_integrity_are_ignored()
    {
        var writer = new StunWriter(new byte[200], StunClass.Request, StunMethod.Binding, SampleTransaction);
        writer.AddAttribute(StunAttribute.Username, "a:b"u8);
        writer.AddMessageIntegrity(Password);
        writer.AddAttribute(StunAttribute.UseCandidate, default);
        writer.AddUInt32((StunAttribute)0x7FFF, 1);
        writer.AddFingerprint();
        Assert.True(StunReader.TryRead(writer.Message, out var message));
        Assert.False(message.HasUseCandidate);
        Assert.Equal(0, message.CopyUnknownRequired(new ushort[4]));
        Assert.True(message.VerifyMessageIntegrity(Password));
        Assert.True(message.VerifyFingerprint());
    }

    [Fact]
    public void Unknown_attributes_that_must_be_understood_are_listed()
    {
        var writer = new StunWriter(new byte[200], StunClass.Request, StunMethod.Binding, SampleTransaction);
        writer.AddUInt32((StunAttribute)0x7FFE, 1);
        writer.AddUInt32((StunAttribute)0xFFFE, 1);
        writer.AddUInt32(StunAttribute.Priority, 1);
        writer.AddUInt32((StunAttribute)0x0077, 1);
        Assert.True(StunReader.TryRead(writer.Message, out var message));
        Span<ushort> unknown = stackalloc ushort[8];
        Assert.Equal(2, message.CopyUnknownRequired(unknown));
        Assert.Equal(0x7FFE, unknown[0]);
        Assert.Equal(0x0077, unknown[1]);
        Assert.Equal(1, message.CopyUnknownRequired(unknown[..1]));

        var answer = new StunWriter(new byte[200], StunClass.ErrorResponse, StunMethod.Binding, message.TransactionId);
        Assert.True(answer.AddErrorCode(420, "Unknown Attribute"u8));
        Assert.True(answer.AddUnknownAttributes(unknown[..2]));
        Assert.True(StunReader.TryRead(answer.Message, out message));
        Assert.True(message.TryGetErrorCode(out var code));
        Assert.Equal(420, code);
        Assert.True(message.TryGetAttribute(StunAttribute.UnknownAttributes, out var types));
        Assert.Equal("7FFE0077", Convert.ToHexString(types));
    }

    [Fact]
    public void Fingerprint_that_is_not_last_is_refused()
    {
        var writer = new StunWriter(new byte[200], StunClass.Request, StunMethod.Binding, SampleTransaction);
        writer.AddFingerprint();
        writer.AddUInt32(StunAttribute.Priority, 1);
        Assert.False(StunReader.TryRead(writer.Message, out _));
    }

    [Fact]
    public void Writer_without_room_says_so_and_stays_in_bounds()
    {
        for (var size = 0; size < 120; size++)
        {
            var writer = new StunWriter(new byte[size], StunClass.Request, StunMethod.Binding, SampleTransaction);
            writer.AddAttribute(StunAttribute.Username, "someone:else"u8);
            writer.AddXorMappedAddress(TransportAddress.FromIPv4(1, 1));
            writer.AddErrorCode(487, "Role Conflict"u8);
            writer.AddMessageIntegrity(Password);
            writer.AddFingerprint();
            Assert.Equal(size < 20 + 16 + 12 + 24 + 24 + 8, writer.Overflowed);
        }
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        foreach (var sample in new[] { SampleRequest, SampleIPv4Response, SampleIPv6Response, SampleLongTermRequest })
        {
            Seeded.Torment(sample, bytes =>
            {
                if (StunReader.TryRead(bytes, out var message))
                {
                    message.TryGetXorMappedAddress(out _);
                    message.TryGetErrorCode(out _);
                    message.TryGetUsername(out _);
                    message.TryGetPriority(out _);
                    message.TryGetIceControlled(out _);
                    message.CopyUnknownRequired(new ushort[3]);
                    message.VerifyMessageIntegrity(Password);
                    message.VerifyFingerprint();
                }
            });
        }
    }
}
