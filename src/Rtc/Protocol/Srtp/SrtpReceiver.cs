namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// Opens what the other side sent: estimates the index per SSRC, refuses replays, authenticates, and only then remembers.
/// A forged packet changes nothing. Owns its cipher. Not thread-safe.
/// </summary>
public sealed class SrtpReceiver : IDisposable
{
    /// <summary>Default limit of SSRCs: 16 published tracks of three layers fit (48), with 16 left for RTX and RTCP senders.</summary>
    public const int DefaultMaxStreams = 64;

    private const int InitialCapacity = 4;

    private readonly ISrtpCipher _cipher;
    private readonly int _maxStreams;
    private uint[] _ssrcs = new uint[InitialCapacity];
    private ReceiveState[] _states = new ReceiveState[InitialCapacity];
    private int _count;

    public SrtpReceiver(ISrtpCipher cipher, int maxStreams = DefaultMaxStreams)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxStreams, 1);
        _cipher = cipher;
        _maxStreams = maxStreams;
    }

    /// <summary>How many SSRCs have been authenticated and are remembered.</summary>
    public int StreamCount => _count;

    /// <summary>Opens one RTP packet in place. On false the bytes are undefined.</summary>
    /// <param name="packet">Exactly the received packet.</param>
    /// <param name="length">Of the plain packet.</param>
    /// <param name="reason">Why it is refused; None on true.</param>
    public bool TryUnprotectRtp(Span<byte> packet, out int length, out SrtpRefusal reason)
    {
        length = 0;
        if (!SrtpPacketLayout.TryReadRtpHeaderLength(packet, out var headerLength))
        {
            reason = SrtpRefusal.Malformed;
            return false;
        }

        if (packet.Length < headerLength + _cipher.RtpOverhead)
        {
            reason = SrtpRefusal.TooShort;
            return false;
        }

        var ssrc = SrtpPacketLayout.ReadRtpSsrc(packet);
        var sequence = SrtpPacketLayout.ReadSequence(packet);
        var state = Find(ssrc);
        if (state is null && _count == _maxStreams)
        {
            reason = SrtpRefusal.TooManyStreams;
            return false;
        }

        var window = state?.Rtp;
        var index = window is { Started: true } ? SrtpPacketLayout.EstimateIndex(window.Highest, sequence) : sequence;
        reason = window is null ? SrtpRefusal.None : window.Check(index);
        if (reason != SrtpRefusal.None)
        {
            return false;
        }

        if (!_cipher.TryUnprotectRtp(packet, headerLength, ssrc, index, out length))
        {
            reason = SrtpRefusal.NotAuthentic;
            return false;
        }

        (window ?? Add(ssrc).Rtp).Accept(index);
        return true;
    }

    /// <summary>Opens one compound RTCP packet in place. On false the bytes are undefined.</summary>
    public bool TryUnprotectRtcp(Span<byte> packet, out int length, out SrtpRefusal reason)
    {
        length = 0;
        if (packet.Length < SrtpProfileSizes.RtcpHeaderLength + _cipher.RtcpOverhead
            || !_cipher.TryReadRtcpIndex(packet, out var index, out var encrypted))
        {
            reason = SrtpRefusal.TooShort;
            return false;
        }

        if (packet[0] >> 6 != 2)
        {
            reason = SrtpRefusal.Malformed;
            return false;
        }

        if (!encrypted)
        {
            reason = SrtpRefusal.NotEncrypted;
            return false;
        }

        var ssrc = SrtpPacketLayout.ReadRtcpSsrc(packet);
        var state = Find(ssrc);
        if (state is null && _count == _maxStreams)
        {
            reason = SrtpRefusal.TooManyStreams;
            return false;
        }

        reason = state is null ? SrtpRefusal.None : state.Rtcp.Check(index);
        if (reason != SrtpRefusal.None)
        {
            return false;
        }

        if (!_cipher.TryUnprotectRtcp(packet, ssrc, index, out length))
        {
            reason = SrtpRefusal.NotAuthentic;
            return false;
        }

        (state ?? Add(ssrc)).Rtcp.Accept(index);
        return true;
    }

    /// <summary>
    /// Drops an SSRC that signalling has ended, to make room. Its old packets could be replayed from then on, so whoever
    /// demultiplexes must not route the SSRC any more.
    /// </summary>
    public bool Forget(uint ssrc)
    {
        var at = _ssrcs.AsSpan(0, _count).IndexOf(ssrc);
        if (at < 0)
        {
            return false;
        }

        _count--;
        _ssrcs[at] = _ssrcs[_count];
        _states[at] = _states[_count];
        _states[_count] = null!;
        return true;
    }

    public void Dispose() => _cipher.Dispose();

    // A vectorised scan of a few dozen words is faster than hashing.
    private ReceiveState? Find(uint ssrc)
    {
        var at = _ssrcs.AsSpan(0, _count).IndexOf(ssrc);
        return at < 0 ? null : _states[at];
    }

    private ReceiveState Add(uint ssrc)
    {
        if (_count == _ssrcs.Length)
        {
            Array.Resize(ref _ssrcs, _count * 2);
            Array.Resize(ref _states, _count * 2);
        }

        var state = new ReceiveState();
        _ssrcs[_count] = ssrc;
        _states[_count] = state;
        _count++;
        return state;
    }

    private sealed class ReceiveState
    {
        public readonly ReplayWindow Rtp = new();
        public readonly ReplayWindow Rtcp = new();
    }
}
