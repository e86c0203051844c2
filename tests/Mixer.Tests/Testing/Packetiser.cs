using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>Cuts coded frames into RTP packets, as a sender would.</summary>
public sealed class Packetiser(Codec codec, uint ssrc, uint timestampOffset = 0, int maxPayload = 1_100)
{
    /// <summary>The header extension's id where <see cref="Orientation"/> is said.</summary>
    public const byte OrientationExtension = 13;

    private SequenceNumber _sequence = new(65_500);

    /// <summary>The byte of 3GPP TS 26.114 §7.4.5 in the last packet of a frame; null says nothing.</summary>
    public byte? Orientation { get; set; }

    public uint TimestampOf(long timestampNs) => timestampOffset + (uint)(timestampNs * codec.ClockRate() / 1_000_000_000);

    public List<byte[]> Packetise(CodedFrame frame)
    {
        var payloads = codec switch
        {
            Codec.Opus => [frame.Data],
            Codec.Vp8 => Vp8(frame.Data),
            Codec.Vp9 => Vp9(frame.Data),
            Codec.H264 => H264(frame.Data),
            Codec.Av1 => Av1(frame.Data),
            _ => throw new InvalidOperationException(),
        };
        var packets = new List<byte[]>();
        for (var i = 0; i < payloads.Count; i++)
        {
            var packet = new byte[payloads[i].Length + 20];
            var isLast = i == payloads.Count - 1;
            var writer = new RtpPacketWriter(packet, codec == Codec.Opus || isLast, 96, _sequence, new(TimestampOf(frame.TimestampNs)), ssrc);
            Assert.True(!isLast || Orientation is not { } orientation || writer.AddExtension(OrientationExtension, [orientation]));
            Assert.True(writer.WritePayload(payloads[i]));
            packets.Add(packet[..writer.Length]);
            _sequence = _sequence.Next;
        }

        return packets;
    }

    private List<byte[]> Vp8(byte[] frame) =>
        frame.Chunk(maxPayload).Select((part, i) => (byte[])[(byte)(i == 0 ? 0x10 : 0), .. part]).ToList();

    private List<byte[]> Vp9(byte[] frame)
    {
        var inter = (frame[0] & 0x04) != 0 ? 0x40 : 0;
        var parts = frame.Chunk(maxPayload).ToList();
        return parts.Select((part, i) => (byte[])[(byte)(inter | (i == 0 ? 0x08 : 0) | (i == parts.Count - 1 ? 0x04 : 0)), .. part]).ToList();
    }

    private List<byte[]> H264(byte[] annexB)
    {
        var payloads = new List<byte[]>();
        foreach (var nal in Nals(annexB))
        {
            if (nal.Length <= maxPayload)
            {
                payloads.Add(nal);
                continue;
            }

            var parts = nal[1..].Chunk(maxPayload).ToList();
            payloads.AddRange(parts.Select((part, i) => (byte[])
            [
                (byte)((nal[0] & 0xE0) | H264NalType.FuA),
                (byte)((i == 0 ? 0x80 : 0) | (i == parts.Count - 1 ? 0x40 : 0) | (nal[0] & 0x1F)),
                .. part,
            ]));
        }

        return payloads;
    }

    private static IEnumerable<byte[]> Nals(byte[] bytes)
    {
        var start = -1;
        for (var i = 0; i + 2 < bytes.Length; i++)
        {
            if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1)
            {
                continue;
            }

            if (start >= 0)
            {
                yield return bytes[start..(bytes[i - 1] == 0 ? i - 1 : i)];
            }

            start = i + 3;
        }

        yield return bytes[start..];
    }

    /// <summary>W = 0: each element with its length; OBUs without size fields, as the payload format recommends; temporal delimiters left out.</summary>
    private List<byte[]> Av1(byte[] unit)
    {
        var obus = new List<byte[]>();
        for (var at = 0; at < unit.Length;)
        {
            var type = (unit[at] >> 3) & 0x0F;
            var header = (unit[at] & 4) != 0 ? 2 : 1;
            var (size, used) = Leb128(unit.AsSpan(at + header));
            if (type != Av1ObuType.TemporalDelimiter)
            {
                obus.Add([(byte)(unit[at] & ~2), .. unit.AsSpan(at + 1, header - 1), .. unit.AsSpan(at + header + used, size)]);
            }

            at += header + used + size;
        }

        var sequence = obus.Exists(o => ((o[0] >> 3) & 0x0F) == Av1ObuType.SequenceHeader);
        var payloads = new List<byte[]>();
        var elements = obus.SelectMany(o => o.Chunk(maxPayload).Select((part, i) => (Part: part, Continues: i > 0))).ToList();
        for (var i = 0; i < elements.Count; i++)
        {
            var next = i + 1 < elements.Count && elements[i + 1].Continues;
            var head = (elements[i].Continues ? 0x80 : 0) | (next ? 0x40 : 0) | 0x10 | (i == 0 && sequence ? 0x08 : 0);
            payloads.Add([(byte)head, .. elements[i].Part]);
        }

        return payloads;
    }

    private static (int Value, int Used) Leb128(ReadOnlySpan<byte> bytes)
    {
        var value = 0;
        for (var i = 0; ; i++)
        {
            value |= (bytes[i] & 0x7F) << (7 * i);
            if ((bytes[i] & 0x80) == 0)
            {
                return (value, i + 1);
            }
        }
    }
}
