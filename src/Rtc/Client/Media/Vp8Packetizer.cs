namespace Events.Rtc.Client.Media;

/// <summary>Cuts VP8 frames into RTP payloads (RFC 7741): a payload descriptor with a 15-bit picture id, then a run of the frame's bytes.</summary>
public sealed class Vp8Packetizer
{
    /// <summary>Required octet, extension octet and two octets of picture id (RFC 7741 §4.2).</summary>
    public const int DescriptorLength = 4;

    /// <summary>
    /// Payload that leaves a 1,200-byte datagram room for 12 bytes of RTP header, 24 of extensions, 16 of tag or RTX's 2: 1,200 − 12 − 24 − 16 − 2 ≈ 1,146,
    /// rounded down.
    /// </summary>
    public const int DefaultMaxPayload = 1_100;

    private const int PictureIdMask = 0x7FFF;

    private readonly int _maxPayload;
    private int _pictureId;

    /// <param name="maxPayload">Largest RTP payload in bytes, descriptor included.</param>
    /// <param name="firstPictureId">Where the picture ids start; only the low 15 bits count.</param>
    public Vp8Packetizer(int maxPayload = DefaultMaxPayload, int firstPictureId = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxPayload, DescriptorLength);
        _maxPayload = maxPayload;
        _pictureId = firstPictureId & PictureIdMask;
    }

    /// <summary>Begins the next frame: takes the next picture id.</summary>
    public Vp8Fragments Split(ReadOnlySpan<byte> frame)
    {
        var fragments = new Vp8Fragments(frame, (ushort)_pictureId, _maxPayload);
        _pictureId = (_pictureId + 1) & PictureIdMask;
        return fragments;
    }
}

/// <summary>The payloads of one frame, of nearly equal size so that a burst of them suits segmentation offload.</summary>
public ref struct Vp8Fragments
{
    private readonly ushort _pictureId;
    private readonly int _chunk;
    private ReadOnlySpan<byte> _rest;
    private bool _first;

    internal Vp8Fragments(ReadOnlySpan<byte> frame, ushort pictureId, int maxPayload)
    {
        var room = maxPayload - Vp8Packetizer.DescriptorLength;
        var count = Math.Max(1, (frame.Length + room - 1) / room);
        _chunk = (frame.Length + count - 1) / count;
        _pictureId = pictureId;
        _rest = frame;
        _first = true;
    }

    /// <summary>Writes the next payload; false when the frame is done or <paramref name="destination"/> is too small.</summary>
    /// <param name="destination">At least the packetizer's largest payload.</param>
    /// <param name="length">Bytes written.</param>
    /// <param name="last">True on the frame's last payload: its packet carries the marker bit (RFC 7741 §4.1).</param>
    public bool TryNext(scoped Span<byte> destination, out int length, out bool last)
    {
        length = 0;
        last = false;
        var take = Math.Min(_chunk, _rest.Length);
        if (take == 0 || destination.Length < take + Vp8Packetizer.DescriptorLength)
        {
            return false;
        }

        const byte ExtensionPresent = 0x80, StartOfPartition = 0x10, PictureIdPresent = 0x80, FifteenBits = 0x80;
        // The frame is sent as if it were one partition, which RFC 7741 §4.4 permits: S only on its first packet.
        destination[0] = _first ? (byte)(ExtensionPresent | StartOfPartition) : ExtensionPresent;
        destination[1] = PictureIdPresent;
        destination[2] = (byte)(FifteenBits | (_pictureId >> 8));
        destination[3] = (byte)_pictureId;
        _rest[..take].CopyTo(destination[Vp8Packetizer.DescriptorLength..]);
        _rest = _rest[take..];
        _first = false;
        length = take + Vp8Packetizer.DescriptorLength;
        last = _rest.IsEmpty;
        return true;
    }
}
