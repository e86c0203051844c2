using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// <see cref="SrtpReceiver"/> over libcrypto and over .NET: both say the same of every packet, and neither takes one that was not sent.
/// Each input gets new ciphers, so that one that is not freed shows as native memory.
/// </summary>
internal sealed class SrtpTarget(SrtpProfile profile, string name) : IFuzzTarget
{
    private static readonly byte[] Key = "sixteen byte key"u8.ToArray();

    private readonly byte[] _salt = new byte[profile.SaltLength()];
    private readonly List<byte[]> _sent = [];
    private readonly byte[] _native = new byte[1_600];
    private readonly byte[] _managed = new byte[1_600];

    public string Name { get; } = name;

    public long AllocationLimit => 64 * 1_024;

    public IEnumerable<byte[]> Seeds
    {
        get
        {
            using var sender = new SrtpSender(Cipher(EvpSrtpCipherFactory.Instance));
            foreach (var payload in (int[])[0, 1, 160, 1_100])
            {
                var stream = sender.OpenStream(0x1234_5678 + (uint)payload);
                var buffer = new byte[1_500];
                var writer = new RtpPacketWriter(buffer, true, 96, new(1_000), new(90_000), stream.Ssrc);
                writer.AddExtension(1, [1, 2, 3]);
                writer.FinishHeader();
                writer.WritePayload(new byte[payload]);
                yield return Remember(buffer[..sender.ProtectRtp(stream, buffer, writer.Length)]);
            }

            var compound = new byte[1_500];
            var rtcp = new RtcpWriter(compound);
            rtcp.WriteReceiverReport(1);
            rtcp.WriteNack(1, 2, [1, 2, 3]);
            yield return Remember(compound[..sender.ProtectRtcp(compound, rtcp.Length)]);
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        using var native = new SrtpReceiver(Cipher(EvpSrtpCipherFactory.Instance));
        using var managed = new SrtpReceiver(Cipher(ManagedSrtpCipherFactory.Instance));
        input.CopyTo(_native);
        input.CopyTo(_managed);
        var isRtp = PacketDemux.Classify(input) == PacketKind.Rtp;
        var (taken, length, reason) = Open(native, _native.AsSpan(0, input.Length), isRtp);
        var second = Open(managed, _managed.AsSpan(0, input.Length), isRtp);
        Demand.That((taken, length, reason) == second, $"Both ciphers agree: {(taken, length, reason)} and {second}.");
        if (!taken)
        {
            return;
        }

        Demand.That(length <= input.Length && _native.AsSpan(0, length).SequenceEqual(_managed.AsSpan(0, length)), "Both ciphers open the same.");
        var isKnown = false;
        foreach (var sent in _sent)
        {
            isKnown |= input.SequenceEqual(sent);
        }

        Demand.That(isKnown, "Only what was sent is authentic.");
        input.CopyTo(_native);
        Demand.That(!Open(native, _native.AsSpan(0, input.Length), isRtp).Taken, "Nothing is taken twice.");
    }

    private static (bool Taken, int Length, SrtpRefusal Reason) Open(SrtpReceiver receiver, Span<byte> packet, bool isRtp)
    {
        int length;
        SrtpRefusal reason;
        var taken = isRtp ? receiver.TryUnprotectRtp(packet, out length, out reason) : receiver.TryUnprotectRtcp(packet, out length, out reason);
        return (taken, taken ? length : 0, reason);
    }

    private ISrtpCipher Cipher(ISrtpCipherFactory factory) => factory.Create(profile, Key, _salt);

    private byte[] Remember(byte[] packet)
    {
        _sent.Add(packet);
        return packet;
    }
}
