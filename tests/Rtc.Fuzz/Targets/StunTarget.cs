using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="StunReader"/> with every getter and both checks.</summary>
internal sealed class StunTarget : IFuzzTarget
{
    internal static readonly byte[] Password = "0123456789abcdefghijklmn"u8.ToArray();

    private static readonly StunAttribute[] Attributes = Enum.GetValues<StunAttribute>();

    public string Name => "stun";

    public long AllocationLimit => 0;

    public int MaxLength => 2_100;

    public IReadOnlyList<byte[]> Words { get; } =
        [.. Attributes.Select(a => (byte[])[(byte)((int)a >> 8), (byte)a, 0, 4]), [0x21, 0x12, 0xA4, 0x42]];

    public IEnumerable<byte[]> Seeds =>
    [
        Write(StunClass.Request, true),
        Write(StunClass.SuccessResponse, true),
        Write(StunClass.ErrorResponse, true),
        Write(StunClass.Indication, false),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!StunReader.TryRead(input, out var message))
        {
            return;
        }

        Span<ushort> unknown = stackalloc ushort[8];
        Demand.That(message.TransactionId.Length == StunFormat.TransactionIdLength, "A transaction id has 12 bytes.");
        Demand.That(message.CopyUnknownRequired(unknown) <= unknown.Length, "No more types are counted than fit.");
        foreach (var attribute in Attributes)
        {
            _ = message.TryGetAttribute(attribute, out _);
        }

        _ = message.HasUseCandidate;
        _ = message.TryGetUsername(out _);
        _ = message.TryGetPriority(out _);
        _ = message.TryGetIceControlling(out _);
        _ = message.TryGetIceControlled(out _);
        _ = message.TryGetXorMappedAddress(out _);
        Demand.That(!message.TryGetErrorCode(out var code) || code is >= 300 and <= 699, "Error codes lie in 300…699.");
        Demand.That(!message.VerifyFingerprint() || message.HasFingerprint, "What is verified is there.");
        Demand.That(!message.VerifyMessageIntegrity(Password) || message.HasMessageIntegrity, "What is verified is there.");
    }

    private static byte[] Write(StunClass kind, bool secure)
    {
        var buffer = new byte[512];
        var writer = new StunWriter(buffer, kind, StunMethod.Binding, "transaction!"u8);
        switch (kind)
        {
            case StunClass.Request:
                writer.AddAttribute(StunAttribute.Username, "abcdefgh:ijkl"u8);
                writer.AddUInt32(StunAttribute.Priority, 0x6E00_1EFF);
                writer.AddUInt64(StunAttribute.IceControlling, 0x0123_4567_89AB_CDEF);
                writer.AddUInt32(StunAttribute.NetworkCost, 10);
                writer.AddAttribute(StunAttribute.UseCandidate, []);
                break;
            case StunClass.SuccessResponse:
                writer.AddXorMappedAddress(TransportAddress.FromIPv4(0x7F00_0001, 5_000));
                writer.AddXorMappedAddress(TransportAddress.FromIPv6("sixteen bytes ok"u8, 5_000));
                break;
            case StunClass.ErrorResponse:
                writer.AddErrorCode(420, "Unknown Attribute"u8);
                writer.AddUnknownAttributes([0x7FFF, 0x0030]);
                break;
        }

        if (secure)
        {
            writer.AddMessageIntegrity(Password);
            writer.AddFingerprint();
        }

        return writer.Message.ToArray();
    }
}
