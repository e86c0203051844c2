using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Client.Media;

/// <summary>Repeats the audio payload before in each one (RFC 2198 §3), as Chromium does by default.</summary>
public sealed class RedEncoder(byte payloadType)
{
    /// <summary>F and type 1 + timestamp offset and length 3.</summary>
    private const int OlderHeaderBytes = 4;

    /// <summary>10 bits of length and 14 of timestamp offset.</summary>
    private const int MaxOlderBytes = 1_023, MaxOffset = 16_383;

    private readonly byte[] _last = new byte[MaxOlderBytes];
    private int _lastLength;
    private RtpTimestamp _lastTimestamp;

    /// <summary>Bytes that redundancy may add to a payload.</summary>
    public const int MaxGrowth = OlderHeaderBytes + 1 + MaxOlderBytes;

    /// <summary>Writes the payload with the one before; returns the length.</summary>
    /// <param name="payload">Of this packet.</param>
    /// <param name="timestamp">Of this packet.</param>
    /// <param name="destination">The payload and <see cref="MaxGrowth"/>.</param>
    public int Write(ReadOnlySpan<byte> payload, RtpTimestamp timestamp, Span<byte> destination)
    {
        var at = 0;
        var offset = timestamp.Value - _lastTimestamp.Value;
        var repeats = _lastLength > 0 && offset is > 0 and <= MaxOffset;
        if (repeats)
        {
            var packed = (offset << 10) | (uint)_lastLength;
            destination[0] = (byte)(0x80 | payloadType);
            destination[1] = (byte)(packed >> 16);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)packed);
            at = OlderHeaderBytes;
        }

        destination[at++] = payloadType;
        if (repeats)
        {
            _last.AsSpan(0, _lastLength).CopyTo(destination[at..]);
            at += _lastLength;
        }

        payload.CopyTo(destination[at..]);
        _lastLength = payload.Length <= MaxOlderBytes ? payload.Length : 0;
        payload[.._lastLength].CopyTo(_last);
        _lastTimestamp = timestamp;
        return at + payload.Length;
    }
}
