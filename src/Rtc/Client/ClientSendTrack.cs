using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>One track that the client publishes: its numbering, counters and the packets kept for retransmission.</summary>
public sealed class ClientSendTrack
{
    // Below 2^15, so that a receiver that misses the first packets guesses roll-over counter 0 (RFC 3711 §3.3.1).
    private const int FirstSequenceLimit = 0x8000;

    private readonly byte[]?[] _kept;
    private readonly int[] _keptLengths;
    private readonly ushort[] _keptSequences;
    private SrtpSendStream? _stream;
    private SrtpSendStream? _rtxStream;
    private ushort _rtxSequence;

    internal ClientSendTrack(ClientMedia media, int retransmitPackets)
    {
        Media = media;
        Mid = Encoding.ASCII.GetBytes(media.Mid);
        Cname = Encoding.ASCII.GetBytes(media.Cname);
        Rid = Encoding.ASCII.GetBytes(media.Rid ?? "");
        var kept = media.Nack ? retransmitPackets : 0;
        _kept = new byte[]?[kept];
        _keptLengths = new int[kept];
        _keptSequences = new ushort[kept];
        Red = media.RedPayloadType == 0 ? null : new RedEncoder(media.PayloadType);
        NextSequence = (ushort)RandomNumberGenerator.GetInt32(FirstSequenceLimit);
        _rtxSequence = (ushort)RandomNumberGenerator.GetInt32(FirstSequenceLimit);
    }

    public ClientMedia Media { get; }

    public ushort NextSequence { get; internal set; }

    public uint PacketCount { get; private set; }

    /// <summary>Payload bytes.</summary>
    public uint OctetCount { get; private set; }

    public long Retransmitted { get; private set; }

    /// <summary>Requested packets that were kept no longer.</summary>
    public long NotKept { get; private set; }

    internal byte[] Mid { get; }

    internal byte[] Cname { get; }

    /// <summary>Empty without simulcast.</summary>
    internal byte[] Rid { get; }

    /// <summary>Null: without redundancy.</summary>
    internal RedEncoder? Red { get; }

    internal RtpTimestamp LastTimestamp { get; private set; }

    internal MonotonicTime LastSentAt { get; private set; }

    internal MonotonicTime NextReport { get; set; } = MonotonicTime.Never;

    internal SrtpSendStream Stream(SrtpSender sender) => _stream ??= sender.OpenStream(Media.Ssrc);

    internal SrtpSendStream RtxStream(SrtpSender sender) => _rtxStream ??= sender.OpenStream(Media.RtxSsrc);

    internal void Sent(RtpTimestamp timestamp, int payloadLength, MonotonicTime now)
    {
        if (PacketCount == 0)
        {
            // The first report follows the first packet at once: a recorder aligns audio and video by it.
            NextReport = now;
        }

        PacketCount++;
        OctetCount += (uint)payloadLength;
        if (PacketCount == 1 || timestamp != LastTimestamp)
        {
            // Of a picture's packets the first is the one that was sent when it was captured: the others are paced.
            LastTimestamp = timestamp;
            LastSentAt = now;
        }
    }

    internal void Keep(ReadOnlySpan<byte> plainPacket, ushort sequence)
    {
        if (_kept.Length == 0)
        {
            return;
        }

        var slot = sequence % _kept.Length;
        var buffer = _kept[slot] ??= new byte[ClientPeer.MaxDatagram];
        plainPacket.CopyTo(buffer);
        _keptLengths[slot] = plainPacket.Length;
        _keptSequences[slot] = sequence;
    }

    internal bool TryGetKept(ushort sequence, out ReadOnlySpan<byte> plainPacket)
    {
        plainPacket = default;
        if (_kept.Length == 0)
        {
            return false;
        }

        var slot = sequence % _kept.Length;
        if (_kept[slot] is not { } buffer || _keptSequences[slot] != sequence)
        {
            NotKept++;
            return false;
        }

        plainPacket = buffer.AsSpan(0, _keptLengths[slot]);
        Retransmitted++;
        return true;
    }

    /// <summary>The RTP time of <paramref name="now"/>, extrapolated from the last packet (RFC 3550 §6.4.1).</summary>
    internal RtpTimestamp TimestampAt(MonotonicTime now) =>
        LastTimestamp + (uint)((now.Nanoseconds - LastSentAt.Nanoseconds) / 1_000 * Media.ClockRate / 1_000_000);

    internal ushort TakeRtxSequence() => _rtxSequence++;
}
