using System.Buffers.Binary;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// <see cref="IceLiteAgent"/>: strangers' bytes as they are, and what a peer may write that knows the password: the input's first byte tells
/// whether the message is signed before it is given to the agent.
/// </summary>
internal sealed class IceTarget : IFuzzTarget
{
    private const int SignatureLength = 24 + 8; // MESSAGE-INTEGRITY, FINGERPRINT

    private readonly IceCredentials _local = new("abcdefgh", "0123456789abcdefghijklmn");
    private readonly IceCredentials _remote = new("ijkl", "a remote password of 24!");
    private readonly byte[] _datagram = new byte[2_200];
    private readonly byte[] _response = new byte[256];

    public string Name => "ice";

    // A new agent for each input.
    public long AllocationLimit => 1_024;

    public IReadOnlyList<byte[]> Words { get; } = ["abcdefgh:ijkl"u8.ToArray(), [0, 0x25, 0, 0], [0x80, 0x29, 0, 8], [0x00, 0x06, 0, 13]];

    public IEnumerable<byte[]> Seeds => [Check(0), Check(1), Check(2)];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        var agent = new IceLiteAgent(_local, _remote, TimeSpan.FromSeconds(30));
        var length = Math.Min(input.Length - 1, _datagram.Length - SignatureLength);
        input.Slice(1, length).CopyTo(_datagram);
        if ((input[0] & 1) != 0)
        {
            length = Sign(length);
        }

        if ((input[0] & 2) != 0)
        {
            agent.Restart(new("mnopqrst", "nmlkjihgfedcba9876543210"), _remote);
        }

        var from = TransportAddress.FromIPv4(0x7F00_0001, 5_000);
        var room = _response.AsSpan(0, (input[0] & 4) != 0 ? 60 : 256);
        var result = agent.Handle(_datagram.AsSpan(0, length), from, MonotonicTime.FromMilliseconds(1), room, out var written);
        Demand.That(written <= room.Length, "A response fits its room.");
        Demand.That(result is IceCheckResult.Selected == agent.HasRemote, "The first authenticated check selects its address.");
        Demand.That(written == 0 || (StunReader.TryRead(room[..written], out var response) && response.VerifyFingerprint()), "A response is well-formed.");
        Demand.That(result != IceCheckResult.Ignored || written == 0, "What is ignored gets no answer.");

        // RFC 8489 §6.3.4: an answer to a stranger must not be a weapon. 2 is what a refused check of the smallest size costs.
        Demand.That(written <= 2 * Math.Max(length, 64), "An answer does not amplify.");
    }

    private int Sign(int length)
    {
        // Behind the header at least; a whole number of words.
        length = Math.Max(20, length & ~3);
        var message = _datagram.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], StunFormat.MagicCookie);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], (ushort)(length + 24 - 20));
        BinaryPrimitives.WriteUInt32BigEndian(message[length..], 0x0008_0014);
#pragma warning disable CA5350 // STUN's integrity is HMAC-SHA1.
        System.Security.Cryptography.HMACSHA1.HashData(_local.PwdBytes, message[..length], message.Slice(length + 4, 20));
#pragma warning restore CA5350
        length += 24;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], (ushort)(length + 8 - 20));
        BinaryPrimitives.WriteUInt32BigEndian(message[length..], 0x8028_0004);
        BinaryPrimitives.WriteUInt32BigEndian(message[(length + 4)..], Crc(message[..length]) ^ 0x5354_554E);
        return length + 8;
    }

    // RFC 8489 §14.7, bit by bit: a second opinion on the table that the product uses.
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static byte[] Check(byte mode)
    {
        var buffer = new byte[256];
        var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, "transaction!"u8);
        writer.AddAttribute(StunAttribute.Username, "abcdefgh:ijkl"u8);
        writer.AddUInt32(StunAttribute.Priority, 0x6E00_1EFF);
        writer.AddUInt64(StunAttribute.IceControlling, 0x0123_4567_89AB_CDEF);
        writer.AddAttribute(StunAttribute.UseCandidate, []);
        if (mode != 1)
        {
            writer.AddMessageIntegrity("0123456789abcdefghijklmn"u8);
            writer.AddFingerprint();
        }

        return [mode, .. writer.Message];
    }
}
